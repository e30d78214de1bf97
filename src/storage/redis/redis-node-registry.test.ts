import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import {
  allOf,
  attendee,
  type BedNode,
  comeBack,
  die,
  LONG_LEASE_MS,
  namesOf,
  openLiving,
  record,
  room,
  SHORT_LEASE_MS,
} from "../../../test/contract/cluster-bed.ts";
import { refusalOf } from "../../../test/contract/store-bed.ts";
import { eventually, within } from "../../../test/deadline.ts";
import { describeWith } from "../../../test/parts.ts";
import { addressOf } from "../../../test/redis/redis-bed.ts";
import { sharedRedisCluster } from "../../../test/redis/redis-cluster.ts";
import { connectTo, RedisClusterBed, redisNode } from "../../../test/redis/redis-cluster-bed.ts";
import { sharedRedisServer } from "../../../test/redis/redis-server.ts";
import { systemClock } from "../../base/clock.ts";
import { CLEAR_KEYS_PER_STEP, CLEAR_ROOMS_AT_ONCE } from "../../base/limits.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisNodeRegistry } from "./redis-node-registry.ts";

const UNAVAILABLE = { name: "PrimError", code: "unavailable", reason: "STORE_FAILED" };
const CLEARER = join(import.meta.dir, "../../../test/redis/redis-clearer.ts");
const LOOK_MAX = 200;

async function fillRooms(node: BedNode, rooms: number): Promise<string[]> {
  const user = attendee(`of-${node.nodeId}`);
  const calls = Array.from({ length: rooms }, async (_, index) => {
    await node.log.join(room(index));
    await node.attendance.enter(room(index), user, 0);
    return `${room(index)} 101 ${user.userId}`;
  });
  return (await Promise.all(calls)).sort();
}

