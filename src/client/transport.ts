/**
 * Transport: a way to reach the server. It speaks of requests, answers and pushes, not of bytes, so that a WebSocket and
 * a stream with calls beside it can stand for one another. It neither retries nor remembers anything.
 */
import type { ClientRequest, ServerFrame } from "./frames.ts";

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
  /** Hands a request over, in order. One that can't be sent is dropped: the link ends, or soon turns out to be dead. */
  send(request: ClientRequest): void;
  /** Ends the link; no event comes after it. Calling it twice is safe. @returns when the other side knows, or at once. */
  close(): Promise<void>;
}

export interface LinkEvents {
  opened(): void;
  frame(frame: ServerFrame): void;
  ended(end: LinkEnd): void;
}

export interface LinkEnd {
  /** WebSocket close code, or what comes nearest to it; 1006 if nobody said why. */
  readonly code: number;
  readonly text: string;
}
