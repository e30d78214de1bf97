/**
 * LinkOpenings: how many links of this node are being opened at the same time. A node that starts among many others, or comes back to
 * them, opens a link to each of them at once; on a machine that is busy with it every attempt would be late, and be repeated.
 */
import type { Cancel } from "../base/clock.ts";
import { LINK_OPENINGS_MAX } from "../base/limits.ts";

export class LinkOpenings {
  #underWay = 0;
  readonly #waiting = new Set<() => void>();

  /**
   * Has a link opened when its turn has come: `open` calls begun().
   *
   * @returns undefined if it has been opened, else what takes the request back.
   */
  request(open: () => void): Cancel | undefined {
    if (this.#underWay < LINK_OPENINGS_MAX) {
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

  /** It is open, or could not be opened. */
  done(): void {
    this.#underWay -= 1;
    const [next] = this.#waiting;
    if (next === undefined || this.#underWay >= LINK_OPENINGS_MAX) return;
    this.#waiting.delete(next);
    next();
  }
}
