/**
 * What all processes of a flood have told so far, added up: counters, latencies from the begin and
 * of the current interval, errors by kind. The coordinator's own calls are in it too.
 */
import type { Histogram, HistogramSummary } from "../harness/histogram.ts";
import { type Counters, type MetersNews, noCounters, type Timed, TimedHistograms } from "./meters.ts";

const RATE_MS_MIN = 500;

export type Summaries = Partial<Record<Timed, HistogramSummary>>;

export class Scoreboard {
  readonly #latest = new Map<number, MetersNews>();
  readonly #before = new Map<number, MetersNews>();
  readonly #total = new TimedHistograms();
  #interval = new TimedHistograms();
  readonly #ownErrors: Record<string, number> = {};

  hear(news: MetersNews): void {
    const before = this.#latest.get(news.process);
    // News that were asked for may follow others at once: too little time to tell a rate.
    if (before !== undefined && news.atMs - before.atMs >= RATE_MS_MIN)
      this.#before.set(news.process, before);
    this.#latest.set(news.process, news);
    for (const [what, sparse] of Object.entries(news.timed)) {
      this.#total.of(what as Timed).add(sparse);
      this.#interval.of(what as Timed).add(sparse);
    }
  }

  /** Something that the coordinator timed itself. */
  time(what: Timed, us: number): void {
    this.#total.of(what).record(us);
    this.#interval.of(what).record(us);
  }

  /** Something that the coordinator saw go wrong itself. */
  error(kind: string): void {
    this.#ownErrors[kind] = (this.#ownErrors[kind] ?? 0) + 1;
  }

  counters(): Counters {
    const sum = noCounters();
    for (const { counters } of this.#latest.values()) {
      for (const key of Object.keys(sum) as (keyof Counters)[]) sum[key] += counters[key];
    }
    return sum;
  }

  /** Counts a second, of each process between its last two news. */
  rates(): Counters {
    const sum = noCounters();
    for (const [process, before] of this.#before) {
      const latest = this.#latest.get(process) ?? before;
      const seconds = (latest.atMs - before.atMs) / 1_000;
      if (seconds <= 0) continue;
      for (const key of Object.keys(sum) as (keyof Counters)[]) {
        sum[key] += (latest.counters[key] - before.counters[key]) / seconds;
      }
    }
    return sum;
  }

  errors(): Record<string, number> {
    const sum: Record<string, number> = { ...this.#ownErrors };
    for (const { errors } of this.#latest.values()) {
      for (const [kind, count] of Object.entries(errors)) sum[kind] = (sum[kind] ?? 0) + count;
    }
    return sum;
  }

  /** From the begin, of what was timed at all. */
  summaries(): Summaries {
    return this.#total.summaries();
  }

  /** The same since the last call of this. */
  takeInterval(): Summaries {
    const summaries = this.#interval.summaries();
    this.#interval = new TimedHistograms();
    return summaries;
  }

  histograms(): [Timed, Histogram][] {
    return this.#total.used();
  }
}
