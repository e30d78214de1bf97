/** The store on Redis Cluster: keys of a channel share a slot, channels don't. */
import { afterAll, afterEach, expect, test } from "bun:test";
import { testStore } from "../contract/channel-log.ts";
import { channel, offsetsOf, readAll, refusalOf, send, upTo } from "../contract/store-bed.ts";
import { eventually, within } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { addressOf, guidedAclLine, keepingLogger, newPrefix, RedisBed } from "./redis-bed.ts";
import { startRedisCluster, untilWhole } from "./redis-cluster.ts";
import type { RedisServer } from "./redis-server.ts";

describeWith("redis-server", "Redis Cluster", () => {
  const bed = new RedisBed();
  let started: Promise<RedisServer[]> | undefined;
  const cluster = () => {
    started ??= startRedisCluster();
    return started;
  };
  afterEach(() => bed.clear());
  afterAll(async () => {
    await bed.clear();
    for (const server of (await started) ?? []) await server.stop();
  });

  testStore("RedisStore on three servers", async (store) => {
    const opened = await bed.open(addressOf(...(await cluster())), { store });
    return { store: opened.store, clear: () => opened.connection.close() };
  });

  test("channels lie on all servers, and all keys of one on the same", async () => {
    const servers = await cluster();
    const keyPrefix = newPrefix();
    const { store } = await bed.open(addressOf(...servers), { connection: { keyPrefix } });
    const rooms = upTo(60).map((n) => channel(`room:${n}`));
    await Promise.all(rooms.map((room) => store.join(room)));
    await Promise.all(rooms.map((room) => send(store, room, { seq: "1" })));
    const keys = await Promise.all(servers.map(({ admin }) => admin.keys(`${keyPrefix}*`)));
    for (const own of keys) expect(own.length).toBeGreaterThan(0);
    for (const room of rooms) {
      const base = `${keyPrefix}{${room}}`;
      const counts = keys.map((own) => own.filter((key) => key.startsWith(base)).length);
      expect(counts.toSorted()).toEqual([0, 0, 4]);
    }
  });

  test("a slot that moves to another server loses nothing and changes no order", async () => {
    const [one, two, three] = await cluster();
    if (one === undefined || two === undefined || three === undefined) throw new Error("Three servers");
    const { store } = await bed.open(addressOf(one, two, three));
    const room = channel("room:moving");
    const slot = Number(await one.admin.call("CLUSTER", "KEYSLOT", "{room:moving}"));
    const [from, to] = slot < 16_384 / 3 ? [one, two] : slot < (2 * 16_384) / 3 ? [two, three] : [three, one];
    const ids = await Promise.all([from, to].map(({ admin }) => admin.call("CLUSTER", "MYID")));
    await send(store, room);
    const sends: Promise<unknown>[] = [];
    const order: number[] = [];
    const keepSending = async () => {
      for (let n = 2; n <= 400; n++) {
        sends.push(send(store, room, { msg: String(n) }).then(({ receipt }) => order.push(receipt.offset)));
        if (n % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await Promise.all(sends);
    };
    const sending = keepSending();
    await to.admin.call("CLUSTER", "SETSLOT", slot, "IMPORTING", String(ids[0]));
    await from.admin.call("CLUSTER", "SETSLOT", slot, "MIGRATING", String(ids[1]));
    const keys = (await from.admin.call("CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[];
    await from.admin.call("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, "KEYS", ...keys);
    for (const { admin } of [to, from]) await admin.call("CLUSTER", "SETSLOT", slot, "NODE", String(ids[1]));
    await sending;
    expect(order).toEqual(upTo(400, 2));
    expect(offsetsOf(await readAll(store, room))).toEqual(upTo(400));
  });

  test("a call whose connection breaks is refused and never sent again", async () => {
    const servers = await cluster();
    const connection = await bed.connect(addressOf(...servers), { callTimeoutMs: 10_000 });
    const key = `${connection.keyPrefix}counter`;
    expect(await connection.command("INCR", key)).toBe(1);
    for (const { admin } of servers) await admin.call("CLIENT", "PAUSE", 60_000, "WRITE");
    const refusal = refusalOf(connection.command("INCR", key));
    await eventually(
      async () => (await Promise.all(servers.map(({ admin }) => admin.info("clients")))).join(),
      (info) => info.includes("blocked_clients:1"),
      "the call to be held back",
    );
    const back = new Promise<void>((resolve) => connection.onBack(resolve));
    for (const { admin } of servers) await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    expect(await refusal).toMatchObject({ code: "unavailable", reason: "STORE_FAILED" });
    await within(back, "the connections to be back");
    for (const { admin } of servers) await admin.call("CLIENT", "UNPAUSE");
    expect(await connection.command("INCR", key)).toBe(2);
  });

  test("the ACL user of docs/redis.md may do all that prim does here", async () => {
    const servers = await cluster();
    for (const { admin } of servers) await admin.call("ACL", ...guidedAclLine().split(" ").slice(1));
    const user = { username: "prim", password: "CHANGE-ME" };
    const connection = { keyPrefix: "prim:" };
    const { store } = await bed.open({ ...addressOf(...servers), ...user }, { connection });
    const rooms = upTo(9).map((n) => channel(`room:acl-${n}`));
    for (const room of rooms) {
      await store.join(room);
      expect((await send(store, room, { seq: "1" })).receipt.offset).toBe(1);
    }
    expect((await store.heads(rooms)).map((head) => head?.offset)).toEqual(rooms.map(() => 1));
  });

  test("a server that is gone takes its slots with it, is back, and nothing that was answered is lost", async () => {
    const servers = await cluster();
    const { log, lines } = keepingLogger();
    const { store, connection } = await bed.open(addressOf(...servers), {
      connection: { callTimeoutMs: 3_000, log },
    });
    const rooms = upTo(30).map((n) => channel(`room:${n}`));
    for (const room of rooms) await send(store, room);
    const back = Promise.withResolvers<void>();
    connection.onBack(() => back.resolve());
    await servers[2]?.kill9();
    const refused = await eventually(
      () => Promise.allSettled(rooms.map((room) => send(store, room))),
      (outcomes) => outcomes.some(({ status }) => status === "rejected"),
      "a refused send",
    );
    for (const outcome of refused) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "unavailable" });
    }
    expect(connection.isUp).toBe(false);
    await servers[2]?.restart();
    for (const server of servers) await untilWhole(server);
    await back.promise;
    expect(connection.isUp).toBe(true);
    for (const room of rooms) await send(store, room);
    for (const room of rooms) {
      const offsets = offsetsOf(await readAll(store, room));
      expect(offsets).toEqual(upTo(offsets.length));
      expect(offsets.length).toBeGreaterThan(1);
    }
    expect(lines.filter((line) => line.startsWith("redis connection"))).toHaveLength(2);
  });
});
