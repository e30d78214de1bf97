/**
 * How a channel lies in Redis. All its keys begin with `<prefix>{<channel>}`, whose braces put them in one hash slot:
 *
 *     <base>           head: epoch, offset, time of the newest message, and until when sends of the two classes are remembered
 *     <base>:log       stream; the entry `<offset>-<sentAt>` has the draft as JSON, so ranges by offset are direct
 *     <base>:nodes     hash whose fields are the interested nodes: a third less memory than a set (154 bytes to 235), for one node or a few
 *     <base>:marks     hash, user to `<offset> <epoch>`
 *     <base>:sent:*    two hashes of remembered sends for each class of windows, short and long
 *
 * Of a channel nobody has written to only `nodes` exists. All others expire by themselves; what counts is judged by the
 * times in them.
 */
import type { ChannelId } from "../../base/ids.ts";

export interface ChannelKeys {
  readonly head: string;
  readonly log: string;
  readonly nodes: string;
  readonly marks: string;
  readonly sent: readonly [shortEven: string, shortOdd: string, longEven: string, longOdd: string];
}

export function channelKeys(prefix: string, channel: ChannelId): ChannelKeys {
  const base = `${prefix}{${channel}}`;
  return {
    head: base,
    log: `${base}:log`,
    nodes: nodesKey(prefix, channel),
    marks: `${base}:marks`,
    sent: [`${base}:sent:s0`, `${base}:sent:s1`, `${base}:sent:l0`, `${base}:sent:l1`],
  };
}

/** Where it is noted which nodes are interested in the channel: a hash, whose fields are node ids. */
export function nodesKey(prefix: string, channel: ChannelId): string {
  return `${prefix}{${channel}}:nodes`;
}

/** True for what nodesKey() gives, of whichever channel. */
export function isNodesKey(prefix: string, key: string): boolean {
  return key.startsWith(`${prefix}{`) && key.endsWith("}:nodes");
}
