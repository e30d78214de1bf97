/**
 * RPC leak: whether calls and cancelled streams leave anything behind in prim: memory, open files, sessions.
 */
import { type Bench, type BenchContext, numberFlag, type Outcome } from "./harness/bench.ts";
import { openFiles, settledMemory } from "./harness/process-cost.ts";
import { cancelledStreams, transportOf, unaryCalls } from "./harness/rpc-load.ts";
import { ServerProcess } from "./harness/server-process.ts";

const SETTLE = { stableMs: 2_000, deadlineMs: 20_000, stepBytes: 1024 * 1024 };
const AT_ONCE = 32;

export const bench: Bench = {
  name: "rpc-leak",
  question: "What do many unary calls and cancelled streams leave behind in prim: memory, open files?",
  flags: {
    calls: { default: 200_000, max: 10_000_000, help: "unary calls in all" },
    streams: { default: 2_000, max: 1_000_000, help: "streams opened and cancelled in all" },
    rounds: { default: 5, max: 100, help: "parts in which that is done, with a reading after each" },
  },
  run,
};

async function run(context: BenchContext): Promise<Outcome> {
  await using server = await ServerProcess.prim(context, "memory");
  const rounds = numberFlag(context, "rounds");
  const calls = Math.ceil(numberFlag(context, "calls") / rounds);
  const streams = Math.ceil(numberFlag(context, "streams") / rounds);
  const grpc = transportOf("grpc-h2c", server);
  const connect = transportOf("connect-h1", server);
  const read = async (after: string) => {
    const { rssBytes, stable } = await settledMemory(server.pid, SETTLE);
    const reading = {
      after,
      rssMib: Math.round(rssBytes / 1024 ** 2),
      stable,
      openFiles: openFiles(server.pid),
    };
    context.progress(JSON.stringify(reading));
    return reading;
  };
  await unaryCalls(grpc, { atOnce: AT_ONCE, count: 2_000 });
  await cancelledStreams(grpc, 50, AT_ONCE);
  const readings = [await read("warm-up")];
  for (let round = 1; round <= rounds; round += 1) {
    await unaryCalls(grpc, { atOnce: AT_ONCE, count: Math.ceil(calls / 2) });
    await unaryCalls(connect, { atOnce: AT_ONCE, count: Math.floor(calls / 2) });
    await cancelledStreams(grpc, Math.ceil(streams / 2), AT_ONCE);
    await cancelledStreams(connect, Math.floor(streams / 2), AT_ONCE);
    readings.push(await read(`round ${round}`));
  }
  const [first, last] = [readings[1], readings.at(-1)];
  const grown = {
    rssMib: (last?.rssMib ?? 0) - (first?.rssMib ?? 0),
    openFiles: (last?.openFiles ?? 0) - (first?.openFiles ?? 0),
  };
  return { results: readings, ratios: { grownAfterFirstRound: grown } };
}
