/**
 * CoarseClock: wall time that is read at most once in CLOCK_COARSE_MS, for what happens a million times a second and needs no
 * millisecond: when a client was heard last, and how many frames it sent in a second. Reading the machine's clock takes
 * 45 ns here, a tenth of what answering a ping does.
 *
 * No timer runs while nobody asks.
 */
import type { Clock } from "./clock.ts";
import { CLOCK_COARSE_MS } from "./limits.ts";

export class CoarseClock {
  readonly #clock: Clock;
  /** 0 when the machine's clock is to be read. */
  #now = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Unix milliseconds; behind by CLOCK_COARSE_MS and what timers are late at most. */
  now(): number {
    if (this.#now !== 0) return this.#now;
    this.#now = this.#clock.now();
    this.#clock.after(CLOCK_COARSE_MS, () => {
      this.#now = 0;
    });
    return this.#now;
  }
}
