/**
 * Pages of history over RPC: cut to what one message of a call may carry.
 */
import type { ChannelId } from "../../base/ids.ts";
import { HISTORY_PAGE_DEFAULT, RPC_HISTORY_BYTES_MAX } from "../../base/limits.ts";
import type { HistoryPage, HistoryRange } from "../../core/channel-log.ts";
import type { Message } from "../../core/message.ts";
import { messageInit } from "../../protocol/protobuf-codec.ts";

/** The range of HistoryRequest and PushServiceHistoryRequest. */
interface RangeRequest {
  readonly range:
    | { readonly case: "after" | "before"; readonly value: bigint }
    | { readonly case: undefined; readonly value?: undefined };
  readonly limit: number;
}

export function rangeOf({ range, limit: asked }: RangeRequest): HistoryRange {
  const limit = asked || HISTORY_PAGE_DEFAULT;
  if (range.case === "after") return { after: Number(range.value), limit };
  return { before: range.case === "before" ? Number(range.value) : undefined, limit };
}

/**
 * HistoryResponse and PushServiceHistoryResponse.
 *
 * @param range as it was asked: a page that is too long ends early in that direction.
 * @param bytesMax of JSON; one message stays in any case.
 */
export function historyInit(
  channel: ChannelId,
  range: HistoryRange,
  page: HistoryPage,
  bytesMax = RPC_HISTORY_BYTES_MAX,
) {
  const upwards = "after" in range;
  const kept = withinBytes(upwards ? page.messages : page.messages.toReversed(), bytesMax);
  const more = page.more || kept.length < page.messages.length;
  const messages = (upwards ? kept : kept.toReversed()).map(messageInit);
  return { channel, epoch: page.head.epoch, head: BigInt(page.head.offset), messages, more };
}

function withinBytes(messages: readonly Message[], bytesMax: number): readonly Message[] {
  let bytes = 0;
  for (const [index, message] of messages.entries()) {
    // JSON is the longer encoding, and Connect may use it; the names of the fields are nearly these.
    bytes += Buffer.byteLength(JSON.stringify(message));
    if (bytes > bytesMax && index > 0) return messages.slice(0, index);
  }
  return messages;
}
