/**
 * Send: chat in rooms of ten, where everybody writes: a message is checked, stored, answered and delivered to ten. Bare
 * Bun publishes frames of the same size and answers.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import { clientNotes, Samples } from "./harness/interleaved.ts";
import { ServerProcess } from "./harness/server-process.ts";
import type { Spread } from "./harness/statistics.ts";

const ROOM_PREFIX = "room:bench-";
const WARM_UP_MS = 1_500;

export const bench: Bench = {
  name: "send",
  question:
    "How many sends per second does prim take in rooms of 10, each stored, answered and delivered, beside bare publish?",
  flags: {
    rooms: { default: 10, max: 1_000, help: "rooms" },
    "room-size": { default: 10, max: 1_000, help: "members of a room, all of whom send" },
    "text-bytes": { default: 100, max: 10_000, help: "length of the message text" },
    windows: { default: "1,8", help: "unanswered sends per connection, one measurement each" },
    repeats: { default: 15, max: 50, help: "measurements per row and window" },
    "repeat-ms": { default: 500, max: 20_000, help: "length of one measurement" },
    rows: { default: "bare,memory", help: "servers to measure: bare, memory, sqlite; bare is the bar" },
    "frame-bytes": { default: 325, max: 20_000, help: "frames of bare" },
  },
  run,
};

interface Contestant {
  readonly row: string;
  readonly server: ServerProcess;
  readonly clients: Clients;
}

interface Sample {
  readonly sendsPerSecond: number;
  readonly serverCpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly serverCoreShare: number;
  readonly clientCoreShare: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  const windows = listFlag(context, "windows").map(Number);
  await using stack = new AsyncDisposableStack();
  const field: Contestant[] = [];
  for (const row of listFlag(context, "rows")) field.push(await enter(context, stack, row));
  const samples = await Samples.take<Sample>({
    rows: field.map(({ row }) => row),
    windows,
    repeats: numberFlag(context, "repeats"),
    measure: async (row, window) => {
      const contestant = field.find((one) => one.row === row) as Contestant;
      const sample = await measure(context, contestant, window, numberFlag(context, "repeat-ms"));
      const rate = Math.round(sample.sendsPerSecond);
      context.progress(
        `${row}, window ${window}: ${rate}/s, ${sample.serverCpuUs.toFixed(2)} us of server CPU each`,
      );
      return sample;
    },
  });
  return outcome(context, field, windows, samples);
}

async function enter(context: BenchContext, stack: AsyncDisposableStack, row: string): Promise<Contestant> {
  const server = stack.use(await startRow(context, row));
  const clients = stack.use(new Clients(context.children));
  const roomSize = numberFlag(context, "room-size");
  const count = numberFlag(context, "rooms") * roomSize;
  await clients.call({ kind: "connect", url: server.url, count, inFlight: 64 });
  if (row !== "bare") {
    await clients.call({ kind: "login", count, inFlight: 50, appPlatform: 101, userPrefix: "user-" });
    await clients.call({ kind: "joinRooms", roomSize, roomPrefix: ROOM_PREFIX });
  }
  await clients.call({ kind: "quiet", quietMs: 1_500, deadlineMs: 30_000 });
  const contestant = { row, server, clients };
  await measure(context, contestant, 4, WARM_UP_MS);
  return contestant;
}

async function startRow(context: BenchContext, row: string): Promise<ServerProcess> {
  const frameBytes = numberFlag(context, "frame-bytes");
  if (row === "bare")
    return await ServerProcess.bare(context, "rooms", frameBytes, numberFlag(context, "room-size"));
  if (row === "memory" || row === "sqlite") return await ServerProcess.prim(context, row);
  throw new Error(`No such row: "${row}", allowed are bare, memory, sqlite`);
}

async function measure(
  context: BenchContext,
  { server, clients }: Contestant,
  window: number,
  durationMs: number,
): Promise<Sample> {
  const before = server.cpuMs();
  const roomSize = numberFlag(context, "room-size");
  const text = "m".repeat(numberFlag(context, "text-bytes"));
  const result = await clients.call({
    kind: "send",
    window,
    durationMs,
    roomSize,
    roomPrefix: ROOM_PREFIX,
    text,
  });
  const cpuMs = server.cpuMs() - before;
  return {
    sendsPerSecond: (result.messages / result.wallMs) * 1_000,
    serverCpuUs: (cpuMs * 1_000) / result.messages,
    p50Us: result.latency.p50Us,
    p99Us: result.latency.p99Us,
    serverCoreShare: cpuMs / result.wallMs,
    clientCoreShare: result.clientCpuMs / result.wallMs,
  };
}

function outcome(
  context: BenchContext,
  field: readonly Contestant[],
  windows: readonly number[],
  samples: Samples<Sample>,
): Outcome {
  const results = field.flatMap(({ row }) =>
    windows.map((window) => ({
      row,
      window,
      roomSize: numberFlag(context, "room-size"),
      sendsPerSecond: samples.spread(row, window, "sendsPerSecond"),
      serverCpuUsPerSend: samples.spread(row, window, "serverCpuUs"),
      p50Us: samples.spread(row, window, "p50Us"),
      p99Us: samples.spread(row, window, "p99Us"),
      serverCoreShare: samples.spread(row, window, "serverCoreShare"),
      clientCoreShare: samples.spread(row, window, "clientCoreShare"),
    })),
  );
  const compared: Record<string, { sendsPerSecond: Spread; cpuBareToRow: Spread }> = {};
  for (const { row, window } of results) {
    if (row === "bare" || !samples.has("bare", window)) continue;
    compared[`${row} to bare, window ${window}`] = {
      sendsPerSecond: samples.ratio(row, "bare", window, "sendsPerSecond"),
      cpuBareToRow: samples.ratio("bare", row, window, "serverCpuUs"),
    };
  }
  return { results, ratios: compared, notes: clientNotes(results) };
}
