/**
 * Resync: what it costs a node to look again at all its open channels, as after a link broke or a peer died: only for messages that it may have
 * missed (Delivery.findMissed()), or noting its interest anew as well (resync()). Nothing was missed: that is what nearly every
 * look finds in nearly every channel.
 */
import { systemClock } from "../src/base/clock.ts";
import { type AppPlatform, type ChannelId, newMessageId, newNodeId, type UserId } from "../src/base/ids.ts";
import { silentLogger } from "../src/base/logger.ts";
import { Delivery } from "../src/core/delivery.ts";
import { RedisStore } from "../src/storage/redis/redis-store.ts";
import { type Bench, type BenchContext, numberFlag, type Outcome } from "./harness/bench.ts";
import { type RedisProcess, startRedis } from "./harness/redis-process.ts";
import { ratios, spread } from "./harness/statistics.ts";

const AT_ONCE = 1_000;

export const bench: Bench = {
  name: "resync",
  question: "What does a node spend, and what does Redis, to look again at all open channels?",
  flags: {
    channels: { default: 17_500, max: 100_000, help: "open channels of the node: an inbox for each user" },
    written: { default: 10, max: 100, help: "percent of them that have messages" },
    rounds: { default: 15, max: 100, help: "looks of each kind, which take turns" },
  },
  run,
};

interface Look {
  readonly ms: number;
  readonly nodeUsPerChannel: number;
  readonly redisUsPerChannel: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  const redis = await startRedis(context, "everysec");
  if (redis === undefined) throw new Error("Redis is not installed, and the bench is about it");
  const channels = numberFlag(context, "channels");
  const delivery = await openAll(redis, channels, numberFlag(context, "written") / 100);
  const looks = { resync: [] as Look[], findMissed: [] as Look[] };
  for (let round = 0; round < numberFlag(context, "rounds"); round++) {
    looks.resync.push(await measure(redis, channels, () => delivery.resync()));
    looks.findMissed.push(await measure(redis, channels, () => delivery.findMissed()));
    context.progress(`round ${round + 1}: ${JSON.stringify([looks.resync.at(-1), looks.findMissed.at(-1)])}`);
  }
  if (delivery.gapsFilled > 0) throw new Error("Nothing was missing, and yet something was looked for");
  await redis.end();
  const results = Object.entries(looks).map(([look, all]) => ({
    look,
    ms: spread(all.map(({ ms }) => ms)),
    nodeUsPerChannel: spread(all.map(({ nodeUsPerChannel }) => nodeUsPerChannel)),
    redisUsPerChannel: spread(all.map(({ redisUsPerChannel }) => redisUsPerChannel)),
  }));
  const compared = (field: keyof Look) =>
    ratios(
      looks.findMissed.map((look) => look[field]),
      looks.resync.map((look) => look[field]),
    );
  return {
    results,
    ratios: {
      "findMissed to resync": {
        ms: compared("ms"),
        nodeUsPerChannel: compared("nodeUsPerChannel"),
        redisUsPerChannel: compared("redisUsPerChannel"),
      },
    },
  };
}

async function openAll({ connection }: RedisProcess, channels: number, written: number): Promise<Delivery> {
  const store = new RedisStore({
    connection,
    nodeId: newNodeId(),
    clock: systemClock,
    countMax: 1_000,
    ageMs: 3_600_000,
  });
  const fanout = { publish: () => {} };
  const delivery = new Delivery({ log: store, fanout, logger: silentLogger, clock: systemClock });
  for (let first = 0; first < channels; first += AT_ONCE) {
    const some = Array.from(
      { length: Math.min(AT_ONCE, channels - first) },
      (_, n) => `inbox:user-${first + n}` as ChannelId,
    );
    await Promise.all(
      some.slice(0, some.length * written).map((channel) => {
        const from = "ann" as UserId;
        const id = newMessageId();
        const draft = { id, seq: "", from, appPlatform: 101 as AppPlatform, type: "text", msg: "x" } as const;
        return store.append({ channel, draft, windowMs: 0 });
      }),
    );
    await Promise.all(some.flatMap((channel) => delivery.open(channel) ?? []));
  }
  return delivery;
}

async function measure(redis: RedisProcess, channels: number, look: () => Promise<void>): Promise<Look> {
  const redisBefore = await redisUs(redis);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await look();
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    ms,
    nodeUsPerChannel: (user + system) / channels,
    redisUsPerChannel: ((await redisUs(redis)) - redisBefore) / channels,
  };
}

/** Time in which Redis ran what a look asks of it. */
async function redisUs(redis: RedisProcess): Promise<number> {
  return (await redis.number("evalsha:usec")) + (await redis.number("eval:usec"));
}
