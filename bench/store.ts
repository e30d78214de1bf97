/**
 * The stores without a network: appends per second, and how long a commit holds up the event loop.
 *
 * 100-byte messages by 100 users to 100 channels, each with a seq to remember.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { type AppPlatform, type ChannelId, newMessageId, newNodeId, type UserId } from "../src/base/ids.ts";
import { HISTORY_AGE_SECONDS, HISTORY_COUNT_MAX, SEND_WINDOW_MS } from "../src/base/limits.ts";
import { silentLogger } from "../src/base/logger.ts";
import type { AppendRequest, Store } from "../src/core/channel-log.ts";
import { MemoryStore } from "../src/storage/memory/memory-store.ts";
import { RedisStore } from "../src/storage/redis/redis-store.ts";
import { SqliteStore } from "../src/storage/sqlite/sqlite-store.ts";
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { type RedisProcess, startRedis } from "./harness/redis-process.ts";

const CHANNELS = 100;
const TEXT = "x".repeat(100);
const MEMORY_TURN = 1_000;
/** Commits at most, so that one append a turn does not take minutes. */
const COMMITS_MAX = 10_000;
const BOUNDS = { countMax: HISTORY_COUNT_MAX, ageMs: HISTORY_AGE_SECONDS * 1_000 };

export const bench: Bench = {
  name: "store",
  question:
    "How many messages a second does each store append, what holds up the event loop, and what does Redis need for it?",
  flags: {
    turns: { default: "1,10,100,1000", help: "appends in one turn of the event loop, for SQLite and Redis" },
    appends: { default: 300_000, max: 1_000_000, help: "appends to SQLite per row, at most" },
    "redis-appends": { default: 100_000, max: 1_000_000, help: "appends to Redis per row, at most" },
    inboxes: { default: 100_000, max: 1_000_000, help: "inboxes without messages that join in Redis" },
    "memory-appends": { default: 1_000_000, max: 3_000_000, help: "appends to the memory store" },
  },
  run,
};

async function run(context: BenchContext): Promise<Outcome> {
  const results: object[] = [];
  for (const turn of listFlag(context, "turns")) {
    const row = await benchSqlite(context, Number(turn));
    context.progress(`store: ${JSON.stringify(row)}`);
    results.push(row);
  }
  for (const row of await benchRedis(context)) {
    context.progress(`store: ${JSON.stringify(row)}`);
    results.push(row);
  }
  // Last, since the heap it leaves behind would slow the others down.
  results.push(await benchMemory(numberFlag(context, "memory-appends")));
  return { results, ratios: {} };
}

function request(n: number, windowMs = SEND_WINDOW_MS): AppendRequest {
  const draft = {
    id: newMessageId(),
    seq: `1569080188418-${n}`,
    from: `user-${n % CHANNELS}` as UserId,
    appPlatform: 101 as AppPlatform,
    type: "text",
    msg: TEXT,
  } as const;
  return { channel: `room:${(n * 7) % CHANNELS}` as ChannelId, draft, windowMs };
}

/** Appends `perTurn` at once, waits for the answers, and so on. Making the requests is not counted. */
async function appendsPerSecond(
  store: Store,
  appends: number,
  perTurn: number,
  windowMs = SEND_WINDOW_MS,
): Promise<number> {
  let elapsedMs = 0;
  for (let n = 0; n < appends; n += perTurn) {
    const requests = Array.from({ length: perTurn }, (_, index) => request(n + index, windowMs));
    const startedAt = performance.now();
    await Promise.all(requests.map((each) => store.append(each)));
    elapsedMs += performance.now() - startedAt;
  }
  return Math.round((appends / elapsedMs) * 1_000);
}

async function benchMemory(appends: number): Promise<object> {
  const store = new MemoryStore({ clock: systemClock, ...BOUNDS });
  const perSecond = await appendsPerSecond(store, appends, MEMORY_TURN);
  await store.close();
  return { store: "memory", perTurn: MEMORY_TURN, appends, appendsPerSecond: perSecond };
}

