/**
 * Breaker: leaves somebody alone for a while who has failed several times in a row.
 */
import type { Clock } from "../base/clock.ts";
import { OLD_NODE_FAILURES_MAX, OLD_NODE_REST_MS } from "../base/limits.ts";

export class Breaker {
  readonly #clock: Pick<Clock, "monotonic">;
  #failures = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** True while nothing should be tried. After a rest one more failure begins another. */
  get isResting(): boolean {
    return this.#clock.monotonic() < this.#restsUntil;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#restsUntil = Number.NEGATIVE_INFINITY;
  }

  /** @returns true if with this a rest begins. */
  failed(): boolean {
    this.#failures += 1;
    if (this.#failures < OLD_NODE_FAILURES_MAX || this.isResting) return false;
    this.#restsUntil = this.#clock.monotonic() + OLD_NODE_REST_MS;
    return true;
  }
}
