/**
 * The contract of Attendance: one suite that every implementation runs.
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { ChannelId } from "../../src/base/ids.ts";
import type { Attended } from "../../src/core/attendance.ts";
import { attendee, type ClusterBed, ODD_NAMES, openLiving, room } from "./cluster-bed.ts";

const LOOK_MAX = 200;
const ann = attendee("ann");
const bob = attendee("bob");
const lobby = room("lobby");

const idsOf = (attended: Attended): string[] => [...attended.nodes].sort();

/** @param bed is cleared after each test. */
export function testAttendance(name: string, bed: ClusterBed): void {
  describe(name, () => {
    afterEach(() => bed.clear());
    testComingsAndGoings(bed);
    testOtherNodes(bed);
    testLookMax(bed);
  });
}

function testComingsAndGoings(bed: ClusterBed): void {
  test("enter() and exit() tell who is changed, and how many are in the room afterwards", async () => {
    const [a] = await openLiving(bed, "a");
    expect(await a.attendance.count(lobby)).toBe(0);
    expect(await a.attendance.enter(lobby, ann, LOOK_MAX)).toEqual({ changed: true, members: 1, nodes: [] });
    expect(await a.attendance.enter(lobby, bob, LOOK_MAX)).toEqual({ changed: true, members: 2, nodes: [] });
    expect(await a.attendance.count(lobby)).toBe(2);
    expect(await a.attendance.exit(lobby, ann, LOOK_MAX)).toEqual({ changed: true, members: 1, nodes: [] });
    expect(await a.attendance.exit(lobby, bob, LOOK_MAX)).toEqual({ changed: true, members: 0, nodes: [] });
    expect(await a.attendance.count(lobby)).toBe(0);
  });

  test("enter() and exit() may be repeated, and exit() may come without enter()", async () => {
    const [a] = await openLiving(bed, "a");
    await a.attendance.enter(lobby, ann, LOOK_MAX);
    expect((await a.attendance.enter(lobby, ann, LOOK_MAX)).members).toBe(1);
    expect((await a.attendance.exit(lobby, bob, LOOK_MAX)).members).toBe(1);
    expect((await a.attendance.exit(lobby, ann, LOOK_MAX)).members).toBe(0);
    expect((await a.attendance.exit(lobby, ann, LOOK_MAX)).members).toBe(0);
  });

  test("calls for one room take effect in the order of the calls", async () => {
    const [a] = await openLiving(bed, "a");
    const { attendance } = a;
    const outcomes: Promise<Attended>[] = [];
    for (let n = 1; n <= 1_000; n++) outcomes.push(attendance.enter(lobby, attendee(`u${n}`), 0));
    for (let n = 1; n <= 500; n++) {
      outcomes.push(attendance.exit(lobby, attendee(`u${n}`), 0));
      outcomes.push(attendance.enter(lobby, attendee(`u${n}`), 0));
      outcomes.push(attendance.exit(lobby, attendee(`u${n}`), 0));
    }
    const members = (await Promise.all(outcomes)).map((outcome) => outcome.members);
    expect(members.slice(0, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
    expect(members.slice(1_000, 1_006)).toEqual([999, 1_000, 999, 998, 999, 998]);
    expect(members.at(-1)).toBe(500);
    expect(await attendance.count(lobby)).toBe(500);
  });

  test("calls that are made while others are under way keep their order too", async () => {
    const [a] = await openLiving(bed, "a");
    const { attendance } = a;
    const outcomes: Promise<Attended>[] = [];
    for (let turn = 0; turn < 20; turn++) {
      outcomes.push(attendance.enter(lobby, ann, LOOK_MAX));
      outcomes.push(attendance.exit(lobby, ann, LOOK_MAX));
      await attendance.count(lobby);
    }
    const members = (await Promise.all(outcomes)).map((outcome) => outcome.members);
    expect(members).toEqual(Array.from({ length: 40 }, (_, index) => 1 - (index % 2)));
  });

  test("rooms whose names share a prefix, and platforms of one user, stay apart", async () => {
    const [a] = await openLiving(bed, "a");
    await a.attendance.enter(room(1), ann, LOOK_MAX);
    await a.attendance.enter(room(10), ann, LOOK_MAX);
    expect((await a.attendance.enter(room(1), attendee("ann", 102), LOOK_MAX)).members).toBe(2);
    expect((await a.attendance.exit(room(1), ann, LOOK_MAX)).members).toBe(1);
    expect(await a.attendance.count(room(10))).toBe(1);
    expect(await a.attendance.count("room:" as ChannelId)).toBe(0);
  });

  test("users may have any name", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    for (const [index, name] of ODD_NAMES.entries()) {
      expect(await a.attendance.enter(lobby, attendee(name), LOOK_MAX)).toMatchObject({
        changed: true,
        members: index + 1,
      });
    }
    for (const name of ODD_NAMES) {
      expect((await b.attendance.enter(lobby, attendee(name), LOOK_MAX)).changed).toBe(false);
      expect((await b.attendance.exit(lobby, attendee(name), LOOK_MAX)).changed).toBe(false);
      expect((await a.attendance.exit(lobby, attendee(name), LOOK_MAX)).changed).toBe(true);
    }
    expect(await a.attendance.count(lobby)).toBe(0);
  });
}

function testOtherNodes(bed: ClusterBed): void {
  test("a user who is there through another node neither comes nor goes", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    expect(await a.attendance.enter(lobby, ann, LOOK_MAX)).toMatchObject({ changed: true, members: 1 });
    expect(await b.attendance.enter(lobby, bob, LOOK_MAX)).toMatchObject({ changed: true, members: 2 });
    expect(await b.attendance.enter(lobby, ann, LOOK_MAX)).toMatchObject({ changed: false, members: 3 });
    expect(await a.attendance.count(lobby)).toBe(3);
    expect(await a.attendance.exit(lobby, ann, LOOK_MAX)).toMatchObject({ changed: false, members: 2 });
    expect(await b.attendance.exit(lobby, ann, LOOK_MAX)).toMatchObject({ changed: true, members: 1 });
    expect(await a.attendance.exit(lobby, bob, LOOK_MAX)).toMatchObject({ members: 1 });
  });

  test("when two nodes lose a user at the same time, one of them is told", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    for (let turn = 0; turn < 50; turn++) {
      const came = await Promise.all([
        a.attendance.enter(lobby, ann, LOOK_MAX),
        b.attendance.enter(lobby, ann, LOOK_MAX),
      ]);
      expect(came.map(({ changed }) => changed).sort()).toEqual([false, true]);
      const went = await Promise.all([
        a.attendance.exit(lobby, ann, LOOK_MAX),
        b.attendance.exit(lobby, ann, LOOK_MAX),
      ]);
      expect(went.map(({ changed }) => changed).sort()).toEqual([false, true]);
    }
  });

  test("nodes are the others that are interested in the room, with or without users there", async () => {
    const [a, b, c] = await openLiving(bed, "a", "b", "c");
    for (const node of [a, b, c]) await node.log.join(lobby);
    await b.attendance.enter(lobby, bob, LOOK_MAX);
    expect(idsOf(await a.attendance.enter(lobby, ann, LOOK_MAX))).toEqual(["b", "c"]);
    expect(idsOf(await b.attendance.enter(lobby, ann, LOOK_MAX))).toEqual(["a", "c"]);
    await c.log.leave(lobby);
    expect(idsOf(await a.attendance.exit(lobby, ann, LOOK_MAX))).toEqual(["b"]);
  });
}

function testLookMax(bed: ClusterBed): void {
  test("nobody looks in rooms with more than lookMax members afterwards", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    expect(await a.attendance.enter(lobby, ann, 0)).toMatchObject({ changed: false, members: 1 });
    expect(await b.attendance.enter(lobby, bob, 2)).toMatchObject({ changed: true, members: 2 });
    expect(await b.attendance.enter(lobby, attendee("cat"), 2)).toMatchObject({ changed: false, members: 3 });
    expect(await b.attendance.exit(lobby, bob, 2)).toMatchObject({ changed: true, members: 2 });
    expect(await b.attendance.exit(lobby, attendee("cat"), 0)).toMatchObject({ changed: false, members: 1 });
    expect(await a.attendance.exit(lobby, ann, 0)).toMatchObject({ changed: true, members: 0 });
  });
}
