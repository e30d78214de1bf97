/**
 * GrowthCollector: collects garbage while many clients come at once.
 *
 * A login leaves some 8 KB of garbage and half a kilobyte that stays. The runtime (Bun 1.4.5) lets the heap double before it looks,
 * and what stays of ten thousand logins then lies so thinly spread that the room can't be given back: a kilobyte of memory
 * per connection for as long as it lives. Looking through what is new takes a millisecond or three. What has outlived some of
 * these looks and died then is found by one look through everything when the crowd has come.
 */
import { edenGC, fullGC } from "bun:jsc";
import type { Cancel, Clock } from "../base/clock.ts";
import {
  COLLECT_ALL_ARRIVALS,
  COLLECT_ALL_QUIET_MS,
  COLLECT_EVERY_ARRIVALS,
  COLLECT_PERIOD_MS,
} from "../base/limits.ts";

/** How the runtime is told to collect. */
export interface Collect {
  readonly new: () => void;
  readonly all: () => void;
}

export class GrowthCollector {
  readonly #clock: Clock;
  readonly #arrivals: () => number;
  readonly #cancel: Cancel;
  readonly #collect: Collect;
  #last = 0;
  /** Arrivals at the last look, and since when there have not been more. */
  #seen = 0;
  #quietSince = 0;
  /** Arrivals when everything was looked through. */
  #lastAll = 0;

  /** @param arrivals how many are here now: connections and logins, each counted. */
  constructor(clock: Clock, arrivals: () => number, collect: Collect = { new: edenGC, all: fullGC }) {
    this.#clock = clock;
    this.#arrivals = arrivals;
    this.#collect = collect;
    this.#cancel = clock.every(COLLECT_PERIOD_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const arrivals = this.#arrivals();
    const now = this.#clock.monotonic();
    if (arrivals > this.#seen) this.#quietSince = now;
    this.#seen = arrivals;
    this.#lastAll = Math.min(this.#lastAll, arrivals);
    if (arrivals - this.#lastAll >= COLLECT_ALL_ARRIVALS && now - this.#quietSince >= COLLECT_ALL_QUIET_MS) {
      this.#collect.all();
      this.#lastAll = arrivals;
      this.#last = arrivals;
    } else if (arrivals - this.#last >= COLLECT_EVERY_ARRIVALS) {
      this.#collect.new();
      this.#last = arrivals;
    } else if (arrivals < this.#last) {
      this.#last = arrivals;
    }
  }
}
