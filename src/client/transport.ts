/**
 * Transport: a way to reach the server. It speaks of requests, answers and pushes, not of bytes, so that a WebSocket and
 * a stream with calls beside it can stand for one another. It neither retries nor remembers anything of what was said.
 */
import type { ClientRequest, ServerFrame } from "./frames.ts";

/** A way to reach the server. */
export interface Transport {
  /**
   * Starts to open a link.
   *
   * @param events is told, never before this returns: opened() at most once, then frames, and ended() once
   *   at the very end, unless close() was called before.
   */
  open(events: LinkEvents): Link;
}

/** One connection. */
export interface Link {
  /** What it is made of: "websocket", "stream", or what a transport of your own calls it. */
  readonly via?: string;
  /** Hands a request over, in order. One that can't be sent is dropped: the link ends, or soon turns out to be dead. */
  send(request: ClientRequest): void;
  /** Ends the link; no event comes after it. Calling it twice is safe. @returns when the other side knows, or at once. */
  close(): Promise<void>;
}

/** What a link tells. */
export interface LinkEvents {
  /** The server is there and takes requests. */
  opened(): void;
  /** An answer or a push came. */
  frame(frame: ServerFrame): void;
  /** The link is over. */
  ended(end: LinkEnd): void;
}

/** How a link ended. */
export interface LinkEnd {
  /** WebSocket close code, or what comes nearest to it; 1006 if nobody said why. */
  readonly code: number;
  /** Why, for a person; may be empty. */
  readonly text: string;
  /** True if the transport has a better link ready: it is to be opened without a wait. */
  readonly atOnce?: boolean;
}
