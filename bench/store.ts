/**
 * The stores without a network: appends per second, and how long a commit holds up the event loop.
 *
 * 100-byte messages by 100 users to 100 channels, each with a seq to remember.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { type AppPlatform, type ChannelId, newMessageId, type UserId } from "../src/base/ids.ts";
import { HISTORY_AGE_SECONDS, HISTORY_COUNT_MAX, SEND_WINDOW_MS } from "../src/base/limits.ts";
import { silentLogger } from "../src/base/logger.ts";
import type { AppendRequest, Store } from "../src/core/channel-log.ts";
import { MemoryStore } from "../src/storage/memory/memory-store.ts";
import { SqliteStore } from "../src/storage/sqlite/sqlite-store.ts";
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";

const CHANNELS = 100;
const TEXT = "x".repeat(100);
const MEMORY_TURN = 1_000;
/** Commits at most, so that one append a turn does not take minutes. */
const COMMITS_MAX = 10_000;
const BOUNDS = { countMax: HISTORY_COUNT_MAX, ageMs: HISTORY_AGE_SECONDS * 1_000 };

export const bench: Bench = {
  name: "store",
  question:
    "How many messages a second does each store append, and how long does a commit hold up the event loop?",
  flags: {
    turns: { default: "1,10,100,1000", help: "appends in one turn of the event loop, for SQLite" },
    appends: { default: 300_000, max: 1_000_000, help: "appends to SQLite per row, at most" },
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
  // Last, since the heap it leaves behind would slow the others down.
  results.push(await benchMemory(numberFlag(context, "memory-appends")));
  return { results, ratios: {} };
}

function request(n: number): AppendRequest {
  const draft = {
    id: newMessageId(),
    seq: `1569080188418-${n}`,
    from: `user-${n % CHANNELS}` as UserId,
    appPlatform: 101 as AppPlatform,
    type: "text",
    msg: TEXT,
  } as const;
  return { channel: `room:${(n * 7) % CHANNELS}` as ChannelId, draft, windowMs: SEND_WINDOW_MS };
}

/** Appends `perTurn` at once, waits for the answers, and so on. Making the requests is not counted. */
async function appendsPerSecond(store: Store, appends: number, perTurn: number): Promise<number> {
  let elapsedMs = 0;
  for (let n = 0; n < appends; n += perTurn) {
    const requests = Array.from({ length: perTurn }, (_, index) => request(n + index));
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
