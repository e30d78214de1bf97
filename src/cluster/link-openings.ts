/**
 * LinkOpenings: how many links of this node are being opened at the same time. A node that starts among many others, or comes back to
 * them, opens a link to each of them at once; on a machine that is busy with it every attempt would be late, and be repeated. So it
 * begins with LINK_OPENINGS_MIN, has one more after each that was in time, up to LINK_OPENINGS_MAX, and half as many after each that was late.
 */
import type { Cancel } from "../base/clock.ts";
import { LINK_OPENINGS_MAX, LINK_OPENINGS_MIN } from "../base/limits.ts";

export class LinkOpenings {
  #underWay = 0;
  #max = LINK_OPENINGS_MIN;
  readonly #waiting = new Set<() => void>();

  /**
   * Has a link opened when its turn has come: `open` calls begun().
   *
   * @returns undefined if it has been opened, else what takes the request back.
   */
  request(open: () => void): Cancel | undefined {
    if (this.#underWay < this.#max) {
      open();
      return undefined;
    }
    this.#waiting.add(open);
    return () => void this.#waiting.delete(open);
  }

  /** A link is being opened, also without a request. */
  begun(): void {
    this.#underWay += 1;
  }

  /**
   * It is open, or could not be opened.
   *
   * @param late because it took too long.
   */
  done(late: boolean): void {
    this.#underWay -= 1;
    this.#max = late
      ? Math.max(LINK_OPENINGS_MIN, Math.floor(this.#max / 2))
      : Math.min(LINK_OPENINGS_MAX, this.#max + 1);
    for (const next of this.#waiting) {
      if (this.#underWay >= this.#max) return;
      this.#waiting.delete(next);
      next();
    }
  }
}
