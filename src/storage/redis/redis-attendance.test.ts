import { afterEach, expect, test } from "bun:test";
import { attendee, type BedNode, openLiving, room } from "../../../test/contract/cluster-bed.ts";
import { refusalOf } from "../../../test/contract/store-bed.ts";
import { describeWith } from "../../../test/parts.ts";
import { addressOf } from "../../../test/redis/redis-bed.ts";
import { RedisClusterBed } from "../../../test/redis/redis-cluster-bed.ts";
import { sharedRedisServer } from "../../../test/redis/redis-server.ts";
import { ATTENDANCE_CALLS_PER_SCRIPT, ATTENDANCE_QUEUE_MAX } from "../../base/limits.ts";
import type { Attended } from "../../core/attendance.ts";

const UNAVAILABLE = { name: "PrimError", code: "unavailable", reason: "STORE_FAILED" };
const lobby = room("lobby");
const ann = attendee("ann");

describeWith("redis-server", "RedisAttendance on Redis", () => {
  const server = sharedRedisServer();
  const bed = new RedisClusterBed(async () => addressOf(await server()));
  afterEach(() => bed.clear());

  const enterMany = ({ attendance }: BedNode, count: number): Promise<Attended>[] =>
    Array.from({ length: count }, (_, n) => attendance.enter(lobby, attendee(`u${n}`), 0));

  test("calls of one turn share scripts, those for other rooms go beside", async () => {
    const [a] = await openLiving(bed, "a");
    const { admin } = await server();
    await a.attendance.enter(lobby, ann, 0);
    await admin.config("RESETSTAT");
    const elsewhere = a.attendance.enter(room("elsewhere"), ann, 0);
    await Promise.all([elsewhere, ...enterMany(a, 4 * ATTENDANCE_CALLS_PER_SCRIPT)]);
    const stats = await admin.info("commandstats");
    expect(stats).toMatch(/^cmdstat_evalsha:calls=5,/m);
  });

  test("enter() is refused beyond ATTENDANCE_QUEUE_MAX waiting calls, and works again afterwards", async () => {
    const [a] = await openLiving(bed, "a");
    const calls = enterMany(a, ATTENDANCE_QUEUE_MAX);
    expect(await refusalOf(a.attendance.enter(lobby, ann, 0))).toMatchObject(UNAVAILABLE);
    expect(await refusalOf(a.attendance.exit(room("other"), ann, 0))).toMatchObject(UNAVAILABLE);
    expect((await Promise.all(calls)).at(-1)?.members).toBe(ATTENDANCE_QUEUE_MAX);
    expect((await a.attendance.enter(lobby, ann, 0)).members).toBe(ATTENDANCE_QUEUE_MAX + 1);
  });

  test("order holds when Redis forgets its scripts", async () => {
    const [a] = await openLiving(bed, "a");
    const { admin } = await server();
    const outcomes: Promise<Attended>[] = [];
    for (let turn = 0; turn < 20; turn++) {
      outcomes.push(a.attendance.enter(lobby, ann, 10), a.attendance.exit(lobby, ann, 10));
      await admin.script("FLUSH");
    }
    const members = (await Promise.all(outcomes)).map((outcome) => outcome.members);
    expect(members).toEqual(Array.from({ length: 40 }, (_, index) => 1 - (index % 2)));
  });

  test("calls are refused with unavailable while Redis hangs, and those that wait behind them with them", async () => {
    const [patient] = await openLiving(bed, "a");
    const a = await bed.open("a", 300);
    const redis = await server();
    redis.signal("SIGSTOP");
    const startedAt = performance.now();
    const refused = await Promise.allSettled(enterMany(a, 50 * ATTENDANCE_CALLS_PER_SCRIPT));
    expect(performance.now() - startedAt).toBeLessThan(50 * 300);
    for (const outcome of refused) expect(outcome).toMatchObject({ status: "rejected", reason: UNAVAILABLE });
    expect(await refusalOf(a.attendance.count(lobby))).toMatchObject(UNAVAILABLE);
    redis.signal("SIGCONT");
    // The script that was under way ran when Redis went on, and the others never.
    expect((await patient.attendance.enter(lobby, ann, 0)).members).toBe(ATTENDANCE_CALLS_PER_SCRIPT + 1);
    expect((await a.attendance.exit(lobby, ann, 0)).members).toBe(ATTENDANCE_CALLS_PER_SCRIPT);
  });

  test("enter() and exit() work where Redis has no memory left", async () => {
    const [a] = await openLiving(bed, "a");
    const { admin } = await server();
    await a.attendance.enter(lobby, ann, 10);
    await admin.config("SET", "maxmemory", "1");
    try {
      expect(await refusalOf(admin.set("x", "1"))).toBeInstanceOf(Error);
      expect(await a.attendance.enter(lobby, attendee("bob"), 10)).toMatchObject({ members: 2 });
      expect(await a.attendance.exit(lobby, ann, 10)).toMatchObject({ changed: true, members: 1 });
    } finally {
      await admin.config("SET", "maxmemory", "256mb");
    }
  });

  test("a room that all have left leaves nothing in Redis", async () => {
    const nodes = await openLiving(bed, "a", "b");
    const before = await bed.keys();
    for (const node of nodes) await Promise.all(enterMany(node, 300));
    expect((await bed.keys()).length).toBe(before.length + 3);
    for (const { attendance } of nodes) {
      for (let n = 0; n < 300; n++) await attendance.exit(lobby, attendee(`u${n}`), 0);
    }
    expect(await bed.keys()).toEqual(before);
  });
});
