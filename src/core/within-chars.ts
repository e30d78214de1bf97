/**
 * Pages of history as clients get them: bounded by characters, not only by count.
 */
import { HISTORY_PAGE_CHARS_MAX } from "../base/limits.ts";
import type { HistoryPage } from "./channel-log.ts";

/** Shortens a page to what one frame may carry, from the end that is read last; at least one message stays. */
export function withinChars(page: HistoryPage, upwards: boolean): HistoryPage {
  const messages = upwards ? page.messages : page.messages.toReversed();
  let chars = 0;
  let count = 0;
  for (const message of messages) {
    chars += message.msg.length + (message.media?.url.length ?? 0);
    if (chars > HISTORY_PAGE_CHARS_MAX && count > 0) break;
    count += 1;
  }
  if (count === messages.length) return page;
  const kept = messages.slice(0, count);
  return { head: page.head, messages: upwards ? kept : kept.reverse(), more: true };
}
