/**
 * Backoff: full jitter. Each wait is a random time up to a bound that doubles, so that those who lost the same
 * thing together don't come back together.
 */
import type { Random } from "./random.ts";

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

  /** @returns milliseconds to wait before the next attempt. */
  next(): number {
    // 2 ** 1100 is Infinity, and min() makes the most of it.
    const boundMs = Math.min(this.#maxMs, this.#minMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return this.#random() * boundMs;
  }

  /** For what will not have changed soon. @returns half of the longest wait to the whole of it. */
  long(): number {
    return (this.#maxMs * (1 + this.#random())) / 2;
  }

  /** The next wait is a short one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
