/**
 * Echo: `ping` and its answer over 50 connections, on prim and on bare Bun: a server that sends
 * each message back (bare), and one that answers with as many bytes as prim does (bare-answer).
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import { clientNotes, Samples } from "./harness/interleaved.ts";
import { ServerProcess } from "./harness/server-process.ts";
import type { Spread } from "./harness/statistics.ts";

const REQUEST = '{"seq":"1565336219141-266129","action":"ping","data":{}}';
const WARM_UP_MS = 1_000;

export const bench: Bench = {
  name: "echo",
  question:
    "How many pings per second does prim answer over 50 connections, at which server CPU and latency, beside a bare echo?",
  flags: {
    connections: { default: 50, max: 10_000, help: "connections that ping" },
    windows: { default: "1,16", help: "unanswered pings per connection, one measurement each" },
    repeats: { default: 15, max: 50, help: "measurements per row and window" },
    "repeat-ms": { default: 500, max: 20_000, help: "length of one measurement" },
    rows: { default: "bare,bare-answer,memory", help: "servers to measure; bare is the bar" },
    "answer-bytes": { default: 107, max: 10_000, help: "answers of bare-answer if prim is not measured" },
  },
  run,
};

interface Contestant {
  readonly row: string;
  readonly server: ServerProcess;
  readonly clients: Clients;
  readonly answerBytes: number;
}

interface Sample {
  readonly messagesPerSecond: number;
  readonly serverCpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly serverCoreShare: number;
  readonly clientCoreShare: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  const rows = listFlag(context, "rows");
  const windows = listFlag(context, "windows").map(Number);
  await using stack = new AsyncDisposableStack();
  const field: Contestant[] = [];
  let answerBytes = numberFlag(context, "answer-bytes");
  for (const row of [...rows].sort((a, b) => Number(a.startsWith("bare")) - Number(b.startsWith("bare")))) {
    const contestant = await enter(context, stack, row, answerBytes);
    if (!row.startsWith("bare")) answerBytes = contestant.answerBytes;
    field.push(contestant);
    context.progress(`${row}: ready, answers of ${contestant.answerBytes} bytes`);
  }

  const samples = await Samples.take<Sample>({
    rows: field.map(({ row }) => row),
    windows,
    repeats: numberFlag(context, "repeats"),
    measure: async (row, window) => {
      const contestant = field.find((one) => one.row === row) as Contestant;
      const sample = await measure(context, contestant, window);
      const rate = Math.round(sample.messagesPerSecond);
      context.progress(
        `${row}, window ${window}: ${rate}/s, ${sample.serverCpuUs.toFixed(2)} us of server CPU each`,
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
  answerBytes: number,
): Promise<Contestant> {
  const server = stack.use(await startRow(context, row, answerBytes));
  const clients = stack.use(new Clients(context.children));
  const count = numberFlag(context, "connections");
  await clients.call({ kind: "connect", url: server.url, count, inFlight: 64 });
  if (!row.startsWith("bare")) {
    await clients.call({ kind: "login", count, inFlight: 50, appPlatform: 101, userPrefix: "user-" });
    await clients.call({ kind: "quiet", quietMs: 1_500, deadlineMs: 30_000 });
  }
  const warm = await clients.call({ kind: "echo", window: 1, durationMs: WARM_UP_MS, request: REQUEST });
  if (!row.startsWith("bare") && !warm.sample.includes('"code":200')) {
    throw new Error(`Ping is refused: ${warm.sample}`);
  }
  return { row, server, clients, answerBytes: Buffer.byteLength(warm.sample) };
}

async function startRow(context: BenchContext, row: string, answerBytes: number): Promise<ServerProcess> {
  if (row === "bare") return await ServerProcess.bare(context, "echo");
  if (row === "bare-answer") return await ServerProcess.bare(context, "answer", answerBytes);
  if (row === "memory" || row === "sqlite") return await ServerProcess.prim(context, row);
  throw new Error(`No such row: "${row}", allowed are bare, bare-answer, memory, sqlite`);
}

async function measure(context: BenchContext, contestant: Contestant, window: number): Promise<Sample> {
  const { server, clients } = contestant;
  const before = server.cpuMs();
  const durationMs = numberFlag(context, "repeat-ms");
  const result = await clients.call({ kind: "echo", window, durationMs, request: REQUEST });
  const cpuMs = server.cpuMs() - before;
  return {
    messagesPerSecond: (result.messages / result.wallMs) * 1_000,
    serverCpuUs: (cpuMs * 1_000) / result.messages,
    p50Us: result.latency.p50Us,
    p99Us: result.latency.p99Us,
    serverCoreShare: cpuMs / result.wallMs,
    clientCoreShare: result.clientCpuMs / result.wallMs,
  };
}

function outcome(
  field: readonly Contestant[],
  windows: readonly number[],
  samples: Samples<Sample>,
): Outcome {
  const results = field.flatMap(({ row, answerBytes }) =>
    windows.map((window) => ({
      row,
      window,
      requestBytes: Buffer.byteLength(REQUEST),
      answerBytes,
      messagesPerSecond: samples.spread(row, window, "messagesPerSecond"),
      serverCpuUsPerMessage: samples.spread(row, window, "serverCpuUs"),
      p50Us: samples.spread(row, window, "p50Us"),
      p99Us: samples.spread(row, window, "p99Us"),
      serverCoreShare: samples.spread(row, window, "serverCoreShare"),
      clientCoreShare: samples.spread(row, window, "clientCoreShare"),
    })),
  );
  const compared: Record<string, { messagesPerSecond: Spread; cpuBareToRow: Spread }> = {};
  for (const { row, window } of results) {
    for (const bar of ["bare", "bare-answer"]) {
      if (row.startsWith("bare") || !samples.has(bar, window)) continue;
      compared[`${row} to ${bar}, window ${window}`] = {
        messagesPerSecond: samples.ratio(row, bar, window, "messagesPerSecond"),
        cpuBareToRow: samples.ratio(bar, row, window, "serverCpuUs"),
      };
    }
  }
  return { results, ratios: compared, notes: clientNotes(results) };
}
