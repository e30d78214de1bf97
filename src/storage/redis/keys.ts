/**
 * Names of keys. All keys of one channel begin with `<prefix>{<channel>}:` and so lie in one hash slot.
 */
import type { ChannelId } from "../../base/ids.ts";

/** A set of the nodes that are interested in the channel. */
export function interestKey(prefix: string, channel: ChannelId): string {
  return `${prefix}{${channel}}:nodes`;
}

export function isInterestKey(prefix: string, key: string): boolean {
  return key.startsWith(`${prefix}{`) && key.endsWith("}:nodes");
}
