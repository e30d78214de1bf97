/** For tests: messages as a log gives them, and what is known of their order. */
import type { AppPlatform, ChannelId, Epoch, MessageId, UserId } from "../../src/base/ids.ts";
import type { Message } from "../../src/core/message.ts";

export const lobby = "room:101" as ChannelId;

export function messageOf(offset: number, channel: ChannelId = lobby, msg = `hello ${offset}`): Message {
  return {
    id: `id-${channel}-${offset}` as MessageId,
    seq: `seq-${offset}`,
    from: "ann" as UserId,
    appPlatform: 101 as AppPlatform,
    type: "text",
    msg,
    channel,
    epoch: "epoch001" as Epoch,
    offset,
    sentAt: 1_700_000_000_000 + offset,
  };
}

export function messagesOf(count: number, from = 1): Message[] {
  return Array.from({ length: count }, (_, at) => messageOf(from + at));
}

export function offsetsOf(messages: readonly Message[]): number[] {
  return messages.map(({ offset }) => offset);
}
