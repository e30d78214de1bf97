/**
 * Latencies of millions of requests in 13 KB: a log-linear histogram of microseconds. Up to 255 us
 * each value has a bucket of its own; above, each doubling is cut into 128, so that a percentile
 * is at most 0.8% above the truth and never below it. Histograms of several processes add up.
 *
 * hdr-histogram-js does the same with a WebAssembly loader and a deflate library on board, which
 * sixty client processes would all have to hold in memory.
 */

const SUB_BUCKET_BITS = 7;
const BUCKETS = (32 - SUB_BUCKET_BITS - 1) * 2 ** SUB_BUCKET_BITS + 2 ** (SUB_BUCKET_BITS + 1);
/** About 71 minutes: what is longer is counted as this long. */
export const LATENCY_US_MAX = 2 ** 32 - 1;

/** A histogram on its way between processes: only the buckets that hold something. */
export interface SparseHistogram {
  /** Bucket and count in turns. */
  readonly pairs: Uint32Array;
  readonly minUs: number;
  readonly maxUs: number;
  readonly sumUs: number;
}

export interface HistogramSummary {
  readonly count: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

export class Histogram {
  #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #minUs = LATENCY_US_MAX;
  #maxUs = 0;
  #sumUs = 0;

  get count(): number {
    return this.#count;
  }

  get maxUs(): number {
    return this.#maxUs;
  }

  /** @param us rounded down; below 0, as clocks of two processes may have it, counts as 0. */
  record(us: number): void {
    const value = us <= 0 ? 0 : us >= LATENCY_US_MAX ? LATENCY_US_MAX : us >>> 0;
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    this.#sumUs += value;
    if (value > this.#maxUs) this.#maxUs = value;
    if (value < this.#minUs) this.#minUs = value;
  }

  /**
   * @param share 0 to 1.
   * @returns the least value that this share of the values does not exceed, rounded up to the end of its
   *   bucket; 0 for an empty histogram.
   */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    if (rank >= this.#count) return this.#maxUs;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) return Math.min(lastOf(bucket), this.#maxUs);
    }
    return this.#maxUs;
  }

  summary(): HistogramSummary {
    return {
      count: this.#count,
      meanUs: this.#count === 0 ? 0 : Math.round(this.#sumUs / this.#count),
      p50Us: this.percentile(0.5),
      p90Us: this.percentile(0.9),
      p99Us: this.percentile(0.99),
      p999Us: this.percentile(0.999),
      maxUs: this.#maxUs,
    };
  }

  add(other: SparseHistogram): void {
    for (let at = 0; at + 1 < other.pairs.length; at += 2) {
      const bucket = other.pairs[at] as number;
      const count = other.pairs[at + 1] as number;
      this.#counts[bucket] = (this.#counts[bucket] as number) + count;
      this.#count += count;
    }
    this.#sumUs += other.sumUs;
    this.#minUs = Math.min(this.#minUs, other.minUs);
    this.#maxUs = Math.max(this.#maxUs, other.maxUs);
  }

  sparse(): SparseHistogram {
    const pairs: number[] = [];
    if (this.#count > 0) {
      const last = bucketOf(this.#maxUs);
      for (let bucket = bucketOf(this.#minUs); bucket <= last; bucket++) {
        const count = this.#counts[bucket] as number;
        if (count > 0) pairs.push(bucket, count);
      }
    }
    return { pairs: Uint32Array.from(pairs), minUs: this.#minUs, maxUs: this.#maxUs, sumUs: this.#sumUs };
  }

  clear(): void {
    if (this.#count === 0) return;
    this.#counts.fill(0);
    this.#count = 0;
    this.#minUs = LATENCY_US_MAX;
    this.#maxUs = 0;
    this.#sumUs = 0;
  }
}

function bucketOf(value: number): number {
  const shift = Math.max(0, 32 - Math.clz32(value) - (SUB_BUCKET_BITS + 1));
  return (shift << SUB_BUCKET_BITS) + (value >>> shift);
}

/** The greatest value of a bucket. */
function lastOf(bucket: number): number {
  const shift = Math.max(0, (bucket >>> SUB_BUCKET_BITS) - 1);
  const mantissa = bucket - (shift << SUB_BUCKET_BITS);
  return (mantissa + 1) * 2 ** shift - 1;
}
