/**
 * Sweeper: deletes in the background what nobody writes past any more: messages and remembered
 * sends that became too old, and then channels of which nothing is left.
 *
 * It goes round all channels, a bounded number of rows at a time, and comes back sooner while
 * it finds something. With a channel it forgets the store's epoch, so that a channel which comes back
 * is seen to have lost its log.
 */
import type { Cancel, Clock } from "../../base/clock.ts";
import {
  SWEEP_BUSY_PERIOD_MS,
  SWEEP_CHANNELS_MAX,
  SWEEP_PERIOD_MS,
  SWEEP_ROWS_MAX,
} from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import type { ChannelHead, ChannelHeads } from "./channel-heads.ts";
import type { Statements } from "./statements.ts";
import type { Transaction } from "./transaction.ts";
import type { Trimmer } from "./trimmer.ts";

export interface SweeperParts {
  readonly statements: Statements;
  readonly heads: ChannelHeads;
  readonly trimmer: Trimmer;
  readonly transaction: Transaction;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Sweeper {
  readonly #parts: SweeperParts;
  #cancel: Cancel;
  /** Id of the channel that was looked at last. */
  #hand = 0;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
    this.#cancel = this.#schedule(SWEEP_PERIOD_MS);
  }

  /** Stops for good; repeating it is safe. */
  stop(): void {
    this.#cancel();
  }

  #schedule(delayMs: number): Cancel {
    return this.#parts.clock.after(delayMs, () => {
      const deleted = this.#sweep();
      this.#cancel = this.#schedule(deleted > 0 ? SWEEP_BUSY_PERIOD_MS : SWEEP_PERIOD_MS);
    });
  }

  /** @returns rows deleted. */
  #sweep(): number {
    const { transaction, statements, clock, log } = this.#parts;
    const now = clock.now();
    try {
      return transaction.run(() => {
        const { changes } = statements.dropSends.run(now, SWEEP_ROWS_MAX);
        return changes + this.#sweepChannels(now, SWEEP_ROWS_MAX);
      });
    } catch (error) {
      // Nothing is lost: what could not be deleted now is found again in the next round.
      log.warn("sweep failed", { error });
      return 0;
    }
  }

  #sweepChannels(now: number, rowsMax: number): number {
    const heads = this.#parts.heads.after(this.#hand, SWEEP_CHANNELS_MAX);
    let deleted = 0;
    for (const head of heads) {
      deleted += this.#sweepChannel(head, now);
      if (deleted >= rowsMax) return deleted;
      this.#hand = head.id;
    }
    if (heads.length < SWEEP_CHANNELS_MAX) this.#hand = 0;
    return deleted;
  }

  #sweepChannel(head: ChannelHead, now: number): number {
    const { trimmer, statements, heads } = this.#parts;
    const trimmed = trimmer.trim(head, now);
    const remembered = head.oldest <= head.offset || !trimmer.isOver(head, now) || now < head.sendsUntil;
    if (remembered) return trimmed;
    const { changes } = statements.dropMarks.run(head.id, head.id, SWEEP_ROWS_MAX);
    if (changes === SWEEP_ROWS_MAX) return trimmed + changes;
    heads.forget(head);
    return trimmed + changes + 1;
  }
}