async function benchSqlite(context: BenchContext, perTurn: number): Promise<object> {
  const dataDir = await mkdtemp(join(context.tempDir, "store-"));
  const commitMs: number[] = [];
  const onCommit = (durationMs: number) => commitMs.push(durationMs);
  const store = SqliteStore.open(dataDir, { clock: systemClock, log: silentLogger, onCommit, ...BOUNDS });
  const appends = Math.min(numberFlag(context, "appends"), COMMITS_MAX * perTurn);
  const perSecond = await appendsPerSecond(store, appends, perTurn);
  await store.close();
  await rm(dataDir, { recursive: true });
  commitMs.sort((a, b) => a - b);
  const quantile = (q: number) => Number((commitMs[Math.floor((commitMs.length - 1) * q)] ?? 0).toFixed(3));
  const transactionMs = { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
  return { store: "sqlite", perTurn, appends, appendsPerSecond: perSecond, transactionMs };
}

/** Nothing if there is no redis-server here. */
async function benchRedis(context: BenchContext): Promise<object[]> {
  const rows: object[] = [];
  for (const appendFsync of ["everysec", "always"] as const) {
    for (const turn of listFlag(context, "turns")) {
      const redis = await startRedis(context, appendFsync);
      if (redis === undefined) return [{ store: "redis", skipped: "redis-server is not installed" }];
      rows.push(await benchRedisAppends(context, redis, appendFsync, Number(turn)));
      await redis.end();
    }
  }
  const redis = await startRedis(context, "everysec");
  if (redis !== undefined) {
    rows.push(await benchRedisMemory(context, redis));
    await redis.end();
  }
  return rows;
}

function openRedisStore({ connection }: RedisProcess): RedisStore {
  return new RedisStore({ connection, nodeId: newNodeId(), clock: systemClock, ...BOUNDS });
}

async function benchRedisAppends(
  context: BenchContext,
  redis: RedisProcess,
  appendFsync: string,
  perTurn: number,
): Promise<object> {
  const store = openRedisStore(redis);
  await appendsPerSecond(store, perTurn, perTurn);
  const before = await redis.number("evalsha:calls");
  const [cpu, busyUs] = [process.cpuUsage(), await redis.number("evalsha:usec")];
  const appends = Math.min(numberFlag(context, "redis-appends"), COMMITS_MAX * perTurn);
  const perSecond = await appendsPerSecond(store, appends, perTurn);
  const { user, system } = process.cpuUsage(cpu);
  const perAppend = (total: number) => Number((total / appends).toFixed(4));
  const row = {
    store: "redis",
    appendFsync,
    perTurn,
    appends,
    appendsPerSecond: perSecond,
    callsPerAppend: perAppend((await redis.number("evalsha:calls")) - before),
    redisUsPerAppend: perAppend((await redis.number("evalsha:usec")) - busyUs),
    nodeCpuUsPerAppend: perAppend(user + system),
  };
  await store.close();
  return row;
}

/** Bytes of Redis' memory, by its own count. */
async function benchRedisMemory(context: BenchContext, redis: RedisProcess): Promise<object> {
  const store = openRedisStore(redis);
  const messages = numberFlag(context, "redis-appends");
  const inboxes = numberFlag(context, "inboxes");
  const bytesOf = async (count: number, work: () => Promise<unknown>) => {
    const before = await redis.number("used_memory");
    await work();
    return Math.round(((await redis.number("used_memory")) - before) / count);
  };
  const perMessage = await bytesOf(messages, () => appendsPerSecond(store, messages, 1_000, 0));
  const perRememberedMessage = await bytesOf(messages, () => appendsPerSecond(store, messages, 1_000));
  const startedAt = performance.now();
  const perInbox = await bytesOf(inboxes, async () => {
    for (let n = 0; n < inboxes; n += 1_000) {
      const joins = Array.from({ length: 1_000 }, (_, index) =>
        store.join(`inbox:user-${n + index}` as ChannelId),
      );
      await Promise.all(joins);
    }
  });
  const joinsPerSecond = Math.round((inboxes / (performance.now() - startedAt)) * 1_000);
  await store.close();
  return {
    store: "redis",
    messages,
    inboxes,
    joinsPerSecond,
    bytes: { perMessage, perRememberedMessage, perInbox },
  };
}
