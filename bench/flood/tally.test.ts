import { expect, test } from "bun:test";
import { hashOf, isSteady, nodeOf, type Plan, peerOf, RoomsOf, roomsPerDomain } from "./plan.ts";
import { Deliveries, MESSAGES_MAX, SentLog, TARGET, verify } from "./tally.ts";

const PLAN: Plan = {
  runId: "abc123",
  connections: 101,
  perProcess: 50,
  nodes: ["ws://127.0.0.1:1/acc", "ws://127.0.0.1:2/acc"],
  cluster: false,
  spelling: "prim",
  format: "json",
  appPlatform: 101,
  rooms: 10,
  roomsEach: 2,
  distribution: "even",
  heartbeatMs: 30_000,
  unsteadyEvery: 0,
  resume: false,
  originMs: 0,
};

/** Two processes; process 1 sends a message to room 3 that is answered. */
function flood(plan: Plan) {
  const members = Array.from({ length: plan.connections }, (_, index) => index).filter((index) =>
    new RoomsOf(plan).of(index).includes(3),
  );
  const log = new SentLog(1);
  const sender = members.find((index) => isSteady(plan, index)) as number;
  const number = log.add(TARGET.room, 3, sender);
  log.answered(number);
  const processes = [new Deliveries(), new Deliveries(), new Deliveries()];
  const deliver = (index: number) =>
    processes[Math.floor(index / plan.perProcess)]?.record(1, number, hashOf(index));
  const result = () =>
    verify(
      plan,
      [log.take()],
      processes.flatMap((one) => one.take()),
    );
  return { members, sender, deliver, result, log };
}

test("RoomsOf: rooms are different, stay within a node's reach, and are of equal size if even", () => {
  for (const distribution of ["even", "zipf"] as const) {
    const plan: Plan = { ...PLAN, connections: 1_000, roomsEach: 3, distribution };
    const sizes = new Uint32Array(plan.rooms);
    for (let index = 0; index < plan.connections; index++) {
      const rooms = new RoomsOf(plan).of(index);
      expect(new Set(rooms).size).toBe(3);
      for (const room of rooms) {
        expect(Math.floor(room / roomsPerDomain(plan))).toBe(nodeOf(plan, index));
        sizes[room] = (sizes[room] as number) + 1;
      }
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3_000);
    const spread = Math.max(...sizes) - Math.min(...sizes);
    if (distribution === "even") expect(spread).toBe(0);
    else expect(spread).toBeGreaterThan(100);
  }
});

test("RoomsOf gives fewer rooms where there are fewer", () => {
  expect(new RoomsOf({ ...PLAN, rooms: 2, roomsEach: 4 }).of(0)).toEqual([0]);
  expect(new RoomsOf({ ...PLAN, rooms: 0 }).of(0)).toEqual([]);
  expect(new RoomsOf({ ...PLAN, rooms: 2, roomsEach: 4, cluster: true }).of(5).sort()).toEqual([0, 1]);
});

test("peerOf() is mutual and on the same node; who has nobody has themselves", () => {
  for (let index = 0; index < PLAN.connections; index++) {
    const peer = peerOf(PLAN, index);
    expect(peerOf(PLAN, peer)).toBe(index);
    expect(nodeOf(PLAN, peer)).toBe(nodeOf(PLAN, index));
  }
  expect(peerOf(PLAN, 100)).toBe(100);
});

test("verify() is content when each member got the message once", () => {
  const { members, deliver, result } = flood(PLAN);
  expect(members.length).toBeGreaterThan(10);
  for (const index of members) deliver(index);
  expect(result()).toMatchObject({ messages: 1, due: members.length, exactlyOnce: true });
});

test("verify() counts what is missing and what came twice", () => {
  const { members, deliver, result } = flood(PLAN);
  for (const index of members.slice(1)) deliver(index);
  expect(result()).toMatchObject({ missing: 1, extra: 0, misplaced: 0, exactlyOnce: false });
  deliver(members[0] as number);
  deliver(members[0] as number);
  expect(result()).toMatchObject({ missing: 0, extra: 1, misplaced: 0, exactlyOnce: false });
});

test("verify() sees one member served twice instead of another, and a stranger instead of a member", () => {
  for (const instead of [(members: number[]) => members[1] as number, () => 1]) {
    const { members, deliver, result } = flood(PLAN);
    expect(members).not.toContain(1);
    for (const index of members.slice(1)) deliver(index);
    deliver(instead(members));
    expect(result()).toMatchObject({ missing: 0, extra: 0, misplaced: 1, exactlyOnce: false });
  }
});

test("verify() allows an unanswered message to arrive or not, but not twice", () => {
  const { members, deliver, result, log } = flood(PLAN);
  for (const index of members) deliver(index);
  log.add(TARGET.room, 3, 0);
  expect(result()).toMatchObject({ messages: 2, unanswered: 1, exactlyOnce: true });
});

test("verify() leaves unsteady members out, and the sender in the reference spelling", () => {
  const plan: Plan = { ...PLAN, spelling: "reference", unsteadyEvery: 5 };
  const { members, sender, deliver, result } = flood(plan);
  const wanted = members.filter((index) => index !== sender && isSteady(plan, index));
  expect(wanted.length).toBeLessThan(members.length - 1);
  for (const index of wanted) deliver(index);
  expect(result()).toMatchObject({ due: wanted.length, exactlyOnce: true });
});

test("verify(): pairs, users and whole domains", () => {
  const log = new SentLog(0);
  const inbox = new Deliveries();
  const send = (target: 1 | 2 | 3, number: number, to: readonly number[]) => {
    const at = log.add(target, number, 0);
    log.answered(at);
    for (const index of to) inbox.record(0, at, hashOf(index));
  };
  send(TARGET.pair, 4, [4, peerOf(PLAN, 4)]);
  send(TARGET.user, 7, [7]);
  send(TARGET.domain, 1, [...Array.from({ length: 50 }, (_, at) => at * 2 + 1)]);
  expect(verify(PLAN, [log.take()], inbox.take())).toMatchObject({ due: 53, exactlyOnce: true });
});

test("verify() refuses messages that nobody sent; Deliveries refuses numbers beyond the bound", () => {
  const inbox = new Deliveries();
  inbox.record(3, 0, 1);
  expect(() => verify(PLAN, [], inbox.take())).toThrow("nobody sent");
  expect(() => inbox.record(3, MESSAGES_MAX, 1)).toThrow("out of range");
});
