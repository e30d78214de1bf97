/**
 * EpochCandidate: the epoch that a channel begins under when this node is the first to write to it.
 *
 * A log that is gone must come back under another epoch. It can be gone because it was too old, so a candidate is used no
 * longer than a log lives; or because Redis lost it, so a new connection brings a new candidate. Those of other nodes differ.
 */
import type { Clock } from "../../base/clock.ts";
import { type Epoch, newEpoch } from "../../base/ids.ts";

export class EpochCandidate {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  #epoch = newEpoch();
  #madeAt: number;

  /** @param lifeMs the shortest life of a log, 1 or more. */
  constructor(clock: Clock, lifeMs: number) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
    this.#madeAt = clock.now();
  }

  get current(): Epoch {
    // Either way: a clock that was set back would prolong it.
    if (Math.abs(this.#clock.now() - this.#madeAt) >= this.#lifeMs) this.renew();
    return this.#epoch;
  }

  renew(): void {
    this.#epoch = newEpoch();
    this.#madeAt = this.#clock.now();
  }
}
