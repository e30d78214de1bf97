/**
 * An open loop: the moments at which requests are due, whatever became of those before. Gaps are
 * exponential, as between people who don't know of each other. A request that goes out late,
 * because client or server was busy, keeps the moment it was due, and its latency counts from
 * there; so a stall shows in as many latencies as requests fell into it.
 */
export class OpenLoop {
  readonly #meanGapMs: number;
  readonly #endMs: number;
  readonly #chance: () => number;
  #dueMs: number;

  /**
   * @param perSecond 0 for never.
   * @param chance numbers from 0 to below 1.
   */
  constructor(perSecond: number, startMs: number, endMs: number, chance: () => number = Math.random) {
    this.#meanGapMs = 1_000 / perSecond;
    this.#endMs = endMs;
    this.#chance = chance;
    this.#dueMs = perSecond === 0 ? Infinity : startMs + this.#gapMs();
  }

  /** When the next request is due; Infinity after the end. */
  get dueMs(): number {
    return this.#dueMs < this.#endMs ? this.#dueMs : Infinity;
  }

  /** Takes the due request. @returns its moment, or undefined if none is due yet. */
  take(nowMs: number): number | undefined {
    const { dueMs } = this;
    if (dueMs > nowMs) return undefined;
    this.#dueMs += this.#gapMs();
    return dueMs;
  }

  #gapMs(): number {
    return -Math.log(1 - this.#chance()) * this.#meanGapMs;
  }
}
