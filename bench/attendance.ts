/**
 * Attendance in Redis: comings and goings of one room by one node, all at once, as after a restart of a proxy.
 *
 * Rooms of different sizes take turns, so that what else the machine does hits them alike. Redis is one of the bench's own.
 */
import { systemClock } from "../src/base/clock.ts";
import type { AppPlatform, ChannelId, NodeId, UserId } from "../src/base/ids.ts";
import { REDIS_TIMEOUT_MS, ROOM_ANNOUNCE_MAX } from "../src/base/limits.ts";
import { silentLogger } from "../src/base/logger.ts";
import type { Attendee } from "../src/core/attendance.ts";
import { RedisAttendance } from "../src/storage/redis/redis-attendance.ts";
import { RedisConnection } from "../src/storage/redis/redis-connection.ts";
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { freePort } from "./harness/free-port.ts";
import { ratios, spread } from "./harness/statistics.ts";

const HOST = "127.0.0.1";
const KEY_PREFIX = "bench:";
/** Below ATTENDANCE_QUEUE_MAX. */
const FILL_AT_ONCE = 20_000;

export const bench: Bench = {
  name: "attendance",
  question:
    "How many users a second enter and leave a room through one node, and does the room's size matter?",
  flags: {
    members: {
      default: "1000,100000",
      help: "users who stay in the room; its sizes are compared with the first",
    },
    calls: { default: 10_000, max: 60_000, help: "users who enter, and then leave, at once" },
    rounds: { default: 15, max: 100, help: "of each room" },
    nodes: { default: 3, max: 64, help: "nodes that share the room's users" },
    redis: { default: "redis-server", help: "the program" },
  },
  run,
};

async function run(context: BenchContext): Promise<Outcome> {
  const connection = await openRedis(context);
  const rounds = numberFlag(context, "rounds");
  const sizes = listFlag(context, "members").map(Number);
  const rooms = sizes.map((members) => new Room(connection, context, members));
  for (const room of rooms) await room.fill();
  for (let round = 0; round < rounds; round++) {
    for (const room of rooms) await room.measure();
    context.progress(`round ${round + 1} of ${rounds}`);
  }
  await connection.close();
  const results = rooms.map((room) => room.result());
  const [first, ...others] = rooms;
  const compared = others.map((room) => ({
    members: room.members,
    entersBesideFirst: ratios(room.enters, first?.enters ?? []),
    exitsBesideFirst: ratios(room.exits, first?.exits ?? []),
  }));
  return { results, ratios: compared };
}

class Room {
  readonly members: number;
  /** A second, by round. */
  readonly enters: number[] = [];
  readonly exits: number[] = [];
  readonly #calls: number;
  readonly #id: ChannelId;
  readonly #nodes: RedisAttendance[];

  constructor(connection: RedisConnection, context: BenchContext, members: number) {
    this.members = members;
    this.#calls = numberFlag(context, "calls");
    this.#id = `room:${members}` as ChannelId;
    this.#nodes = Array.from(
      { length: numberFlag(context, "nodes") },
      (_, n) => new RedisAttendance(connection, { nodeId: `node${n}` as NodeId, clock: systemClock }),
    );
  }

  async fill(): Promise<void> {
    for (let n = 0; n < this.members; n += FILL_AT_ONCE) {
      const count = Math.min(FILL_AT_ONCE, this.members - n);
      const users = Array.from({ length: count }, (_, index) => attendee(`stays-${n + index}`));
      await Promise.all(
        users.map((user, index) => this.#node(n + index).enter(this.#id, user, ROOM_ANNOUNCE_MAX)),
      );
    }
  }

  async measure(): Promise<void> {
    const node = this.#node(0);
    const users = Array.from({ length: this.#calls }, (_, n) => attendee(`passes-${n}`));
    this.enters.push(
      await this.#perSecond(users.length, () =>
        Promise.all(users.map((user) => node.enter(this.#id, user, ROOM_ANNOUNCE_MAX))),
      ),
    );
    this.exits.push(
      await this.#perSecond(users.length, () =>
        Promise.all(users.map((user) => node.exit(this.#id, user, ROOM_ANNOUNCE_MAX))),
      ),
    );
  }

  result() {
    return {
      members: this.members,
      entersPerSecond: spread(this.enters),
      exitsPerSecond: spread(this.exits),
    };
  }

  #node(n: number): RedisAttendance {
    return this.#nodes[n % this.#nodes.length] as RedisAttendance;
  }

  async #perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
    const startedAt = performance.now();
    await work();
    return Math.round((count / (performance.now() - startedAt)) * 1_000);
  }
}

async function openRedis(context: BenchContext): Promise<RedisConnection> {
  const port = await freePort();
  const options = ["--bind", HOST, "--port", String(port), "--save", "", "--maxmemory", "512mb"];
  context.children.spawn([String(context.flags["redis"]), ...options, "--dir", context.tempDir], {
    stdout: "ignore",
    stderr: "inherit",
  });
  // It tries again until the server listens.
  return RedisConnection.open({
    address: { mode: "standalone", hosts: [{ host: HOST, port }], database: 0 },
    keyPrefix: KEY_PREFIX,
    callTimeoutMs: REDIS_TIMEOUT_MS,
    clock: systemClock,
    log: silentLogger,
  });
}

function attendee(userId: string): Attendee {
  return { userId: userId as UserId, appPlatform: 101 as AppPlatform };
}
