/**
 * A timing wheel: when each of many connections is due, in two packed arrays and no timer of its
 * own. A connection is in a wheel once or not at all.
 */

const NONE = -1;

export class Wheel {
  readonly tickMs: number;
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  #tick: number;

  /**
   * @param count connections, numbered from 0.
   * @param spanMs the longest delay.
   */
  constructor(options: {
    readonly count: number;
    readonly tickMs: number;
    readonly spanMs: number;
    readonly nowMs: number;
  }) {
    this.tickMs = options.tickMs;
    this.#heads = new Int32Array(Math.ceil(options.spanMs / options.tickMs) + 2).fill(NONE);
    this.#next = new Int32Array(options.count).fill(NONE);
    this.#tick = Math.floor(options.nowMs / options.tickMs);
  }

  /** When the next slot is due, whether or not somebody is in it. */
  get nextMs(): number {
    return (this.#tick + 1) * this.tickMs;
  }

  /** What is past is due in the next slot; what lies further ahead than the wheel reaches, in its last. */
  add(index: number, dueMs: number): void {
    const wanted = Math.max(this.#tick + 1, Math.ceil(dueMs / this.tickMs));
    const tick = Math.min(wanted, this.#tick + this.#heads.length - 1);
    const slot = tick % this.#heads.length;
    this.#next[index] = this.#heads[slot] as number;
    this.#heads[slot] = index;
  }

  /** Takes out whoever is due, in no order within a slot. They may be added again while they are visited. */
  advance(nowMs: number, visit: (index: number, slotMs: number) => void): void {
    const until = Math.floor(nowMs / this.tickMs);
    while (this.#tick < until) {
      this.#tick++;
      const slot = this.#tick % this.#heads.length;
      let index = this.#heads[slot] as number;
      this.#heads[slot] = NONE;
      while (index !== NONE) {
        const next = this.#next[index] as number;
        visit(index, this.#tick * this.tickMs);
        index = next;
      }
    }
  }
}
