/**
 * What a history range means on a log without holes: plain arithmetic on offsets, the same for
 * every store that knows its oldest kept offset and its head.
 */
import { PrimError } from "../base/errors.ts";
import { HISTORY_PAGE_MAX } from "../base/limits.ts";
import type { HistoryRange } from "../core/channel-log.ts";

/** How much of a channel is kept; both bounds hold at once. */
export interface HistoryBounds {
  /** Messages per channel, 0 or more. */
  readonly countMax: number;
  /** Milliseconds since a message was sent, 0 or more; a message of exactly this age is still kept. */
  readonly ageMs: number;
}

/** Offsets `first` to `last`, both inclusive; empty if `first` is greater. */
export interface HistoryWindow {
  readonly first: number;
  readonly last: number;
  /** True if more is kept in the direction that was asked. */
  readonly more: boolean;
}

/** @throws {PrimError} `invalid_argument` on a limit or an offset out of range. */
export function checkRange(range: HistoryRange): void {
  const { limit } = range;
  if (!Number.isInteger(limit) || limit < 1 || limit > HISTORY_PAGE_MAX) {
    throw new PrimError(
      "invalid_argument",
      `Cannot read history: limit must be 1 to ${HISTORY_PAGE_MAX}: ${limit}`,
    );
  }
  const offset = "after" in range ? range.after : (range.before ?? 0);
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new PrimError(
      "invalid_argument",
      `Cannot read history: an offset must be an integer, 0 or more: ${offset}`,
    );
  }
}

/**
 * @param oldest offset of the oldest kept message; head + 1 if none is kept.
 * @param head offset of the newest message ever appended.
 */
export function windowOf(range: HistoryRange, oldest: number, head: number): HistoryWindow {
  if ("after" in range) {
    const first = Math.max(range.after + 1, oldest);
    const last = Math.min(first + range.limit - 1, head);
    return { first, last, more: first <= last && last < head };
  }
  const last = Math.min((range.before ?? head + 1) - 1, head);
  const first = Math.max(last - range.limit + 1, oldest);
  return { first, last, more: first <= last && first > oldest };
}

/**
 * The first offset in `low` to `high` whose message was sent at `since` or later; high + 1 if none was.
 * Rests on sentAt never decreasing within a channel.
 */
export function firstSince(
  since: number,
  low: number,
  high: number,
  sentAt: (offset: number) => number,
): number {
  let first = low;
  let end = high + 1;
  while (first < end) {
    const middle = Math.floor((first + end) / 2);
    if (sentAt(middle) < since) first = middle + 1;
    else end = middle;
  }
  return first;
}
