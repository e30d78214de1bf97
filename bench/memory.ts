/**
 * Memory of idle connections: the server's RSS after 10,000 connections minus before, on a fresh
 * server each time. The kernel's memory for sockets is not in it, nor are the clients: they live in
 * another process.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import { type MemoryCost, openFiles, settledMemory } from "./harness/process-cost.ts";
import { startRedis } from "./harness/redis-process.ts";
import { ServerProcess } from "./harness/server-process.ts";
import { median, spread } from "./harness/statistics.ts";

const SETTLE = { stableMs: 3_000, deadlineMs: 30_000, stepBytes: 256 * 1024 };
/** A login announced or counted to others is still work, and memory, in flight. */
const QUIET = { kind: "quiet", quietMs: 1_500, deadlineMs: 30_000 } as const;

const ROWS = ["bare-idle", "bare-member", "prim-connected", "prim-member", "prim-member-redis"] as const;
type Row = (typeof ROWS)[number];
const MEMBERS: ReadonlySet<Row> = new Set(["prim-member", "prim-member-redis"]);

export const bench: Bench = {
  name: "memory",
  question:
    "How many bytes of the server's RSS does an idle connection take: bare, subscribed, connected to prim, and logged in, also to one of a cluster?",
  flags: {
    connections: { default: 10_000, max: 19_000, help: "connections; a process may open 20,000 files" },
    "in-flight": { default: 64, max: 1_024, help: "handshakes and logins at a time" },
    repeats: { default: 3, max: 20, help: "fresh servers per row" },
    rows: { default: ROWS.join(), help: "what to measure" },
  },
  run,
};

interface Sample {
  readonly bytesPerConnection: number;
  readonly anonymousBytesPerConnection: number;
  /** The second half of the connections alone: without what a server allocates once. */
  readonly marginalBytesPerConnection: number;
  readonly rssBeforeMib: number;
  readonly stable: boolean;
}

async function run(context: BenchContext): Promise<Outcome> {
  const rows = listFlag(context, "rows") as Row[];
  const samples = new Map<Row, Sample[]>(rows.map((row) => [row, []]));
  for (let repeat = 0; repeat < numberFlag(context, "repeats"); repeat++) {
    for (const row of rows) {
      const sample = await measure(context, row);
      samples.get(row)?.push(sample);
      context.progress(`${row}: ${Math.round(sample.bytesPerConnection)} bytes per connection`);
    }
  }
  const results = rows.map((row) => {
    const of = (key: Exclude<keyof Sample, "stable">) =>
      spread((samples.get(row) ?? []).map((one) => one[key]));
    return {
      row,
      bytesPerConnection: of("bytesPerConnection"),
      anonymousBytesPerConnection: of("anonymousBytesPerConnection"),
      marginalBytesPerConnection: of("marginalBytesPerConnection"),
      rssBeforeMib: of("rssBeforeMib"),
    };
  });
  const bytes = (row: Row): number =>
    median((samples.get(row) ?? []).map(({ bytesPerConnection }) => bytesPerConnection));
  const ratios: Record<string, number> = {};
  for (const [row, bar] of [
    ["prim-connected", "bare-idle"],
    ["prim-member", "bare-member"],
    ["prim-member-redis", "bare-member"],
  ] as const) {
    if (samples.has(row) && samples.has(bar)) ratios[`${row} to ${bar}`] = bytes(row) / bytes(bar);
  }
  const notes = rows
    .filter((row) => samples.get(row)?.some(({ stable }) => !stable))
    .map((row) => `RSS of ${row} still moved at its deadline.`);
  return { results, ratios, notes };
}

async function measure(context: BenchContext, row: Row): Promise<Sample> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startRow(context, row, stack));
  await using clients = new Clients(context.children);
  const half = Math.ceil(numberFlag(context, "connections") / 2);
  const inFlight = numberFlag(context, "in-flight");
  const add = async (): Promise<MemoryCost & { stable: boolean }> => {
    await clients.call({ kind: "connect", url: server.url, count: half, inFlight });
    if (MEMBERS.has(row)) {
      await clients.call({ kind: "login", count: half, inFlight, appPlatform: 101, userPrefix: "user-" });
    }
    await clients.call(QUIET);
    return await settledMemory(server.pid, SETTLE);
  };
  const before = await settledMemory(server.pid, SETTLE);
  const middle = await add();
  const after = await add();
  if (openFiles(server.pid) < 2 * half)
    throw new Error("The server holds fewer connections than were opened");
  return {
    bytesPerConnection: (after.rssBytes - before.rssBytes) / (2 * half),
    anonymousBytesPerConnection: (after.anonymousBytes - before.anonymousBytes) / (2 * half),
    marginalBytesPerConnection: (after.rssBytes - middle.rssBytes) / half,
    rssBeforeMib: before.rssBytes / 1024 ** 2,
    stable: before.stable && middle.stable && after.stable,
  };
}

async function startRow(
  context: BenchContext,
  row: Row,
  stack: AsyncDisposableStack,
): Promise<ServerProcess> {
  switch (row) {
    case "bare-idle":
      return await ServerProcess.bare(context, "idle");
    case "bare-member":
      return await ServerProcess.bare(context, "member");
    case "prim-connected":
    case "prim-member":
      return await ServerProcess.prim(context, "memory");
    case "prim-member-redis": {
      const redis = await startRedis(context, "everysec");
      if (redis === undefined) throw new Error(`Cannot measure ${row}: redis-server is not installed`);
      stack.defer(() => redis.end());
      return await ServerProcess.prim(context, "memory", { PRIM_REDIS_URL: redis.url });
    }
    default:
      throw new Error(`No such row: "${String(row)}", allowed are ${ROWS.join(", ")}`);
  }
}
