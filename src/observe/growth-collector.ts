/**
 * GrowthCollector: collects garbage while many clients come at once.
 *
 * A login leaves some 8 KB of garbage and half a kilobyte that stays. The runtime (Bun 1.4.5) lets the heap double before it looks,
 * and what stays of ten thousand logins then lies so thinly spread that the room can't be given back: a kilobyte of memory
 * per connection for as long as it lives. Looking through what is new takes a millisecond or three.
 */
import { edenGC } from "bun:jsc";
import type { Cancel, Clock } from "../base/clock.ts";
import { COLLECT_EVERY_ARRIVALS, COLLECT_PERIOD_MS } from "../base/limits.ts";

export class GrowthCollector {
  readonly #arrivals: () => number;
  readonly #cancel: Cancel;
  readonly #collect: () => void;
  #last = 0;

  /** @param arrivals how many are here now: connections and logins, each counted. */
  constructor(clock: Clock, arrivals: () => number, collect: () => void = edenGC) {
    this.#arrivals = arrivals;
    this.#collect = collect;
    this.#cancel = clock.every(COLLECT_PERIOD_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const arrivals = this.#arrivals();
    if (arrivals - this.#last >= COLLECT_EVERY_ARRIVALS) this.#collect();
    else if (arrivals > this.#last) return;
    this.#last = arrivals;
  }
}
