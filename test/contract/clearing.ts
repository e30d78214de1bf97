/** Clearing away what dead nodes left. */
import { expect, test } from "bun:test";
import type { ChannelId, NodeId } from "../../src/base/ids.ts";
import type { Gone } from "../../src/core/node-registry.ts";
import { eventually } from "../deadline.ts";
import {
  allOf,
  attendee,
  type BedNode,
  type ClusterBed,
  comeBack,
  die,
  LONG_LEASE_MS,
  namesOf,
  ODD_NAMES,
  openLiving,
  record,
  room,
  SHORT_LOCK_MS,
} from "./cluster-bed.ts";
import { refusalOf } from "./store-bed.ts";

const LOOK_MAX = 200;
const lobby = room("lobby");
const ann = attendee("ann");
const bob = attendee("bob");

/** Lets `perRoom` users into each of the rooms by this node, which is interested in them. */
async function fillRooms(node: BedNode, rooms: number, perRoom: number, lookMax = 0): Promise<string[]> {
  const calls: Promise<unknown>[] = [];
  const names: string[] = [];
  for (let index = 0; index < rooms; index++) {
    calls.push(node.log.join(room(index)));
    for (let n = 0; n < perRoom; n++) {
      const user = attendee(`${node.nodeId}-${n}`);
      names.push(`${room(index)} ${user.appPlatform} ${user.userId}`);
      calls.push(node.attendance.enter(room(index), user, lookMax));
    }
  }
  await Promise.all(calls);
  return names.sort();
}

/** As nodes do: clears again and again until nobody is dead. */
async function clearAll({ registry }: BedNode, nodeId: NodeId): Promise<Gone[]> {
  const all: Gone[] = [];
  await eventually(
    async () => {
      all.push(...(await allOf(registry.clear(nodeId, LOOK_MAX))));
      return registry.list();
    },
    ({ dead }) => !dead.includes(nodeId),
    "the node to be forgotten",
  );
  return all;
}

export function testClearing(bed: ClusterBed): void {
  testWhatIsCleared(bed);
  testBigRooms(bed);
  testSeveralAtIt(bed);
  testComingBack(bed);
}

function testWhatIsCleared(bed: ClusterBed): void {
  test("clear() yields whom the node had and no other, and forgets the node", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    for (const node of [a, b, c]) await node.log.join(lobby);
    await c.attendance.enter(lobby, ann, LOOK_MAX);
    await c.attendance.enter(lobby, bob, LOOK_MAX);
    await b.attendance.enter(lobby, bob, LOOK_MAX);
    await die(c);
    expect(await a.attendance.count(lobby)).toBe(3);
    const pieces = await allOf(a.registry.clear(c.nodeId, LOOK_MAX));
    expect(pieces).toEqual([{ room: lobby, users: [ann], members: 1, nodes: [b.nodeId] }]);
    expect(await a.attendance.count(lobby)).toBe(1);
    expect(await a.log.interested(lobby)).toEqual([b.nodeId]);
    const { living, dead } = await a.registry.list();
    expect(living.map(({ nodeId }) => nodeId)).toEqual([a.nodeId, b.nodeId]);
    expect(dead).toEqual([]);
    expect(await allOf(a.registry.clear(c.nodeId, LOOK_MAX))).toEqual([]);
  });

  test("clear() ends interests in all kinds of channels, and says nothing of rooms without users", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    const inboxes = ODD_NAMES.map((name) => `inbox:${name}` as ChannelId);
    const channels = ["all" as ChannelId, lobby, ...inboxes];
    for (const channel of channels) await Promise.all([a.log.join(channel), b.log.join(channel)]);
    await die(b);
    expect(await allOf(a.registry.clear(b.nodeId, LOOK_MAX))).toEqual([]);
    for (const channel of channels) expect(await a.log.interested(channel)).toEqual([]);
    expect((await a.registry.list()).dead).toEqual([]);
    await die(a);
    const c = await bed.open("c");
    for (const channel of channels) expect(await c.log.interested(channel)).toEqual([a.nodeId]);
  });

  test("clear() finds users of a room in which the node has no interest any more", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    await b.attendance.enter(lobby, ann, LOOK_MAX);
    await die(b);
    const pieces = await allOf(a.registry.clear(b.nodeId, LOOK_MAX));
    expect(pieces).toEqual([{ room: lobby, users: [ann], members: 0, nodes: [] }]);
  });

  test("clear() leaves living nodes, unknown nodes, and nodes with a longer name changed", async () => {
    const [a, b, bb] = await openLiving(bed, "a", "b", "bb");
    const names = [...(await fillRooms(b, 10, 2)), ...(await fillRooms(bb, 10, 2))];
    expect(await allOf(a.registry.clear(b.nodeId, LOOK_MAX))).toEqual([]);
    expect(await allOf(a.registry.clear("never" as NodeId, LOOK_MAX))).toEqual([]);
    await die(b);
    const gone = namesOf(await allOf(a.registry.clear(b.nodeId, LOOK_MAX)));
    expect(gone).toEqual(names.filter((name) => name.includes("101 b-")).sort());
    expect(await a.attendance.count(room(0))).toBe(2);
    expect(await a.log.interested(room(0))).toEqual([bb.nodeId]);
  });

  test("clear() gives users back with the names they have", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    for (const name of ODD_NAMES) await b.attendance.enter(lobby, attendee(name, 104), LOOK_MAX);
    await die(b);
    const pieces = await allOf(a.registry.clear(b.nodeId, LOOK_MAX));
    expect(namesOf(pieces)).toEqual(ODD_NAMES.map((name) => `${lobby} 104 ${name}`).sort());
  });

  test("nothing is left of nodes that died or stopped", async () => {
    const last = await bed.open("last");
    await last.registry.renew(record(last), LONG_LEASE_MS);
    await last.registry.secret();
    const before = await bed.keys();
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    for (const node of [a, b, c]) {
      await fillRooms(node, 50, 3, LOOK_MAX);
      await node.log.join(`inbox:${node.nodeId}` as ChannelId);
    }
    await die(b);
    await die(c);
    await clearAll(a, b.nodeId);
    await clearAll(a, c.nodeId);
    for (let index = 0; index < 25; index++) {
      for (let n = 0; n < 3; n++) await a.attendance.exit(room(index), attendee(`a-${n}`), LOOK_MAX);
      await a.log.leave(room(index));
    }
    await a.registry.release(a.nodeId);
    await clearAll(last, a.nodeId);
    expect(await bed.keys()).toEqual(before);
  });
}

