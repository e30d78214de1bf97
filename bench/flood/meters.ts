/**
 * What a client process counts and times, and what it tells the coordinator of it once a second.
 */
import { Histogram, type HistogramSummary, type SparseHistogram } from "../harness/histogram.ts";

/**
 * Latencies, all in microseconds from the moment something was due to its end.
 *
 * - handshake: from the moment the connection was due to the upgraded WebSocket
 * - login: from the upgraded WebSocket to the login's answer
 * - heartbeat, echo, send: from the moment the request was due to its answer
 * - delivery: from the moment the message was due to each member's reading it
 * - return: in a storm, from the moment the connection was due again to being logged in
 * - lag: how late requests were written, which is the generator's own doing and part of the others
 * - pushHttp, pushGrpc, pushRoom, state, online: calls of back ends, from the moment each was due to its answer
 * - broadcast: the call that sends a message to everybody
 * - inBroadcast: calls of back ends that fell into its delivery; they are in their own lines too
 */
export const TIMED = [
  "handshake",
  "login",
  "heartbeat",
  "echo",
  "send",
  "delivery",
  "return",
  "lag",
  "pushHttp",
  "pushGrpc",
  "pushRoom",
  "state",
  "online",
  "broadcast",
  "inBroadcast",
] as const;
export type Timed = (typeof TIMED)[number];

/** The first two are how many there are now, the others count from the begin. */
export interface Counters {
  open: number;
  ready: number;
  /** Connections that ended without our doing. */
  lost: number;
  /** Of those that don't read: closed by the server, as they should be. */
  closedSlow: number;
  attempts: number;
  sent: number;
  sendsAnswered: number;
  pings: number;
  pingsAnswered: number;
  heartbeats: number;
  heartbeatsAnswered: number;
  /** Messages of this flood that came to steady connections, and to the others. */
  deliveries: number;
  unsteadyDeliveries: number;
  /** Comings, goings, counts of members. */
  otherPushes: number;
}

/** From a client process to the coordinator. */
export interface MetersNews {
  readonly process: number;
  /** When this was so, in milliseconds since the plan's origin. */
  readonly atMs: number;
  readonly counters: Counters;
  /** What came since the last news. */
  readonly timed: Partial<Record<Timed, SparseHistogram>>;
  readonly errors: Readonly<Record<string, number>>;
}

/** Kinds of errors that are told apart; the rest is `other`. */
const ERROR_KINDS_MAX = 50;

export class Meters {
  readonly counters: Counters = noCounters();
  readonly errors: Record<string, number> = {};
  readonly #timed = new TimedHistograms();

  time(what: Timed, us: number): void {
    this.#timed.of(what).record(us);
  }

  error(kind: string): void {
    const known = kind in this.errors || Object.keys(this.errors).length < ERROR_KINDS_MAX;
    const name = known ? kind : "other";
    this.errors[name] = (this.errors[name] ?? 0) + 1;
  }

  news(process: number, atMs: number): MetersNews {
    const timed: Partial<Record<Timed, SparseHistogram>> = {};
    for (const [what, histogram] of this.#timed.used()) {
      timed[what] = histogram.sparse();
      histogram.clear();
    }
    return { process, atMs, counters: this.counters, timed, errors: this.errors };
  }
}

/** Histograms by what they are of, made when there is something to hold: a process times few of them. */
export class TimedHistograms {
  readonly #histograms = new Map<Timed, Histogram>();

  of(what: Timed): Histogram {
    let histogram = this.#histograms.get(what);
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#histograms.set(what, histogram);
    }
    return histogram;
  }

  /** Those that hold something, in the order of TIMED. */
  used(): [Timed, Histogram][] {
    return TIMED.flatMap((what): [Timed, Histogram][] => {
      const histogram = this.#histograms.get(what);
      return histogram === undefined || histogram.count === 0 ? [] : [[what, histogram]];
    });
  }

  summaries(): Partial<Record<Timed, HistogramSummary>> {
    const summaries: Partial<Record<Timed, HistogramSummary>> = {};
    for (const [what, histogram] of this.used()) summaries[what] = histogram.summary();
    return summaries;
  }
}

export function noCounters(): Counters {
  return {
    open: 0,
    ready: 0,
    lost: 0,
    closedSlow: 0,
    attempts: 0,
    sent: 0,
    sendsAnswered: 0,
    pings: 0,
    pingsAnswered: 0,
    heartbeats: 0,
    heartbeatsAnswered: 0,
    deliveries: 0,
    unsteadyDeliveries: 0,
    otherPushes: 0,
  };
}
