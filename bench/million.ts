/**
 * A million connections: as many nodes and client processes as that takes, all connections logged in
 * and beating, held for a time in which back ends ask and push; and one message to all of them, of
 * which is counted that everybody got it once.
 */
import { Flood } from "./flood/flood.ts";
import { sampleMachine } from "./flood/machine.ts";
import type { Timed } from "./flood/meters.ts";
import { floodPage } from "./flood/page.ts";
import { phasesOf, play, type Scenario } from "./flood/scenarios.ts";
import { FLOOD_FLAGS, floodSettings } from "./flood/settings.ts";
import type { Bench, BenchContext, Outcome } from "./harness/bench.ts";

/** What back ends may wait while the connections are held, 99 times out of 100, the time of the broadcast included. */
const CALL_P99_MS_MAX = 100;
const CALLS_PER_SECOND = { state: 2, online: 40 } as const;
/** Deliveries of the broadcast that don't come within this time don't come. */
const BROADCAST_MS_MAX = 120_000;
const POLL_MS = 25;
/** After the end, until the machine's memory is back. */
const FREED_MS_MAX = 20_000;
const FREED_BYTES = 256 * 1024 * 1024;

const MILLION: Scenario = {
  purpose: "hold, ask, push, and write to everybody",
  defaults: { connections: 1_000_000, rate: 5_000, holdSeconds: 600, heartbeatSeconds: 300, pushes: 20 },
  act: hold,
};

export const bench: Bench = {
  name: "million",
  question: "Can a million connections be held, asked about and written to, and what do they take?",
  flags: {
    ...FLOOD_FLAGS,
    redis: {
      default: true,
      help: "start a Redis and make the nodes one cluster; --no-redis: nodes on their own",
    },
  },
  minutesMax: 40,
  page: floodPage,
  run,
};

async function run(context: BenchContext): Promise<Outcome> {
  const settings = floodSettings(context, MILLION.defaults);
  const before = sampleMachine();
  const outcome = await Flood.run(context, settings, "million", phasesOf(settings), (flood) =>
    play(MILLION, flood),
  );
  // Flood.run() has ended all processes; the kernel takes a while to take their sockets apart.
  const began = performance.now();
  let after = sampleMachine();
  while (after.usedBytes > before.usedBytes + FREED_BYTES && performance.now() - began < FREED_MS_MAX) {
    await Bun.sleep(POLL_MS * 10);
    after = sampleMachine();
  }
  const left = { usedBytesBeforeAll: before.usedBytes, usedBytesAfterAll: after.usedBytes };
  return { ...outcome, results: { ...(outcome.results as object), left } };
}

async function hold(flood: Flood): Promise<void> {
  const { backEnd, settings } = flood;
  const durationMs = settings.holdSeconds * 1_000;
  const rates = { ...CALLS_PER_SECOND, pushHttp: settings.pushes } as const;
  const loop = (what: keyof typeof rates, call: (dueMs: number) => Promise<void>) =>
    backEnd.loop({ what, perSecond: rates[what], durationMs }, call);
  await Promise.all([
    // No pings and no sends: they only wait for the end of the hold.
    flood.load("room"),
    loop("state", () => backEnd.state()),
    loop("online", () => backEnd.online()),
    loop("pushHttp", (dueMs) => backEnd.pushHttp(dueMs)),
    broadcastHalfWay(flood, durationMs / 2),
  ]);
  judgeCalls(flood, ["state", "online", "pushHttp"]);
  await judgeSessions(flood);
}

async function broadcastHalfWay(flood: Flood, waitMs: number): Promise<void> {
  await Bun.sleep(waitMs);
  const { backEnd, plan } = flood;
  const before = await deliveries(flood);
  const began = flood.now();
  backEnd.timesBroadcast = true;
  await backEnd.broadcast();
  const answeredMs = Math.round(flood.now() - began);
  // Pushes to single users are under way as well: a hand too early is of no account, settle() counts exactly.
  while ((await deliveries(flood)) - before < plan.connections && flood.now() - began < BROADCAST_MS_MAX) {
    await Bun.sleep(POLL_MS);
  }
  backEnd.timesBroadcast = false;
  const deliveredMs = Math.round(flood.now() - began);
  flood.figures["broadcast"] = { answeredMs, deliveredMs };
  flood.notes.push(
    `The broadcast was delivered in ${deliveredMs} ms; calls that fell into that are also told apart, as "inBroadcast".`,
  );
}

async function deliveries(flood: Flood): Promise<number> {
  const progress = await flood.crew.ask(() => ({ kind: "progress" }));
  return progress.reduce((sum, one) => sum + one.deliveries, 0);
}

function judgeCalls(flood: Flood, calls: readonly Timed[]): void {
  const latencies = flood.board.summaries();
  for (const what of calls) {
    const p99Ms = (latencies[what]?.p99Us ?? Infinity) / 1_000;
    if (p99Ms > CALL_P99_MS_MAX) {
      flood.failures.push(`p99 of ${what} is ${p99Ms.toFixed(1)} ms, at most ${CALL_P99_MS_MAX} is wanted`);
    }
  }
}

/** Servers and clients have to agree on how many there are. */
async function judgeSessions(flood: Flood): Promise<void> {
  const sessions = await flood.backEnd.sessions();
  flood.figures["sessionsByServers"] = sessions;
  if (sessions < flood.plan.connections) {
    flood.failures.push(`servers know ${sessions} sessions of ${flood.plan.connections} connections`);
  }
}
