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
  COLLECT_ALL_SPREAD_MS,
  COLLECT_EVERY_ARRIVALS,
  COLLECT_PERIOD_MS,
} from "../base/limits.ts";
import { type Random, systemRandom } from "../base/random.ts";

/** What it goes by. */
export interface GrowthParts {
  readonly clock: Clock;
  readonly random?: Random;
  /** How many are here now: connections and logins, each counted. Each more is to be followed by wake(). */
  readonly arrivals: () => number;
  /** Nodes to which a crowd comes as well, perhaps on this machine. */
  readonly others: () => number;
}

/** How the runtime is told to collect. */
export interface Collect {
  readonly new: () => void;
  readonly all: () => void;
}

export class GrowthCollector {
  readonly #parts: GrowthParts;
  readonly #collect: Collect;
  /** Of the timer, which runs while clients come. */
  #cancel: Cancel | undefined;
  #stopped = false;
  #last = 0;
  /** Arrivals at the last look, and since when there have not been more. */
  #seen = 0;
  #quietSince = 0;
  /** How long nobody has to come until everything is looked through. */
  #quietMs = COLLECT_ALL_QUIET_MS;
  /** Arrivals when everything was looked through. */
  #lastAll = 0;

  constructor(parts: GrowthParts, collect: Collect = { new: edenGC, all: fullGC }) {
    this.#parts = parts;
    this.#collect = collect;
  }

  /** Somebody has come: it looks from now on, until nobody comes any more. */
  wake(): void {
    if (this.#stopped || this.#cancel !== undefined) return;
    // Who went since the last look was not seen going.
    const { clock, random = systemRandom, arrivals, others } = this.#parts;
    this.#seen = arrivals();
    this.#last = Math.min(this.#last, this.#seen);
    this.#lastAll = Math.min(this.#lastAll, this.#seen);
    this.#quietSince = clock.monotonic();
    this.#quietMs = COLLECT_ALL_QUIET_MS + random() * others() * COLLECT_ALL_SPREAD_MS;
    this.#cancel = clock.every(COLLECT_PERIOD_MS, () => this.#look());
  }

  stop(): void {
    this.#stopped = true;
    this.#sleep();
  }

  #sleep(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    const arrivals = this.#parts.arrivals();
    const now = this.#parts.clock.monotonic();
    if (arrivals > this.#seen) this.#quietSince = now;
    this.#seen = arrivals;
    this.#lastAll = Math.min(this.#lastAll, arrivals);
    const isQuiet = now - this.#quietSince >= this.#quietMs;
    if (isQuiet) this.#sleep();
    if (arrivals - this.#lastAll >= COLLECT_ALL_ARRIVALS && isQuiet) {
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
