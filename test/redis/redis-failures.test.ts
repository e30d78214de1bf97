/** What becomes of messages when Redis restarts, forgets, is full, is slow or may not be written. */
import { afterEach, expect, test } from "bun:test";
import {
  ann,
  bob,
  channel,
  lobby,
  offsetsOf,
  readAll,
  refusalOf,
  send,
  upTo,
} from "../contract/store-bed.ts";
import { eventually, within } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { addressOf, keepingLogger, RedisBed } from "./redis-bed.ts";
import { RedisServer, type RedisServerOptions } from "./redis-server.ts";

/** Longer than any wait here: a repeat is a repeat. */
const WINDOW_MS = 600_000;
const REFUSED = { name: "PrimError", code: "unavailable", reason: "STORE_FAILED" };

describeWith("redis-server", "RedisStore when Redis fails", () => {
  const bed = new RedisBed();
  const servers: RedisServer[] = [];
  const start = async (options: RedisServerOptions = {}) => {
    const server = await RedisServer.start(options);
    servers.push(server);
    return server;
  };
  afterEach(async () => {
    await bed.clear();
    for (const server of servers.splice(0)) await server.stop();
  });

  test("scripts that Redis forgets are told again, and no order changes", async () => {
    const server = await start();
    const { store } = await bed.open(addressOf(server));
    const order: number[] = [];
    const sends: Promise<unknown>[] = [];
    for (let n = 1; n <= 300; n++) {
      sends.push(send(store, lobby, { msg: String(n) }).then(({ receipt }) => order.push(receipt.offset)));
      if (n % 10 === 0) await server.admin.script("FLUSH");
    }
    await Promise.all(sends);
    expect(order).toEqual(upTo(300));
    await server.admin.script("FLUSH");
    expect(offsetsOf(await readAll(store, lobby))).toEqual(upTo(300));
    expect(await store.mark(lobby, ann, await store.join(lobby))).toBe(0);
  });

  test("Redis that comes back empty has new epochs, and whoever listens is told that it is back", async () => {
    const server = await start();
    const { store, connection } = await bed.open(addressOf(server));
    const heard: string[] = [];
    const back = Promise.withResolvers<void>();
    connection.onLost(() => heard.push("lost"));
    connection.onBack(() => {
      heard.push("back");
      back.resolve();
    });
    const { receipt } = await send(store, lobby);
    const nobody = await store.join(channel("room:empty"));
    expect(nobody.epoch).toBe(receipt.epoch);
    await server.kill9();
    await server.restart();
    await within(back.promise, "the connection to be back");
    expect(heard).toEqual(["lost", "back"]);
    const head = await store.join(lobby);
    expect(head.offset).toBe(0);
    expect(head.epoch).not.toBe(receipt.epoch);
    expect((await send(store, lobby)).receipt).toMatchObject({ epoch: head.epoch, offset: 1 });
  });

  test("Redis that comes back with its append-only file has lost nothing", async () => {
    const server = await start({ config: ["appendonly yes", "appendfsync always"] });
    const { store } = await bed.open(addressOf(server), { store: { countMax: 5_000 } });
    const numbers = upTo(2_000);
    const texts = numbers.map(String);
    const answered = new Map<string, number>();
    const sendAll = () =>
      Promise.allSettled(
        texts.map(async (text) => {
          const { receipt } = await send(store, lobby, { seq: text, msg: text });
          answered.set(text, receipt.offset);
        }),
      );
    const first = sendAll();
    await eventually(
      () => answered.size,
      (size) => size > 0,
      "the first answers",
    );
    await server.kill9();
    const before = new Map(answered);
    await server.restart();
    await first;
    await sendAll();
    const messages = await readAll(store, lobby);
    expect(messages.map(({ msg }) => Number(msg)).toSorted((a, b) => a - b)).toEqual(numbers);
    expect(offsetsOf(messages)).toEqual(numbers);
    for (const [text, offset] of before) expect(messages[offset - 1]?.msg).toBe(text);
    expect(new Set(messages.map(({ epoch }) => epoch)).size).toBe(1);
  });

  test("Redis without memory refuses messages as a whole, and still lets go of interest", async () => {
    const server = await start();
    const { store, connection } = await bed.open(addressOf(server));
    const [other] = await Promise.all([
      bed.open(addressOf(server), { connection: { keyPrefix: connection.keyPrefix } }),
      store.join(lobby),
      send(store, lobby, { seq: "1" }),
    ]);
    await server.admin.config("SET", "maxmemory", 1);
    const refusals = await Promise.all([
      refusalOf(send(store, lobby, { seq: "2" })),
      refusalOf(send(store, channel("room:new"))),
      refusalOf(store.join(channel("room:new"))),
      refusalOf(
        store.mark(lobby, ann, await store.join(lobby).catch(() => ({ epoch: "x", offset: 1 }) as never)),
      ),
      store.leave(lobby).then(() => REFUSED),
    ]);
    for (const refusal of refusals) expect(refusal).toMatchObject(REFUSED);
    expect(String(refusals[0])).toContain("OOM");
    expect(await other.store.interested(lobby)).toEqual([]);
    await store.leave(channel("room:new"));
    expect(offsetsOf(await readAll(store, lobby))).toEqual([1]);
    await server.admin.config("SET", "maxmemory", 0);
    expect(await server.admin.keys(`${connection.keyPrefix}{room:new}*`)).toEqual([]);
    const answers = await Promise.all([
      send(store, lobby, { seq: "2" }),
      send(store, lobby, { seq: "1" }),
      send(store, channel("room:new")),
    ]);
    expect(answers.map(({ receipt, repeated }) => [receipt.offset, repeated])).toEqual([
      [2, false],
      [1, true],
      [1, false],
    ]);
  });

  test("Redis that became a replica refuses messages, says so in the log, and is asked by a new connection", async () => {
    const server = await start();
    const { log, lines } = keepingLogger();
    const { store } = await bed.open(addressOf(server), { connection: { log } });
    await send(store, lobby);
    await server.admin.replicaof("127.0.0.1", 1);
    const refusal = await refusalOf(send(store, lobby, { msg: "refused" }));
    expect(refusal).toMatchObject(REFUSED);
    expect(String(refusal)).toContain("READONLY");
    await eventually(
      () => lines,
      (all) => all.some((line) => line.startsWith("redis connection lost") && line.includes("READONLY")),
      "a line that says why",
    );
    await server.admin.replicaof("NO", "ONE");
    const sent = await eventually(
      () => send(store, lobby, { msg: "taken" }).catch(() => undefined),
      (answer) => answer !== undefined,
      "Redis to take messages again",
    );
    expect(sent?.receipt.offset).toBe(2);
  });

  test("Redis that is slow: what is refused in time and sent again is there once, and what was answered is there", async () => {
    const server = await start();
    const { store, connection } = await bed.open(addressOf(server), { connection: { callTimeoutMs: 300 } });
    const back = Promise.withResolvers<void>();
    connection.onBack(() => back.resolve());
    await send(store, lobby, { seq: "0", msg: "0" });
    await server.admin.call("CLIENT", "PAUSE", 500, "ALL");
    const startedAt = performance.now();
    const first = await Promise.allSettled(
      upTo(500).map((n) => send(store, lobby, { seq: String(n), msg: String(n) })),
    );
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(first.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
    await within(back.promise, "the news that Redis answers again");
    const again = await Promise.all(
      upTo(500).map((n) => send(store, lobby, { seq: String(n), msg: String(n) })),
    );
    const messages = await readAll(store, lobby);
    expect(messages.map(({ msg }) => Number(msg)).toSorted((a, b) => a - b)).toEqual(upTo(500, 0));
    for (const [index, outcome] of first.entries()) {
      if (outcome.status === "fulfilled") expect(again[index]?.receipt).toEqual(outcome.value.receipt);
    }
    // At least the call that was under way was executed after it had been refused.
    expect(again.some(({ repeated }) => repeated)).toBe(true);
    expect(connection.underWay).toBe(0);
  });

  test("Redis that does not answer for long is left, and found again", async () => {
    const server = await start();
    const { log, lines } = keepingLogger();
    const { store, connection } = await bed.open(addressOf(server), {
      connection: { callTimeoutMs: 100, log },
    });
    await send(store, lobby, { seq: "1", from: bob });
    server.signal("SIGSTOP");
    await eventually(
      () => send(store, lobby, { seq: "2" }, WINDOW_MS).catch(() => connection.isUp),
      (isUp) => isUp === false,
      "the connection to be given up",
    );
    server.signal("SIGCONT");
    const sent = await eventually(
      () => send(store, lobby, { seq: "2" }, WINDOW_MS).catch(() => undefined),
      (answer) => answer !== undefined,
      "Redis to answer again",
    );
    expect(sent?.receipt.offset).toBe(2);
    expect(lines.filter((line) => line.startsWith("redis connection")).length).toBeGreaterThanOrEqual(2);
  });
});
