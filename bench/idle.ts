/**
 * Idle: what a server costs that has nothing to do, in CPU time and in wake-ups, thread by thread. A machine that holds a million
 * connections in processes of 20,000 has dozens of them.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { type ThreadCost, threadCosts } from "./harness/process-cost.ts";
import { startRedis } from "./harness/redis-process.ts";
import { RUNTIME_ENV } from "./harness/runtime-env.ts";
import { ServerProcess } from "./harness/server-process.ts";
import { spread } from "./harness/statistics.ts";

/** `-plain`: without what the `start` script tells the runtime. */
const ROWS = ["bare", "prim", "prim-redis", "prim-redis-plain"] as const;
type Row = (typeof ROWS)[number];
const PLAIN_ENV = Object.fromEntries(Object.keys(RUNTIME_ENV).map((name) => [name, undefined]));

export const bench: Bench = {
  name: "idle",
  question: "What does a server cost that has nothing to do: bare, prim, and a node of a cluster?",
  flags: {
    "warm-up-seconds": { default: 8, max: 60, help: "from the start to the measurement" },
    seconds: { default: 20, max: 120, help: "length of a measurement" },
    repeats: { default: 1, max: 20, help: "fresh servers per row" },
    rows: { default: ROWS.join(), help: "what to measure" },
  },
  run,
};

interface Sample {
  readonly cpuMsPerSecond: number;
  readonly wakeUpsPerSecond: number;
  /** CPU alone, of all threads of a name. */
  readonly cpuMsPerSecondByThread: Readonly<Record<string, number>>;
}

async function run(context: BenchContext): Promise<Outcome> {
  const rows = listFlag(context, "rows") as Row[];
  const samples = new Map<Row, Sample[]>(rows.map((row) => [row, []]));
  for (let repeat = 0; repeat < numberFlag(context, "repeats"); repeat++) {
    for (const row of rows) {
      const sample = await measure(context, row);
      samples.get(row)?.push(sample);
      context.progress(`${row}: ${sample.cpuMsPerSecond.toFixed(2)} ms of CPU per second`);
    }
  }
  const results = rows.map((row) => {
    const all = samples.get(row) ?? [];
    return {
      row,
      cpuMsPerSecond: spread(all.map((one) => one.cpuMsPerSecond)),
      wakeUpsPerSecond: spread(all.map((one) => one.wakeUpsPerSecond)),
      cpuMsPerSecondByThread: all.at(-1)?.cpuMsPerSecondByThread,
    };
  });
  return { results, ratios: {}, notes: [] };
}

async function measure(context: BenchContext, row: Row): Promise<Sample> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await start(context, stack, row));
  await Bun.sleep(numberFlag(context, "warm-up-seconds") * 1_000);
  const before = threadCosts(server.pid);
  const startedAt = performance.now();
  await Bun.sleep(numberFlag(context, "seconds") * 1_000);
  const seconds = (performance.now() - startedAt) / 1_000;
  const spent = [...threadCosts(server.pid)].map(([id, now]) => minus(now, before.get(id)));
  const byThread: Record<string, number> = {};
  for (const { name, cpuMs } of spent) byThread[name] = (byThread[name] ?? 0) + cpuMs / seconds;
  return {
    cpuMsPerSecond: spent.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / seconds,
    wakeUpsPerSecond: spent.reduce((sum, { wakeUps }) => sum + wakeUps, 0) / seconds,
    cpuMsPerSecondByThread: byThread,
  };
}

async function start(context: BenchContext, stack: AsyncDisposableStack, row: Row): Promise<ServerProcess> {
  if (row === "bare") return ServerProcess.bare(context, "idle");
  if (row === "prim") return ServerProcess.prim(context, "memory");
  const redis = await startRedis(context, "everysec");
  if (redis === undefined) throw new Error(`Redis is not installed, which the row needs: "${row}"`);
  stack.defer(() => redis.end());
  const env = row === "prim-redis-plain" ? PLAIN_ENV : {};
  return ServerProcess.prim(context, "memory", { PRIM_REDIS_URL: redis.url, ...env });
}

function minus(now: ThreadCost, before: ThreadCost | undefined): ThreadCost {
  const { cpuMs = 0, wakeUps = 0 } = before ?? {};
  return { name: now.name, cpuMs: now.cpuMs - cpuMs, wakeUps: now.wakeUps - wakeUps };
}
