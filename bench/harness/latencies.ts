/**
 * Latencies of one load, kept one by one: exact percentiles, a bounded array, and no buckets
 * whose width would have to be trusted.
 */

/** 32 MiB of float64; what comes later is only counted. */
const SAMPLES_MAX = 4_000_000;

export interface LatencySummary {
  readonly samples: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export class Latencies {
  #samples = new Float64Array(1_024);
  #count = 0;

  add(us: number): void {
    if (this.#count >= SAMPLES_MAX) return;
    if (this.#count === this.#samples.length) {
      const wider = new Float64Array(Math.min(this.#samples.length * 4, SAMPLES_MAX));
      wider.set(this.#samples);
      this.#samples = wider;
    }
    this.#samples[this.#count++] = us;
  }

  summary(): LatencySummary {
    const sorted = this.#samples.slice(0, this.#count).sort();
    const at = (share: number): number => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    return { samples: sorted.length, p50Us: at(0.5), p99Us: at(0.99), maxUs: at(1) };
  }
}
