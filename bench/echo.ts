/**
 * Echo: `ping` and its answer over 50 connections, on prim and on bare Bun: a server that sends
 * each message back (bare), and one that answers with as many bytes as prim does (bare-answer).
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import { ServerProcess } from "./harness/server-process.ts";
import { ratios, type Spread, spread } from "./harness/statistics.ts";

const REQUEST = '{"seq":"1565336219141-266129","action":"ping","data":{}}';
const WARM_UP_MS = 1_000;

export const bench: Bench = {
  name: "echo",
  question:
    "How many pings per second does prim answer over 50 connections, at which server CPU and latency, beside a bare echo?",
  flags: {
    connections: { default: 50, max: 10_000, help: "connections that ping" },
    windows: { default: "1,16", help: "unanswered pings per connection, one measurement each" },
    repeats: { default: 5, max: 50, help: "measurements per row and window" },
    "repeat-ms": { default: 2_000, max: 20_000, help: "length of one measurement" },
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

  const samples = new Map<string, Sample[]>();
  for (const window of windows) {
    for (let repeat = 0; repeat < numberFlag(context, "repeats"); repeat++) {
      for (const contestant of field) {
        const sample = await measure(context, contestant, window);
        const key = `${contestant.row} ${window}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
        context.progress(
          `${key}: ${Math.round(sample.messagesPerSecond)}/s, ${sample.serverCpuUs.toFixed(2)} us of server CPU each`,
        );
      }
    }
  }
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
  samples: ReadonlyMap<string, Sample[]>,
): Outcome {
  const of = (row: string, window: number, key: keyof Sample): number[] =>
    (samples.get(`${row} ${window}`) ?? []).map((sample) => sample[key]);
  const results = field.flatMap(({ row, answerBytes }) =>
    windows.map((window) => ({
      row,
      window,
      requestBytes: Buffer.byteLength(REQUEST),
      answerBytes,
      messagesPerSecond: spread(of(row, window, "messagesPerSecond")),
      serverCpuUsPerMessage: spread(of(row, window, "serverCpuUs")),
      p50Us: spread(of(row, window, "p50Us")),
      p99Us: spread(of(row, window, "p99Us")),
      serverCoreShare: spread(of(row, window, "serverCoreShare")),
      clientCoreShare: spread(of(row, window, "clientCoreShare")),
    })),
  );
  const compared: Record<string, { messagesPerSecond: Spread; cpuBareToRow: Spread }> = {};
  for (const { row, window } of results) {
    for (const bar of ["bare", "bare-answer"]) {
      if (row.startsWith("bare") || !samples.has(`${bar} ${window}`)) continue;
      compared[`${row} to ${bar}, window ${window}`] = {
        messagesPerSecond: ratios(of(row, window, "messagesPerSecond"), of(bar, window, "messagesPerSecond")),
        cpuBareToRow: ratios(of(bar, window, "serverCpuUs"), of(row, window, "serverCpuUs")),
      };
    }
  }
  return { results, ratios: compared };
}