function testBigRooms(bed: ClusterBed): void {
  test("clear() says only how many are left in rooms that had more than lookMax", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    await c.log.join(lobby);
    for (let n = 0; n < 6; n++) await b.attendance.enter(lobby, attendee(`b${n}`), LOOK_MAX);
    for (let n = 0; n < 4; n++) await c.attendance.enter(lobby, attendee(`c${n}`), LOOK_MAX);
    await die(b);
    const pieces = await allOf(a.registry.clear(b.nodeId, 9));
    expect(pieces).toEqual([{ room: lobby, users: [], members: 4, nodes: [c.nodeId] }]);
    await die(c);
    const small = await allOf(a.registry.clear(c.nodeId, 4));
    expect(small).toHaveLength(1);
    expect(small[0]).toMatchObject({ room: lobby, members: 0, nodes: [] });
    expect(small[0]?.users).toHaveLength(4);
  });

  test("clear() looks through a big room in parts when it has to", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    await fillRooms(c, 1, 2_222);
    const there: Promise<unknown>[] = [];
    for (let n = 0; n < 111; n++) there.push(b.attendance.enter(room(0), attendee(`c-${n}`), 0));
    await Promise.all(there);
    await die(c);
    const pieces = await allOf(a.registry.clear(c.nodeId, 10_000));
    expect(pieces.length).toBeGreaterThan(1);
    const gone = namesOf(pieces);
    expect(gone).toHaveLength(2_111);
    expect(new Set(gone).size).toBe(2_111);
    expect(pieces.at(-1)?.members).toBe(111);
  });

  test("a room of 50,000 by three nodes is cleared as quickly as a small one", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    const perNode = { a: 16_667, b: 16_667, c: 16_666 };
    for (const node of [a, b, c]) await fillRooms(node, 1, perNode[node.nodeId as "a" | "b" | "c"]);
    expect(await a.attendance.count(room(0))).toBe(50_000);
    await die(c);
    const pieces = await allOf(a.registry.clear(c.nodeId, LOOK_MAX));
    expect(pieces).toEqual([{ room: room(0), users: [], members: 33_334, nodes: [b.nodeId] }]);
    expect(await b.attendance.exit(room(0), attendee("b-0"), LOOK_MAX)).toMatchObject({
      changed: false,
      members: 33_333,
    });
  });
}

