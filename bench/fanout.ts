/**
 * Fan-out: one message to a room of 1,000, on prim and on bare `Bun.serve` publish with frames of
 * the size that prim delivers. Both sides get the same number of messages per event-loop turn (the
 * window), take turns on the machine, and are compared pair by pair.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import type { FanOutResult } from "./harness/commands.ts";
import { clientNotes, Samples } from "./harness/interleaved.ts";
import { ServerProcess } from "./harness/server-process.ts";
import type { Spread } from "./harness/statistics.ts";

const CHANNEL = "room:101";
const APP_PLATFORM = 101;
const WARM_UP_MS = 1_000;
/** Longer than the period of `members` frames, which follow logins into a big room. */
const QUIET = { kind: "quiet", quietMs: 1_500, deadlineMs: 30_000 } as const;

export const bench: Bench = {
  name: "fanout",
  question:
    "How many deliveries per second, and how much server CPU per delivery, to a room of 1,000 at 100-byte texts, beside bare publish?",
  flags: {
    receivers: { default: 1_000, max: 15_000, help: "members of the room who receive" },
    "text-bytes": { default: 100, max: 10_000, help: "length of the message text" },
    windows: { default: "1,10,50", help: "messages per batch, one measurement each" },
    repeats: { default: 15, max: 50, help: "measurements per row and window" },
    "repeat-ms": { default: 500, max: 20_000, help: "length of one measurement" },
    rows: { default: "bare,bare-small,memory,sqlite", help: "servers to measure; bare is the bar" },
    "frame-bytes": { default: 300, max: 20_000, help: "frames of bare if prim is not among the rows" },
  },
  run,
};

interface Contestant {
  readonly row: string;
  readonly server: ServerProcess;
  readonly clients: Clients;
  readonly frameBytes: number;
}

/** One measurement. */
interface Sample {
  readonly deliveriesPerSecond: number;
  readonly serverCpuUs: number;
  readonly serverCoreShare: number;
  readonly clientCoreShare: number;
  readonly batchP50Us: number;
  readonly batchP99Us: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  const rows = listFlag(context, "rows");
  const windows = listFlag(context, "windows").map(Number);
  await using contestants = new AsyncDisposableStack();
  const field: Contestant[] = [];
  let frameBytes = numberFlag(context, "frame-bytes");
  // prim first: the size of its frames is the size of bare's.
  for (const row of [...rows].sort((a, b) => Number(a.startsWith("bare")) - Number(b.startsWith("bare")))) {
    const contestant = await enter(context, contestants, row, frameBytes);
    if (!row.startsWith("bare")) frameBytes = Math.round(contestant.frameBytes);
    field.push(contestant);
    context.progress(`${row}: ready, frames of ${contestant.frameBytes.toFixed(1)} bytes`);
  }

  const samples = await Samples.take<Sample>({
    rows: field.map(({ row }) => row),
    windows,
    repeats: numberFlag(context, "repeats"),
    measure: async (row, window) => {
      const contestant = field.find((one) => one.row === row) as Contestant;
      const sample = await measure(context, contestant, window);
      const rate = Math.round(sample.deliveriesPerSecond);
      context.progress(
        `${row}, window ${window}: ${rate}/s, ${sample.serverCpuUs.toFixed(3)} us of server CPU each`,
      );
      return sample;
    },
  });
  return outcome(field, windows, samples);
}

async function enter(
  context: BenchContext,
  stack: AsyncDisposableStack,
  row: string,
  frameBytes: number,
): Promise<Contestant> {
  const server = stack.use(await startRow(context, row, frameBytes));
  const clients = stack.use(new Clients(context.children));
  const count = numberFlag(context, "receivers") + 1;
  await clients.call({ kind: "connect", url: server.url, count, inFlight: 64 });
  if (!row.startsWith("bare")) {
    const userPrefix = "user-";
    await clients.call({ kind: "login", count, inFlight: 50, appPlatform: APP_PLATFORM, userPrefix });
  }
  await clients.call(QUIET);
  const warm = await load(context, clients, 10, WARM_UP_MS);
  if (!row.startsWith("bare") && !warm.sample.includes(messageText(context))) {
    throw new Error(`Delivered frame lacks the text: "${warm.sample}"`);
  }
  return { row, server, clients, frameBytes: warm.frameBytes };
}

async function startRow(context: BenchContext, row: string, frameBytes: number): Promise<ServerProcess> {
  if (row === "bare") return await ServerProcess.bare(context, "publish", frameBytes);
  if (row === "bare-small")
    return await ServerProcess.bare(context, "publish", numberFlag(context, "text-bytes"));
  if (row === "memory" || row === "sqlite") return await ServerProcess.prim(context, row);
  throw new Error(`No such row: "${row}", allowed are bare, bare-small, memory, sqlite`);
}

async function measure(context: BenchContext, contestant: Contestant, window: number): Promise<Sample> {
  const { server, clients } = contestant;
  const before = server.cpuMs();
  const result = await load(context, clients, window, numberFlag(context, "repeat-ms"));
  const cpuMs = server.cpuMs() - before;
  return {
    deliveriesPerSecond: (result.deliveries / result.wallMs) * 1_000,
    serverCpuUs: (cpuMs * 1_000) / result.deliveries,
    serverCoreShare: cpuMs / result.wallMs,
    clientCoreShare: result.clientCpuMs / result.wallMs,
    batchP50Us: result.batch.p50Us,
    batchP99Us: result.batch.p99Us,
  };
}

async function load(
  context: BenchContext,
  clients: Clients,
  window: number,
  durationMs: number,
): Promise<FanOutResult> {
  const text = messageText(context);
  return await clients.call({ kind: "fanOut", window, durationMs, channel: CHANNEL, text });
}

function messageText(context: BenchContext): string {
  return "m".repeat(numberFlag(context, "text-bytes"));
}

function outcome(
  field: readonly Contestant[],
  windows: readonly number[],
  samples: Samples<Sample>,
): Outcome {
  const results = field.flatMap(({ row, frameBytes }) =>
    windows.map((window) => ({
      row,
      window,
      frameBytes: Math.round(frameBytes),
      deliveriesPerSecond: samples.spread(row, window, "deliveriesPerSecond"),
      serverCpuUsPerDelivery: samples.spread(row, window, "serverCpuUs"),
      batchP50Us: samples.spread(row, window, "batchP50Us"),
      batchP99Us: samples.spread(row, window, "batchP99Us"),
      serverCoreShare: samples.spread(row, window, "serverCoreShare"),
      clientCoreShare: samples.spread(row, window, "clientCoreShare"),
    })),
  );
  const compared: Record<string, { deliveriesPerSecond: Spread; cpuBareToRow: Spread }> = {};
  for (const { row, window } of results) {
    if (row === "bare" || !samples.has("bare", window)) continue;
    compared[`${row} to bare, window ${window}`] = {
      deliveriesPerSecond: samples.ratio(row, "bare", window, "deliveriesPerSecond"),
      cpuBareToRow: samples.ratio("bare", row, window, "serverCpuUs"),
    };
  }
  return { results, ratios: compared, notes: clientNotes(results) };
}
