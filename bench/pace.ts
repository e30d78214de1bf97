/**
 * Pace: one room, many senders, so many messages a second whatever the server makes of them. It shows what a delivery
 * costs when messages come one by one, how late they are, and what gathering them is worth.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import { clientNotes, Samples } from "./harness/interleaved.ts";
import { ServerProcess } from "./harness/server-process.ts";
import type { Spread } from "./harness/statistics.ts";

const CHANNEL = "room:101";
const APP_PLATFORM = 101;
/** Longer than the period of `members` frames, which follow logins into a big room. */
const QUIET = { kind: "quiet", quietMs: 1_500, deadlineMs: 30_000 } as const;

export const bench: Bench = {
  name: "pace",
  question:
    "How late are messages to one room that come one by one from many senders, and what does a delivery cost, beside bare publish?",
  flags: {
    members: { default: 1_000, max: 15_000, help: "members of the room" },
    senders: { default: 100, max: 10_000, help: "members who send, in turn" },
    "text-bytes": { default: 100, max: 10_000, help: "length of the message text" },
    rates: { default: "10,100,500,1500", help: "messages per second, one measurement each" },
    repeats: { default: 5, max: 50, help: "measurements per row and rate" },
    "repeat-ms": { default: 1_000, max: 20_000, help: "length of one measurement" },
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
  readonly deliveriesPerSecond: number;
  /** Deliveries in each second of the server's CPU time: what one core could do. */
  readonly deliveriesPerCoreSecond: number;
  readonly serverCpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly serverCoreShare: number;
  readonly clientCoreShare: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  const rates = listFlag(context, "rates").map(Number);
  await using stack = new AsyncDisposableStack();
  const field: Contestant[] = [];
  for (const row of listFlag(context, "rows")) field.push(await enter(context, stack, row));
  const samples = await Samples.take<Sample>({
    rows: field.map(({ row }) => row),
    windows: rates,
    repeats: numberFlag(context, "repeats"),
    measure: async (row, rate) => {
      const contestant = field.find((one) => one.row === row) as Contestant;
      const sample = await measure(context, contestant, rate, numberFlag(context, "repeat-ms"));
      const { deliveriesPerSecond, serverCpuUs, p50Us } = sample;
      context.progress(
        `${row}, ${rate} a second: ${Math.round(deliveriesPerSecond)} deliveries/s, ${serverCpuUs.toFixed(3)} us of server CPU each, p50 ${p50Us} us`,
      );
      return sample;
    },
  });
  return outcome(field, rates, samples);
}

async function enter(context: BenchContext, stack: AsyncDisposableStack, row: string): Promise<Contestant> {
  const server = stack.use(await startRow(context, row));
  const clients = stack.use(new Clients(context.children));
  const count = numberFlag(context, "members");
  await clients.call({ kind: "connect", url: server.url, count, inFlight: 64 });
  if (row !== "bare") {
    const userPrefix = "user-";
    await clients.call({ kind: "login", count, inFlight: 50, appPlatform: APP_PLATFORM, userPrefix });
  }
  await clients.call(QUIET);
  const contestant = { row, server, clients };
  await measure(context, contestant, 500, 1_000);
  return contestant;
}

async function startRow(context: BenchContext, row: string): Promise<ServerProcess> {
  if (row === "bare") return await ServerProcess.bare(context, "publish", numberFlag(context, "frame-bytes"));
  if (row === "memory" || row === "sqlite") return await ServerProcess.prim(context, row);
  throw new Error(`No such row: "${row}", allowed are bare, memory, sqlite`);
}

async function measure(
  context: BenchContext,
  { server, clients }: Contestant,
  perSecond: number,
  durationMs: number,
): Promise<Sample> {
  const before = server.cpuMs();
  const result = await clients.call({
    kind: "paced",
    perSecond,
    durationMs,
    senders: Math.min(numberFlag(context, "senders"), numberFlag(context, "members") - 1),
    channel: CHANNEL,
    text: "m".repeat(numberFlag(context, "text-bytes")),
  });
  const cpuMs = server.cpuMs() - before;
  return {
    deliveriesPerSecond: (result.deliveries / result.wallMs) * 1_000,
    deliveriesPerCoreSecond: (result.deliveries / cpuMs) * 1_000,
    serverCpuUs: (cpuMs * 1_000) / result.deliveries,
    p50Us: result.latency.p50Us,
    p99Us: result.latency.p99Us,
    serverCoreShare: cpuMs / result.wallMs,
    clientCoreShare: result.clientCpuMs / result.wallMs,
  };
}

function outcome(field: readonly Contestant[], rates: readonly number[], samples: Samples<Sample>): Outcome {
  const results = field.flatMap(({ row }) =>
    rates.map((rate) => ({
      row,
      window: rate,
      messagesPerSecond: rate,
      deliveriesPerSecond: samples.spread(row, rate, "deliveriesPerSecond"),
      deliveriesPerCoreSecond: samples.spread(row, rate, "deliveriesPerCoreSecond"),
      serverCpuUsPerDelivery: samples.spread(row, rate, "serverCpuUs"),
      p50Us: samples.spread(row, rate, "p50Us"),
      p99Us: samples.spread(row, rate, "p99Us"),
      serverCoreShare: samples.spread(row, rate, "serverCoreShare"),
      clientCoreShare: samples.spread(row, rate, "clientCoreShare"),
    })),
  );
  const compared: Record<string, { p50Us: Spread; cpuBareToRow: Spread }> = {};
  for (const { row, window } of results) {
    if (row === "bare" || !samples.has("bare", window)) continue;
    compared[`${row} to bare, ${window} a second`] = {
      p50Us: samples.ratio(row, "bare", window, "p50Us"),
      cpuBareToRow: samples.ratio("bare", row, window, "serverCpuUs"),
    };
  }
  return { results, ratios: compared, notes: clientNotes(results) };
}
