/**
 * Pages of history as clients get them: bounded by bytes, not only by count.
 */
import { HISTORY_PAGE_BYTES_MAX } from "../base/limits.ts";
import type { HistoryPage } from "./channel-log.ts";
import type { Message } from "./message.ts";

/** The keys around a message's text, in the longer of the two formats. */
const FRAME_BYTES_PER_MESSAGE = 400;

/** Shortens a page to what one frame may carry, from the end that is read last; at least one message stays. */
export function withinBytes(page: HistoryPage, upwards: boolean): HistoryPage {
  const messages = upwards ? page.messages : page.messages.toReversed();
  let bytes = 0;
  let count = 0;
  for (const message of messages) {
    bytes += bytesOf(message);
    if (bytes > HISTORY_PAGE_BYTES_MAX && count > 0) break;
    count += 1;
  }
  if (count === messages.length) return page;
  const kept = messages.slice(0, count);
  return { head: page.head, messages: upwards ? kept : kept.reverse(), more: true };
}

/** As JSON, where a control character takes six bytes and a Chinese one three. */
function bytesOf({ msg, media }: Message): number {
  const written = JSON.stringify(media === undefined ? msg : [msg, media]);
  return Buffer.byteLength(written) + FRAME_BYTES_PER_MESSAGE;
}
