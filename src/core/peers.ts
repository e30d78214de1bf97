/**
 * Peers: the other nodes of the cluster, as the core sees them: somebody who wants to hear what happens in a channel.
 *
 * Nothing waits for them and nothing depends on them. What does not reach a peer, a stored message, the peer reads from the
 * log when it is back or when the next one comes; a push that is not stored is lost to its users.
 */
import type { ChannelId, NodeId } from "../base/ids.ts";
import type { Message } from "./message.ts";
import type { Push } from "./pushes.ts";

export interface Peers {
  /** Hands a stored message to those of the nodes that live. Messages of one channel arrive in the order of the calls, if they arrive. */
  forward(nodes: readonly NodeId[], message: Message): void;

  /** Hands on a push that is not stored, for the sessions that see the channel there. */
  relay(nodes: readonly NodeId[], channel: ChannelId, push: Push): void;
}