describeWith("redis-server", "RedisNodeRegistry on Redis", () => {
  const server = sharedRedisServer();
  const bed = new RedisClusterBed(async () => addressOf(await server()));
  afterEach(() => bed.clear());

  test("an answer that got lost does not hide that the lease had run out", async () => {
    const a = await bed.open("a", 1_000);
    const redis = await server();
    await a.registry.renew(record(a), LONG_LEASE_MS);
    redis.signal("SIGSTOP");
    expect(await refusalOf(a.registry.renew(record(a), LONG_LEASE_MS))).toMatchObject(UNAVAILABLE);
    redis.signal("SIGCONT");
    expect(await a.registry.renew(record(a), SHORT_LEASE_MS)).toBe(true);
    redis.signal("SIGSTOP");
    expect(await refusalOf(a.registry.renew(record(a), LONG_LEASE_MS))).toMatchObject(UNAVAILABLE);
    redis.signal("SIGCONT");
    await eventually(
      () => a.registry.list(),
      ({ living }) => living.length === 1,
      "the call that was given up to take a lease",
    );
    expect(await a.registry.renew(record(a), LONG_LEASE_MS)).toBe(false);
    expect(await a.registry.renew(record(a), LONG_LEASE_MS)).toBe(true);
  });

  test("nobody clears after a node that left in order until its users had time to come back", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    await fillRooms(a, 2);
    const connection = await connectTo(addressOf(await server()));
    const leaving = new RedisNodeRegistry(connection, {
      nodeId: a.nodeId,
      clock: systemClock,
      leftGraceMs: 300,
    });
    const leftAt = performance.now();
    await leaving.release(a.nodeId);
    await leaving.release(a.nodeId);
    expect((await b.registry.list()).dead).toEqual([a.nodeId]);
    expect(await allOf(b.registry.clear(a.nodeId, LOOK_MAX))).toEqual([]);
    const pieces = await eventually(
      () => allOf(b.registry.clear(a.nodeId, LOOK_MAX)),
      (gone) => gone.length > 0,
      "the rooms to be cleared",
    );
    expect(performance.now() - leftAt).toBeGreaterThan(290);
    expect(pieces).toHaveLength(2);
    expect((await b.registry.list()).dead).toEqual([]);
    await connection.close();
  });

  test("everything is refused with unavailable while Redis is away, and leases are new after it lost all", async () => {
    const [a] = await openLiving(bed, "a");
    const hasty = await bed.open("a", 300);
    const redis = await server();
    await redis.kill9();
    const calls = [
      hasty.registry.renew(record(a), LONG_LEASE_MS),
      hasty.registry.list(),
      hasty.registry.release(a.nodeId),
      hasty.registry.secret(),
      allOf(hasty.registry.clear(a.nodeId, LOOK_MAX)),
    ];
    for (const call of calls) expect(await refusalOf(call)).toMatchObject(UNAVAILABLE);
    await redis.restart();
    const kept = await eventually(
      () => a.registry.renew(record(a), LONG_LEASE_MS).catch(() => undefined),
      (answer) => answer !== undefined,
      "Redis to be back",
    );
    expect(kept).toBe(false);
  });

  test("nodes keep their leases, and the dead are cleared, where Redis has no memory left", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    const names = await fillRooms(b, 10);
    const { admin } = await server();
    await admin.config("SET", "maxmemory", "1");
    try {
      expect(await a.registry.renew(record(a), LONG_LEASE_MS)).toBe(true);
      await die(b);
      expect(namesOf(await allOf(a.registry.clear(b.nodeId, LOOK_MAX)))).toEqual(names);
      expect(await a.registry.list()).toMatchObject({ dead: [] });
    } finally {
      await admin.config("SET", "maxmemory", "256mb");
    }
  });

  test("clear() finds what a node left among many other keys, in parts", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    const { admin } = await server();
    await admin.call("DEBUG", "POPULATE", 20 * CLEAR_KEYS_PER_STEP, "prim:{room:other}");
    const names = await fillRooms(b, 3_000);
    await die(b);
    expect(namesOf(await allOf(a.registry.clear(b.nodeId, LOOK_MAX)))).toEqual(names);
    expect((await bed.keys()).filter((key) => key.includes("}:at") || key.includes("}:nodes"))).toEqual([]);
  });

  test("when a clearer is killed in the middle another goes on, and nothing is gone twice", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    const names = await fillRooms(b, 2_000);
    await die(b);
    const { port } = await server();
    const clearer = Bun.spawn([process.execPath, CLEARER, String(port), b.nodeId], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const byClearer: string[] = [];
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of clearer.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      byClearer.push(...lines);
      if (byClearer.length > 100) clearer.kill("SIGKILL");
    }
    await within(clearer.exited, "the clearer to be dead");
    expect(clearer.signalCode).toBe("SIGKILL");
    const byA: string[] = [];
    await eventually(
      async () => {
        byA.push(...namesOf(await allOf(a.registry.clear(b.nodeId, LOOK_MAX))));
        return a.registry.list();
      },
      ({ dead }) => dead.length === 0,
      "the rest to be cleared",
    );
    expect(byA.length).toBeGreaterThan(0);
    const gone = [...byClearer, ...byA];
    expect(new Set(gone).size).toBe(gone.length);
    expect(names.length - gone.length).toBeLessThanOrEqual(CLEAR_ROOMS_AT_ONCE);
    expect(await bed.keys()).toEqual(["prim:{nodes}:lease:a", "prim:{nodes}:records"]);
  });
});

