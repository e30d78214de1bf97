import { expect, test } from "bun:test";
import { FakeChat } from "../../../test/fake-chat.ts";
import { systemClock } from "../../base/clock.ts";
import { WAITING_FRAMES_MAX } from "../../base/limits.ts";
import { silentLogger } from "../../base/logger.ts";
import { decodeFrame } from "../../protocol/codec.ts";
import { RequestRunner } from "./request-runner.ts";
import { SlicedTopics } from "./sliced-topics.ts";
import { type PrimSocket, WebSocketConnection } from "./websocket-connection.ts";

test("RequestRunner answers what waits behind a login in order, and refuses one frame more than may wait", async () => {
  const { chat } = new FakeChat();
  const runner = new RequestRunner(chat, silentLogger);
  const topics = new SlicedTopics({ publish: () => 0, subscriberCount: () => 0 }, systemClock);
  const connection = new WebSocketConnection(topics, 1_024);
  const answers: { seq: string; response: { code: number } }[] = [];
  const socket = {
    send: (frame: string) => answers.push(JSON.parse(frame)),
    subscribe: () => {},
    getBufferedAmount: () => 0,
  };
  connection.attach(socket as unknown as PrimSocket, chat.connect(connection));
  const take = (seq: string, action: string, data: object) =>
    runner.take(connection, decodeFrame(JSON.stringify({ seq, action, data })));

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
