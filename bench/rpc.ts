/**
 * RPC: unary calls over the three ways into prim, beside the same handler on bare Bun: Connect over HTTP/1.1 and
 * over h2 on the HTTP port, gRPC over h2c on the RPC port.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { clientNotes, Samples } from "./harness/interleaved.ts";
import { type RpcPath, transportOf, unaryCalls } from "./harness/rpc-load.ts";
import { ServerProcess } from "./harness/server-process.ts";

const PATHS: readonly RpcPath[] = ["connect-h1", "connect-h2", "grpc-h2c"];
const SERVERS = ["prim", "bare"] as const;
const WARM_UP_MS = 1_000;

export const bench: Bench = {
  name: "rpc",
  question:
    "How many PushService.QueryUsersOnline calls per second does prim answer, at which server CPU, beside the same handler on bare Bun?",
  flags: {
    windows: { default: "1,64", help: "calls at the same time, one measurement each" },
    repeats: { default: 7, max: 50, help: "measurements per row and window" },
    "repeat-ms": { default: 700, max: 20_000, help: "length of one measurement" },
  },
  run,
};

interface Sample {
  readonly callsPerSecond: number;
  readonly serverCpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly serverCoreShare: number;
  readonly clientCoreShare: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const servers = {
    prim: stack.use(await ServerProcess.prim(context, "memory")),
    bare: stack.use(await ServerProcess.bareRpc(context)),
  };
  const field = PATHS.flatMap((path) =>
    SERVERS.map((name) => ({
      row: `${name} ${path}`,
      server: servers[name],
      transport: transportOf(path, servers[name]),
    })),
  );
  for (const { transport } of field) await unaryCalls(transport, { atOnce: 16, durationMs: WARM_UP_MS });

  const durationMs = numberFlag(context, "repeat-ms");
  const windows = listFlag(context, "windows").map(Number);
  const samples = await Samples.take<Sample>({
    rows: field.map(({ row }) => row),
    windows,
    repeats: numberFlag(context, "repeats"),
    async measure(row, window) {
      const one = field.find((candidate) => candidate.row === row);
      if (one === undefined) throw new Error(`No such row: "${row}"`);
      const before = one.server.cpuMs();
      const clientBefore = process.cpuUsage();
      const { calls, wallMs, microseconds } = await unaryCalls(one.transport, { atOnce: window, durationMs });
      const client = process.cpuUsage(clientBefore);
      const cpuMs = one.server.cpuMs() - before;
      const sorted = microseconds.toSorted((a, b) => a - b);
      const sample = {
        callsPerSecond: (calls / wallMs) * 1_000,
        serverCpuUs: (cpuMs * 1_000) / calls,
        p50Us: sorted[Math.floor(calls / 2)] ?? 0,
        p99Us: sorted[Math.floor(calls * 0.99)] ?? 0,
        serverCoreShare: cpuMs / wallMs,
        clientCoreShare: (client.user + client.system) / 1_000 / wallMs,
      };
      const rate = Math.round(sample.callsPerSecond);
      context.progress(
        `${row}, window ${window}: ${rate}/s, ${sample.serverCpuUs.toFixed(0)} us of server CPU each`,
      );
      return sample;
    },
  });
  const results = field.flatMap(({ row }) =>
    windows.map((window) => ({
      row,
      window,
      callsPerSecond: samples.spread(row, window, "callsPerSecond"),
      serverCpuUsPerCall: samples.spread(row, window, "serverCpuUs"),
      p50Us: samples.spread(row, window, "p50Us"),
      p99Us: samples.spread(row, window, "p99Us"),
      serverCoreShare: samples.spread(row, window, "serverCoreShare"),
      clientCoreShare: samples.spread(row, window, "clientCoreShare"),
    })),
  );
  const ratios = Object.fromEntries(
    PATHS.flatMap((path) =>
      windows.map((window) => [
        `prim to bare, ${path}, window ${window}`,
        {
          callsPerSecond: samples.ratio(`prim ${path}`, `bare ${path}`, window, "callsPerSecond"),
          cpuBareToRow: samples.ratio(`bare ${path}`, `prim ${path}`, window, "serverCpuUs"),
        },
      ]),
    ),
  );
  return { results, ratios, notes: clientNotes(results) };
}
