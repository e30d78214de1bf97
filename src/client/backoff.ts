/**
 * Backoff: full jitter. Each wait is a random time up to a bound that doubles, so that clients which
 * lost their server together don't come back together.
 */
import type { Random } from "./clock.ts";

export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #attempts = 0;

  /** @param minMs bound of the first wait. @param maxMs bound that no wait exceeds. */
  constructor(minMs: number, maxMs: number, random: Random) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** Waits given since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** @returns milliseconds to wait before the next attempt. */
  next(): number {
    const boundMs = Math.min(this.#maxMs, this.#minMs * 2 ** this.#attempts);
    // 2 ** 1100 is Infinity, and min() makes the most of it.
    this.#attempts += 1;
    return this.#random() * boundMs;
  }

  /** The next wait is a short one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
