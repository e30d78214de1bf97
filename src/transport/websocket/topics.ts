/**
 * The names of the runtime's topics: one per channel and format, so that a frame is encoded once per format.
 */
import type { ChannelId } from "../../base/ids.ts";
import type { Format } from "../../protocol/frames.ts";

const SUFFIX: Readonly<Record<Format, string>> = { json: "|j", protobuf: "|p", reference: "|r" };

export function topicOf(channel: ChannelId, format: Format): string {
  return channel + SUFFIX[format];
}