describeWith("redis-server", "Clearing that was held up", () => {
  const server = sharedRedisServer();
  const bed = new RedisClusterBed(async () => addressOf(await server()));
  afterEach(() => bed.clear());

  /** A connection on which a script waits before it is sent, as in a process that was halted just then. */
  function heldUp(connection: RedisConnection, name: string) {
    const reached = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    const evaluate: RedisConnection["evaluate"] = async (script, keys, args) => {
      if (script.name === name) {
        reached.resolve();
        await letGo.promise;
      }
      return connection.evaluate(script, keys, args);
    };
    const held = new Proxy(connection, {
      get(target, key) {
        if (key === "evaluate") return evaluate;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return { held, reached: reached.promise, letGo: letGo.resolve };
  }

  for (const name of ["clear-room", "clear-interest"]) {
    test(`${name} that comes after its lock ran out takes nothing from a node that is back`, async () => {
      const [a, b] = await openLiving(bed, "a", "b");
      await fillRooms(b, 20);
      await die(b);
      const { held, reached, letGo } = heldUp(await bed.connect(), name);
      const pieces = allOf(redisNode(held, "held").impatient.clear(b.nodeId, LOOK_MAX));
      await within(reached, "the clearer to come so far");
      expect(await comeBack(b)).toBe(false);
      await fillRooms(b, 20);
      letGo();
      expect(await pieces).toEqual([]);
      for (let index = 0; index < 20; index++) {
        expect(await a.attendance.count(room(index))).toBe(1);
        expect(await a.log.interested(room(index))).toEqual([b.nodeId]);
      }
    });
  }
});

describeWith("redis-server", "RedisNodeRegistry on a Redis Cluster", () => {
  const cluster = sharedRedisCluster();
  const bed = new RedisClusterBed(async () => addressOf(...(await cluster())));
  afterEach(() => bed.clear());

  test("a node is not forgotten when slots began to move while it was cleared", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    const [from, to] = await cluster();
    if (from === undefined || to === undefined) throw new Error("The cluster has too few servers");
    const names = await fillRooms(b, 200);
    await die(b);
    const pieces = [];
    for await (const piece of a.registry.clear(b.nodeId, LOOK_MAX)) {
      if (pieces.length === 0) {
        const target = String(await to.admin.call("CLUSTER", "MYID"));
        await from.admin.call("CLUSTER", "SETSLOT", 0, "MIGRATING", target);
      }
      pieces.push(piece);
    }
    await from.admin.call("CLUSTER", "SETSLOT", 0, "STABLE");
    expect(namesOf(pieces)).toEqual(names);
    expect((await a.registry.list()).dead).toEqual([b.nodeId]);
    expect(await allOf(a.registry.clear(b.nodeId, LOOK_MAX))).toEqual([]);
    expect((await a.registry.list()).dead).toEqual([]);
  });

  test("comings and goings keep their order when their slot was moved", async () => {
    const [a] = await openLiving(bed, "a");
    const servers = await cluster();
    const [first] = servers;
    if (first === undefined) throw new Error("The cluster has no servers");
    const lobby = room("lobby");
    const slot = Number(await first.admin.call("CLUSTER", "KEYSLOT", lobby));
    for (const target of servers) {
      const id = String(await target.admin.call("CLUSTER", "MYID"));
      // The target first, as redis-cli does it.
      for (const server of [target, ...servers])
        await server.admin.call("CLUSTER", "SETSLOT", slot, "NODE", id);
      const outcomes = [];
      for (let n = 0; n < 50; n++) {
        outcomes.push(a.attendance.enter(lobby, attendee("ann"), 10));
        outcomes.push(a.attendance.exit(lobby, attendee("ann"), 10));
      }
      const members = (await Promise.all(outcomes)).map((outcome) => outcome.members);
      expect(members).toEqual(Array.from({ length: 100 }, (_, index) => 1 - (index % 2)));
    }
  });

  test("enter() waits while some keys of its room have moved and others have not", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    const servers = await cluster();
    const lobby = room("moving");
    const ann = attendee("ann");
    for (const node of [a, b]) {
      await node.log.join(lobby);
      await node.attendance.enter(lobby, attendee(`of-${node.nodeId}`), LOOK_MAX);
    }
    await b.attendance.enter(lobby, ann, LOOK_MAX);
    const slot = Number(await servers[0]?.admin.call("CLUSTER", "KEYSLOT", lobby));
    const owners = await Promise.all(
      servers.map(({ admin }) => admin.call("CLUSTER", "COUNTKEYSINSLOT", slot)),
    );
    const from = servers[owners.findIndex((keys) => Number(keys) > 0)];
    const to = servers.find((server) => server !== from);
    if (from === undefined || to === undefined) throw new Error("Nobody has the room");
    const [fromId, toId] = await Promise.all(
      [from, to].map(async ({ admin }) => String(await admin.call("CLUSTER", "MYID"))),
    );
    await to.admin.call("CLUSTER", "SETSLOT", slot, "IMPORTING", String(fromId));
    await from.admin.call("CLUSTER", "SETSLOT", slot, "MIGRATING", String(toId));
    const move = (...keys: string[]) =>
      from.admin.call("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, "KEYS", ...keys);
    await move("prim:{room:moving}:at:b");
    let isDone = false;
    const entering = a.attendance.enter(lobby, ann, LOOK_MAX).finally(() => {
      isDone = true;
    });
    await allOf(a.registry.clear(b.nodeId, LOOK_MAX));
    expect(await from.admin.call("SCARD", "prim:{room:moving}:at:a")).toBe(1);
    expect(isDone).toBe(false);
    await move("prim:{room:moving}:at", "prim:{room:moving}:at:a", "prim:{room:moving}:nodes");
    for (const server of [to, ...servers]) {
      await server.admin.call("CLUSTER", "SETSLOT", slot, "NODE", String(toId));
    }
    expect(await within(entering, "the room to have moved")).toEqual({
      changed: false,
      members: 4,
      nodes: [b.nodeId],
    });
    expect(await a.attendance.count(lobby)).toBe(4);
  });
});
