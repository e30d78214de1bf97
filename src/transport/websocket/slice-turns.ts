/**
 * SliceTurns: slices of big topics are written one after the other, and everybody else has their turn in between.
 *
 * After a slice it rests for as long as that took. If it is woken late from a rest, others want the machine's cores, and it rests longer
 * the next time: a message to everybody on a machine full of nodes gives way to all that is asked of them meanwhile. Where
 * messages come faster than that, it doesn't rest: they would only pile up.
 */
import type { Clock } from "../../base/clock.ts";
import {
  SLICE_BUSY_FRAMES,
  SLICE_LATE_MS,
  SLICE_REST_FACTOR_MAX,
  SLICE_REST_MS_MAX,
} from "../../base/limits.ts";

/** So a rest is ended late now and then, one in eight, and no more often: late ones double the factor. */
const FACTOR_DECAY = 0.9;

export interface Slice {
  /** Writes what waits. @returns how many frames that were. */
  write(): number;
}

export class SliceTurns {
  readonly #clock: Clock;
  /** In the order of their turns. */
  readonly #waiting = new Set<Slice>();
  #isUnderWay = false;
  /** A rest is so many times as long as what it follows. */
  #factor = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The slice has something to write. The first one is written at once. */
  add(slice: Slice): void {
    this.#waiting.add(slice);
    if (this.#isUnderWay) return;
    this.#factor = 1;
    this.#next();
  }

  /** Writes everything that waits, now. */
  flush(): void {
    for (const slice of this.#waiting) slice.write();
    this.#waiting.clear();
  }

  #next(): void {
    const [slice] = this.#waiting;
    this.#isUnderWay = slice !== undefined;
    if (slice === undefined) return;
    this.#waiting.delete(slice);
    const startedAt = this.#clock.monotonic();
    const frames = slice.write();
    // The runtime writes to the sockets when a turn of the event loop ends: surely when the next one has.
    this.#clock.soon(() => this.#clock.soon(() => this.#rest(startedAt, frames)));
  }

  #rest(startedAt: number, frames: number): void {
    const now = this.#clock.monotonic();
    const restMs = Math.min(SLICE_REST_MS_MAX, (now - startedAt) * this.#factor);
    if (frames === 0 || frames >= SLICE_BUSY_FRAMES || restMs < 1) {
      this.#next();
      return;
    }
    this.#clock.after(restMs, () => {
      const isLate = this.#clock.monotonic() - now - restMs >= SLICE_LATE_MS;
      this.#factor = isLate
        ? Math.min(SLICE_REST_FACTOR_MAX, this.#factor * 2)
        : Math.max(1, this.#factor * FACTOR_DECAY);
      this.#next();
    });
  }
}