function testSeveralAtIt(bed: ClusterBed): void {
  test("two nodes clear 1,000 rooms at the same time: each user is gone once", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    const names = await fillRooms(c, 1_000, 3);
    await die(c);
    const [byA, byB] = await Promise.all([clearAll(a, c.nodeId), clearAll(b, c.nodeId)]);
    expect(namesOf([...byA, ...byB])).toEqual(names);
    expect(await a.log.interested(room(999))).toEqual([]);
  });

  test("nodes that clear one dead node each, the same dead ones, share no user", async () => {
    const [a, b, c, d] = await openLiving(bed, "a", "b", "c", "d");
    const names = [...(await fillRooms(c, 100, 3)), ...(await fillRooms(d, 100, 3))].sort();
    await die(c);
    await die(d);
    const both = async (node: BedNode) => [
      ...(await clearAll(node, c.nodeId)),
      ...(await clearAll(node, d.nodeId)),
    ];
    const pieces = await Promise.all([both(a), both(b)]);
    expect(namesOf(pieces.flat())).toEqual(names);
  });

  test("while one clears the other does nothing, and goes on at once when the one gives up", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    const names = await fillRooms(c, 1_000, 1);
    await die(c);
    const byA: Gone[] = [];
    for await (const piece of a.registry.clear(c.nodeId, LOOK_MAX)) {
      byA.push(piece);
      expect(await allOf(b.registry.clear(c.nodeId, LOOK_MAX))).toEqual([]);
      if (byA.length === 10) break;
    }
    const byB = await allOf(b.registry.clear(c.nodeId, LOOK_MAX));
    const gone = namesOf([...byA, ...byB]);
    expect(new Set(gone).size).toBe(gone.length);
    expect(names.length - gone.length).toBeLessThanOrEqual(64);
    expect(await a.registry.list()).toMatchObject({ dead: [] });
    expect(await a.attendance.count(room(0))).toBe(0);
  });

  test("one who stops in the middle without a word delays the next, and loses the lock to it", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    await fillRooms(c, 1_000, 1);
    await die(c);
    const startedAt = performance.now();
    const hangs = a.impatient.clear(c.nodeId, LOOK_MAX)[Symbol.asyncIterator]();
    const first = await hangs.next();
    expect(first.done).toBe(false);
    const byB = await clearAll(b, c.nodeId);
    expect(performance.now() - startedAt).toBeGreaterThan(SHORT_LOCK_MS - 5);
    const byA: Gone[] = first.done === true ? [] : [first.value];
    for (let next = await hangs.next(); next.done !== true; next = await hangs.next()) byA.push(next.value);
    expect(byA.length).toBeLessThanOrEqual(64);
    const gone = namesOf([...byA, ...byB]);
    expect(gone).toHaveLength(1_000);
    expect(new Set(gone).size).toBe(1_000);
  });
}

function testComingBack(bed: ClusterBed): void {
  test("renew() of a node that comes back waits for the clearer, which stops", async () => {
    const [a, c] = await openLiving(bed, "a", "c");
    await fillRooms(c, 1_000, 1);
    await die(c);
    const pieces = a.registry.clear(c.nodeId, LOOK_MAX)[Symbol.asyncIterator]();
    expect((await pieces.next()).done).toBe(false);
    let isBack = false;
    const back = comeBack(c).then((kept) => {
      isBack = true;
      return kept;
    });
    await eventually(
      () => a.registry.list(),
      ({ dead }) => dead.length === 0,
      "the node to live again",
    );
    expect(isBack).toBe(false);
    let yielded = 1;
    while ((await pieces.next()).done !== true) yielded += 1;
    expect(await back).toBe(false);
    expect(yielded).toBeLessThan(1_000);
    const left = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => a.attendance.count(room(index))),
    );
    expect(left.filter((count) => count === 1)).toHaveLength(1_000 - yielded);
    await fillRooms(c, 1_000, 1);
    expect(await allOf(a.registry.clear(c.nodeId, LOOK_MAX))).toEqual([]);
    const again = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => a.attendance.count(room(index))),
    );
    expect(again.every((count) => count === 1)).toBe(true);
    expect(await a.log.interested(room(0))).toEqual([c.nodeId]);
    expect(await c.registry.renew(record(c, { generation: 2 }), LONG_LEASE_MS)).toBe(true);
  });

  test("renew() of a node that comes back is refused no longer than the lock of a clearer that died lasts", async () => {
    const [a, c] = await openLiving(bed, "a", "c");
    await fillRooms(c, 200, 1);
    await die(c);
    const hangs = a.impatient.clear(c.nodeId, LOOK_MAX)[Symbol.asyncIterator]();
    expect((await hangs.next()).done).toBe(false);
    expect(await refusalOf(c.registry.renew(record(c), LONG_LEASE_MS))).toMatchObject({
      code: "unavailable",
    });
    expect((await a.registry.list()).dead).toEqual([]);
    expect(await comeBack(c)).toBe(false);
    await fillRooms(c, 200, 1);
    let more = 0;
    while ((await hangs.next()).done !== true) more += 1;
    expect(more).toBeLessThan(64);
    const counts = await Promise.all(
      Array.from({ length: 200 }, (_, index) => a.attendance.count(room(index))),
    );
    expect(counts.every((count) => count === 1)).toBe(true);
  });

  test("a node that was cleared while it was halted takes a new lease and is forgotten no more", async () => {
    const [a, c] = await openLiving(bed, "a", "c");
    await fillRooms(c, 3, 1);
    await die(c);
    expect(namesOf(await allOf(a.registry.clear(c.nodeId, LOOK_MAX)))).toHaveLength(3);
    expect(await c.registry.renew(record(c, { generation: 2 }), LONG_LEASE_MS)).toBe(false);
    expect((await a.registry.list()).living).toHaveLength(2);
  });
}
