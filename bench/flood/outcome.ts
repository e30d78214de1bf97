/**
 * What came of a flood, as figures: the results of its document, and what is wrong with them.
 */
import type { Outcome } from "../harness/bench.ts";
import type { Flood } from "./flood.ts";
import type { ProcessSample } from "./machine.ts";
import type { Counters } from "./meters.ts";
import type { Sample } from "./recorder.ts";
import type { Summaries } from "./scoreboard.ts";
import type { FloodSettings } from "./settings.ts";
import type { Verdict } from "./tally.ts";

/** Errors of connections that got another try are told, and no failure; these are. */
const FATAL = /refused|not recovered|nobody ready|too many/;

/** With fewer connections, what processes free after their start is more than what connections take. */
const BYTES_CONNECTIONS_MIN = 5_000;

/** Bytes that one connection takes, on average over all of them, idle and logged in. */
export interface BytesPerConnection {
  /** RSS of the servers and of the client processes. */
  readonly server: number;
  readonly client: number;
  /** Kernel objects of both sides. */
  readonly slab: number;
  /** MemTotal - MemAvailable: all of these, and what the neighbours did meanwhile. */
  readonly machine: number;
}

/** `results` of a flood's document; a scenario may add more. */
export interface FloodResults {
  readonly settings: FloodSettings;
  readonly nodes: number;
  readonly clientProcesses: number;
  readonly counters: Counters;
  readonly errors: Readonly<Record<string, number>>;
  readonly latencies: Summaries;
  readonly verdict: Verdict | undefined;
  readonly deliveriesPerSecond: { readonly mean: number; readonly max: number };
  readonly bytesPerConnection: BytesPerConnection | undefined;
  readonly machine: {
    readonly totalBytes: number | undefined;
    readonly usedBytesBefore: number | undefined;
    readonly usedBytesFull: number | undefined;
    readonly usedBytesPeak: number;
    readonly slabBytesBefore: number | undefined;
    readonly slabBytesFull: number | undefined;
  };
  readonly serverProcesses: readonly ProcessSample[];
}

/** `series` of a flood's document. */
export interface FloodSeries {
  readonly samples: readonly Sample[];
  /** By what was timed: the percentile curve of the whole run. */
  readonly percentiles: Readonly<Record<string, readonly (readonly [share: number, us: number])[]>>;
}

export function floodOutcome(flood: Flood): Outcome {
  const { board, plan, settings, servers, recorder, marks, verdict } = flood;
  const counters = board.counters();
  const errors = board.errors();
  const failures = [...flood.failures];
  if (counters.lost > 0) failures.push(`${counters.lost} connections were lost`);
  for (const [kind, count] of Object.entries(errors)) {
    if (FATAL.test(kind)) failures.push(`${kind}, ${count} times`);
  }
  const { samples } = recorder;
  const peakUsed = Math.max(...samples.map(({ machine }) => machine.usedBytes));
  const holding = samples.filter(({ phase }) => phase === "hold");
  const results: FloodResults = {
    settings,
    nodes: servers.nodes.length,
    clientProcesses: Math.ceil(plan.connections / plan.perProcess),
    counters,
    errors,
    latencies: board.summaries(),
    verdict,
    deliveriesPerSecond: {
      mean: mean(holding.map(({ perSecond }) => perSecond.deliveries)),
      max: Math.max(0, ...samples.map(({ perSecond }) => perSecond.deliveries)),
    },
    bytesPerConnection: bytesPerConnection(marks.empty, marks.full, plan.connections),
    machine: {
      totalBytes: marks.empty?.machine.totalBytes,
      usedBytesBefore: marks.empty?.machine.usedBytes,
      usedBytesFull: marks.full?.machine.usedBytes,
      usedBytesPeak: peakUsed,
      slabBytesBefore: marks.empty?.machine.slabBytes,
      slabBytesFull: marks.full?.machine.slabBytes,
    },
    serverProcesses: recorder.serverSamples(),
  };
  const series: FloodSeries = { samples, percentiles: curves(flood) };
  return { results: { ...results, ...flood.figures }, ratios: {}, notes: flood.notes, failures, series };
}

function bytesPerConnection(
  empty: Sample | undefined,
  full: Sample | undefined,
  connections: number,
): BytesPerConnection | undefined {
  if (empty === undefined || full === undefined || connections < BYTES_CONNECTIONS_MIN) return undefined;
  const each = (of: (sample: Sample) => number): number => Math.round((of(full) - of(empty)) / connections);
  return {
    server: each(({ servers }) => servers.rssBytes),
    client: each(({ clients }) => clients.rssBytes),
    slab: each(({ machine }) => machine.slabBytes),
    machine: each(({ machine }) => machine.usedBytes),
  };
}

/** Shares for which a percentile curve has a point: more of them the nearer to 1. */
const CURVE_SHARES = [
  0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999, 1,
];

function curves({ board }: Flood): FloodSeries["percentiles"] {
  return Object.fromEntries(
    board
      .histograms()
      .map(([what, histogram]) => [
        what,
        CURVE_SHARES.map((share) => [share, histogram.percentile(share)] as const),
      ]),
  );
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
