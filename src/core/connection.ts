/**
 * Connection: what the core needs of a client's transport, one per session.
 *
 * Frames reach the client in the order of the calls on this connection and of the publishes to
 * the channels it is subscribed to.
 */
import type { ChannelId } from "../base/ids.ts";
import type { Push } from "./pushes.ts";

/** Why prim ends a connection; protocol/ has the code of each. */
export type CloseReason = "draining" | "heartbeat_timeout" | "kicked" | "unavailable" | "internal_error";

/** How a client speaks, for operators to tell: core makes no difference. */
export type Wire = "websocket_json" | "websocket_protobuf" | "stream";

export interface Connection {
  /** Address of the client as the transport knows it. */
  readonly remoteAddress: string;
  readonly wire: Wire;
  /** Bytes that wait for the client to read them. */
  readonly backlogBytes: number;

  /**
   * Sends a push to this client alone.
   *
   * @returns false if the client reads slowly and more should wait for drained(). The push itself is queued.
   */
  push(push: Push): boolean;

  /** Resolves when the client has read enough for more, or the connection is closed. */
  drained(): Promise<void>;

  /** From now on what is published to the channel reaches this client. Repeating it is safe. */
  subscribe(channel: ChannelId): void;

  /** Ends subscribe(). Repeating it is safe. */
  unsubscribe(channel: ChannelId): void;

  /**
   * Ends the connection. The hub hears of it through Chat.disconnect(). Repeating it is safe.
   *
   * @param text told to the client instead of the usual words, at most CLOSE_TEXT_BYTES_MAX bytes.
   */
  close(reason: CloseReason, text?: string): void;
}

/** Fanout: the way to all connections of this node that are subscribed to a channel. */
export interface Fanout {
  /** Queues the push for every subscriber. Encodes once per format, however many they are. */
  publish(channel: ChannelId, push: Push): void;
}
