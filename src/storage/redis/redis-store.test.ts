import { afterEach, expect, test } from "bun:test";
import { testStore } from "../../../test/contract/channel-log.ts";
import {
  ann,
  channel,
  lobby,
  offsetsOf,
  readAll,
  send,
  textsOf,
  upTo,
} from "../../../test/contract/store-bed.ts";
import { FakeClock } from "../../../test/fake-clock.ts";
import { describeWith } from "../../../test/parts.ts";
import { addressOf, newPrefix, RedisBed } from "../../../test/redis/redis-bed.ts";
import { sharedRedisServer } from "../../../test/redis/redis-server.ts";
import { CHANNEL_FORGET_LAG_MS, MSG_ID_WINDOW_MS, SEND_WINDOW_MS } from "../../base/limits.ts";

describeWith("redis-server", "RedisStore", () => {
  const server = sharedRedisServer();
  const bed = new RedisBed();
  afterEach(() => bed.clear());

  /** Stores of several nodes on the same keys. */
  async function openNodes(count: number, clocks: readonly FakeClock[] = []) {
    const connection = { keyPrefix: newPrefix() };
    const address = addressOf(await server());
    return Promise.all(
      upTo(count).map((n) =>
        bed.open(address, { connection, store: { clock: clocks[n - 1] ?? new FakeClock() } }),
      ),
    );
  }

  testStore("RedisStore on one server", async (store) => {
    const opened = await bed.open(addressOf(await server()), { store });
    return { store: opened.store, clear: () => opened.connection.close() };
  });

  test("append() and interested() name the other nodes that joined and have not left", async () => {
    const [one, two, three] = await openNodes(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error("Three nodes");
    await Promise.all([one, two, three].map(({ store }) => store.join(lobby)));
    expect((await send(one.store, lobby)).nodes.toSorted()).toEqual([two.nodeId, three.nodeId].toSorted());
    expect((await two.store.interested(lobby)).toSorted()).toEqual([one.nodeId, three.nodeId].toSorted());
    await three.store.leave(lobby);
    expect((await send(one.store, lobby)).nodes).toEqual([two.nodeId]);
    await two.store.leave(lobby);
    expect((await send(two.store, lobby)).nodes).toEqual([one.nodeId]);
    expect(await one.store.interested(lobby)).toEqual([]);
    expect((await send(one.store, channel("room:other"))).nodes).toEqual([]);
  });

  test("join(), leave() and append() of one turn take effect in the order of the calls", async () => {
    const [one, two] = await openNodes(2);
    if (one === undefined || two === undefined) throw new Error("Two nodes");
    const joined: Promise<unknown>[] = [];
    for (let n = 0; n < 20; n++) joined.push(one.store.join(lobby), one.store.leave(lobby));
    joined.push(one.store.join(lobby));
    await Promise.all(joined);
    expect(await two.store.interested(lobby)).toEqual([one.nodeId]);
    const [before, , after] = await Promise.all([
      one.store.join(channel("room:2")),
      send(one.store, channel("room:2")),
      one.store.join(channel("room:2")),
    ]);
    expect([before.offset, after.offset]).toEqual([0, 1]);
  });

  test("append() gives all nodes offsets of one row, and recognises a repeat through another node", async () => {
    const [one, two] = await openNodes(2);
    if (one === undefined || two === undefined) throw new Error("Two nodes");
    const answers = await Promise.all(upTo(400).map((n) => send(n % 2 === 0 ? one.store : two.store, lobby)));
    expect(answers.map(({ receipt }) => receipt.offset).toSorted((a, b) => a - b)).toEqual(upTo(400));
    expect(offsetsOf(await readAll(one.store, lobby))).toEqual(upTo(400));
    const first = await send(one.store, lobby, { seq: "1" });
    expect(await send(two.store, lobby, { seq: "1" })).toMatchObject({
      receipt: first.receipt,
      repeated: true,
    });
  });

  test("append() keeps times and repeats right when another node's clock is behind", async () => {
    const start = 1_700_000_000_000 - (1_700_000_000_000 % SEND_WINDOW_MS);
    const [ahead, behind] = await openNodes(2, [new FakeClock(start + 100), new FakeClock(start - 100)]);
    if (ahead === undefined || behind === undefined) throw new Error("Two nodes");
    const first = await send(ahead.store, lobby, { seq: "1" }, SEND_WINDOW_MS);
    expect((await send(behind.store, lobby, { seq: "2" }, SEND_WINDOW_MS)).receipt.sentAt).toBe(start + 100);
    const again = await send(behind.store, lobby, { seq: "1" }, SEND_WINDOW_MS);
    expect(again).toMatchObject({ receipt: first.receipt, repeated: true });
  });

  test("append() remembers sends of both windows for as long as they last, and no longer", async () => {
    const clock = new FakeClock();
    const [node] = await openNodes(1, [clock]);
    if (node === undefined) throw new Error("One node");
    const repeated = async (seq: string, windowMs: number) =>
      (await send(node.store, lobby, { seq }, windowMs)).repeated;
    await repeated("short", SEND_WINDOW_MS);
    await repeated("long", MSG_ID_WINDOW_MS);
    clock.advance(SEND_WINDOW_MS - 1);
    expect(await repeated("short", SEND_WINDOW_MS)).toBe(true);
    clock.advance(MSG_ID_WINDOW_MS - SEND_WINDOW_MS);
    expect(await repeated("long", SEND_WINDOW_MS)).toBe(true);
    clock.advance(1);
    expect(await repeated("long", SEND_WINDOW_MS)).toBe(false);
    expect(await repeated("short", SEND_WINDOW_MS)).toBe(false);
  });

  test("a channel nobody has written to takes one small key, and none when the last node has left", async () => {
    const keyPrefix = newPrefix();
    const { admin } = await server();
    const { store } = await bed.open(addressOf(await server()), { connection: { keyPrefix } });
    const keys = () => admin.keys(`${keyPrefix}*`);
    const inbox = channel("inbox:ann");
    await store.join(inbox);
    await store.mark(inbox, ann, { epoch: (await store.join(inbox)).epoch, offset: 1 });
    await store.read(inbox, { after: 0, limit: 1 });
    expect(await keys()).toEqual([`${keyPrefix}{inbox:ann}:nodes`]);
    await store.leave(inbox);
    expect(await keys()).toEqual([]);
  });

  test("what is too old leaves Redis: all keys expire, and old messages go when new ones come", async () => {
    const keyPrefix = newPrefix();
    const { admin } = await server();
    const clock = new FakeClock();
    const { store } = await bed.open(addressOf(await server()), {
      connection: { keyPrefix },
      store: { clock, ageMs: 60_000, countMax: 500 },
    });
    const log = `${keyPrefix}{room:lobby}:log`;
    const sends = (count: number, seq = "") =>
      Promise.all(upTo(count).map((n) => send(store, lobby, { msg: String(n), seq: seq && `${seq}${n}` })));
    await sends(2_000, "a");
    await store.mark(lobby, ann, { epoch: (await store.join(lobby)).epoch, offset: 1 });
    // Whole blocks of the stream are freed, of 100 entries.
    expect(await admin.xlen(log)).toBeLessThan(500 + 100);
    await store.leave(lobby);
    const keys = await admin.keys(`${keyPrefix}*`);
    expect(keys.length).toBe(4);
    for (const key of keys) {
      const leftMs = await admin.pttl(key);
      expect(leftMs).toBeGreaterThan(60_000);
      expect(leftMs).toBeLessThan(2 * SEND_WINDOW_MS + 1);
    }
    clock.advance(61_000);
    await sends(1);
    expect(await admin.xlen(log)).toBeLessThan(101);
    expect(textsOf(await readAll(store, lobby))).toEqual(["1"]);
  });

  test("two nodes that find a channel forgotten agree on what comes after it", async () => {
    const clock = new FakeClock();
    const [one, two] = await openNodes(2, [clock, clock]);
    if (one === undefined || two === undefined) throw new Error("Two nodes");
    const { receipt: old } = await send(one.store, lobby);
    clock.advance(60_000 + CHANNEL_FORGET_LAG_MS + 1);
    const { receipt: fresh } = await send(two.store, lobby);
    expect(fresh.offset).toBe(1);
    expect(fresh.epoch).not.toBe(old.epoch);
    expect(await one.store.join(lobby)).toEqual({ epoch: fresh.epoch, offset: 1 });
  });
});
