/**
 * Trimmer: which messages of a channel are kept, and the lazy deletion of the others.
 *
 * Reads ask keptFrom(), which is exact; the rows behind it leave a bounded number at a time.
 */
import { TRIM_ROWS_MAX } from "../../base/limits.ts";
import { firstSince, type HistoryBounds } from "../history-window.ts";
import type { ChannelHead, ChannelHeads } from "./channel-heads.ts";
import type { Statements } from "./statements.ts";

export class Trimmer {
  readonly #sql: Statements;
  readonly #heads: ChannelHeads;
  readonly #bounds: HistoryBounds;

  constructor(statements: Statements, heads: ChannelHeads, bounds: HistoryBounds) {
    this.#sql = statements;
    this.#heads = heads;
    this.#bounds = bounds;
  }

  /** True if all messages of the channel are too old. */
  isOver(head: ChannelHead, now: number): boolean {
    return head.sentAt < now - this.#bounds.ageMs;
  }

  /** Offset of the oldest kept message; head + 1 if none is kept. */
  keptFrom(head: ChannelHead, now: number): number {
    const low = Math.max(head.oldest, head.offset - this.#bounds.countMax + 1);
    return this.#firstYoung(head, low, head.offset, now);
  }

  /**
   * Within a transaction: deletes messages that are not kept, the oldest first, at most TRIM_ROWS_MAX.
   *
   * @returns rows deleted; TRIM_ROWS_MAX if there may be more.
   */
  trim(head: ChannelHead, now: number): number {
    const last = Math.min(head.oldest + TRIM_ROWS_MAX - 1, head.offset);
    const overCount = head.offset - this.#bounds.countMax;
    const keep =
      last <= overCount ? last + 1 : this.#firstYoung(head, Math.max(head.oldest, overCount + 1), last, now);
    const deleted = keep - head.oldest;
    if (deleted === 0) return 0;
    this.#sql.dropMessages.run(head.id, head.oldest, keep - 1);
    head.oldest = keep;
    this.#heads.changed(head);
    return deleted;
  }

  /** The first offset in `low` to `high` that is not too old; high + 1 if all are. A dozen lookups at most, usually one. */
  #firstYoung(head: ChannelHead, low: number, high: number, now: number): number {
    const since = now - this.#bounds.ageMs;
    if (low > high || this.#sentAt(head, low) >= since) return low;
    return firstSince(since, low + 1, high, (offset) => this.#sentAt(head, offset));
  }

  #sentAt(head: ChannelHead, offset: number): number {
    return this.#sql.sentAt.get(head.id, offset)?.sent_at ?? 0;
  }
}
