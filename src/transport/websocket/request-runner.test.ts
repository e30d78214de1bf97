import { expect, test } from "bun:test";
import { FakeChat, lobby } from "../../../test/fake-chat.ts";
import { systemClock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import { WAITING_FRAMES_MAX } from "../../base/limits.ts";
import { silentLogger } from "../../base/logger.ts";
import { decodeFrame } from "../../protocol/codec.ts";
import { RequestRunner } from "./request-runner.ts";
import { SlicedTopics } from "./sliced-topics.ts";
import { type PrimSocket, WebSocketConnection } from "./websocket-connection.ts";

/** A connection whose socket notes what it is sent, and how it is closed. */
function open({ chat }: FakeChat) {
  const runner = new RequestRunner(chat, silentLogger);
  const topics = new SlicedTopics({ publish: () => 0, subscriberCount: () => 0 }, systemClock);
  const connection = new WebSocketConnection(topics, 1_024);
  const answers: { seq: string; response: { code: number } }[] = [];
  const closed = Promise.withResolvers<[code: number, text: string]>();
  const socket = {
    send: (frame: string) => answers.push(JSON.parse(frame)),
    subscribe: () => {},
    getBufferedAmount: () => 0,
    subscriptions: [],
    close: (code: number, text: string) => closed.resolve([code, text]),
  };
  connection.attach(socket as unknown as PrimSocket, chat.connect(connection));
  const take = (seq: string, action: string, data: object) =>
    runner.take(connection, decodeFrame(JSON.stringify({ seq, action, data })));
  return { take, answers, closed: closed.promise };
}

test("RequestRunner answers what waits behind a login in order, and refuses one frame more than may wait", async () => {
  const { take, answers } = open(new FakeChat());
  take("login", "login", { userId: "ann", appPlatform: 101 });
  for (let count = 1; count <= WAITING_FRAMES_MAX + 1; count += 1) take(String(count), "heartbeat", {});
  expect(answers.map(({ seq, response }) => [seq, response.code])).toEqual([
    [String(WAITING_FRAMES_MAX + 1), 1011],
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  const rest = answers.slice(1);
  expect(rest.map(({ seq }) => seq)).toEqual([
    "login",
    ...Array.from({ length: WAITING_FRAMES_MAX }, (_, n) => String(n + 1)),
  ]);
  expect(new Set(rest.map(({ response }) => response.code))).toEqual(new Set([200]));
});

for (const [name, failure, close] of [
  [
    "says that it can come again, when the store went away",
    new PrimError("unavailable", "Cannot use the store: away"),
    [1013, "the store is away, reconnect"],
  ],
  ["owns up to a bug", new Error("Bug"), [1011, "internal error, reconnect"]],
] as const) {
  test(`RequestRunner ends a session that would miss messages, and ${name}`, async () => {
    let reads = 0;
    const world = new FakeChat({
      wrap: (store) =>
        new Proxy(store, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== "function") return value;
            // The first looks whether the client can resume.
            if (name === "read" && ++reads > 1) return () => Promise.reject(failure);
            return value.bind(target);
          },
        }),
    });
    const bob = await world.login("bob");
    const { epoch } = await world.say(bob, "1", "one");
    await world.say(bob, "2", "two");
    const { take, answers, closed } = open(world);
    const positions = [{ channel: lobby, epoch, offset: 1 }];
    take("login", "login", { userId: "ann", appPlatform: 101, positions });
    expect(await closed).toEqual([...close]);
    expect(answers.map(({ response }) => response.code)).toEqual([200]);
  });
}
