/**
 * WatchedWebSocket: a WebSocket link of which is kept what tells whether the network lets WebSockets live. It has a bound on the
 * time it takes to open.
 */
import type { Cancel, ClientClock } from "./clock.ts";
import type { ClientRequest } from "./frames.ts";
import type { Link, LinkEnd, LinkEvents } from "./transport.ts";

/** What became of a WebSocket. */
export interface WebSocketLife {
  /** Milliseconds it was open; undefined if it never was. */
  readonly openMs: number | undefined;
  /** Whether anything came over it. */
  readonly isHeard: boolean;
  /** Close code; undefined if it was closed from this side. */
  readonly code: number | undefined;
  /** It did not open in time. */
  readonly isLate: boolean;
}

export interface WatchedOptions {
  readonly clock: ClientClock;
  /** Milliseconds for the WebSocket to open. */
  readonly openMsMax: number;
  /** Is told once, before the link says that it has ended. */
  readonly onOver: (life: WebSocketLife) => void;
}

const NO_CLOSE_FRAME = 1006;

export class WatchedWebSocket implements Link {
  readonly via = "websocket";
  readonly #events: LinkEvents;
  readonly #options: WatchedOptions;
  #link: Link | undefined;
  #stopOpening: Cancel = () => {};
  #openedAt: number | undefined;
  #isHeard = false;
  #isOver = false;

  constructor(events: LinkEvents, options: WatchedOptions) {
    this.#events = events;
    this.#options = options;
  }

  /** @param open starts to open the WebSocket, as Transport.open() does. */
  start(open: (inner: LinkEvents) => Link): this {
    this.#link = open(this.#inner());
    const { clock, openMsMax } = this.#options;
    this.#stopOpening = clock.after(openMsMax, () => {
      const text = `no WebSocket within ${openMsMax} ms`;
      this.#ended({ code: NO_CLOSE_FRAME, text }, undefined, true);
    });
    return this;
  }

  /** @param adopt takes over a WebSocket that is open already. @returns false if it has gone. */
  take(adopt: (inner: LinkEvents) => Link | undefined): boolean {
    this.#link = adopt(this.#inner());
    if (this.#link === undefined) return false;
    queueMicrotask(() => this.#opened());
    return true;
  }

  send(request: ClientRequest): void {
    this.#link?.send(request);
  }

  close(): Promise<void> {
    this.#over(undefined, false);
    return this.#link?.close() ?? Promise.resolve();
  }

  #inner(): LinkEvents {
    return {
      opened: () => this.#opened(),
      frame: (frame) => {
        this.#isHeard = true;
        if (!this.#isOver) this.#events.frame(frame);
      },
      ended: (end) => this.#ended(end, end.code, false),
    };
  }

  #opened(): void {
    if (this.#isOver) return;
    this.#stopOpening();
    this.#openedAt = this.#options.clock.monotonic();
    this.#events.opened();
  }

  #ended(end: LinkEnd, code: number | undefined, isLate: boolean): void {
    if (this.#isOver) return;
    this.#over(code, isLate);
    void this.#link?.close();
    this.#events.ended(end);
  }

  #over(code: number | undefined, isLate: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopOpening();
    const openedAt = this.#openedAt;
    const openMs = openedAt === undefined ? undefined : this.#options.clock.monotonic() - openedAt;
    this.#options.onOver({ openMs, isHeard: this.#isHeard, code, isLate });
  }
}
