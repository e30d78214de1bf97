/**
 * WebSocketProbe: tries, beside a stream, whether WebSockets get through again: one has to open, answer a ping and live on for a
 * while. The one that did is not thrown away but becomes the next link.
 */
import type { Backoff } from "./backoff.ts";
import type { Cancel, ClientClock } from "./clock.ts";
import type { Link, LinkEvents, Transport } from "./transport.ts";

export interface ProbeOptions {
  /** Milliseconds for a WebSocket to open and to answer. */
  readonly openMsMax: number;
  /** Milliseconds it has to live after that. */
  readonly probeHoldMs: number;
}

const PING = { seq: "probe", action: "ping", data: {} } as const;

export class WebSocketProbe {
  readonly #transport: Transport;
  readonly #clock: ClientClock;
  readonly #waits: Backoff;
  readonly #options: ProbeOptions;
  readonly #onProven: (probe: WebSocketProbe) => void;
  #stopTimer: Cancel = () => {};
  #link: Link | undefined;
  #owner: LinkEvents | undefined;
  #over = false;

  /**
   * Waits, and tries again and again until it succeeds or is stopped.
   *
   * @param waits gives the time before each attempt.
   * @param onProven is called once: who wants the WebSocket calls adopt() before it returns, else it is closed.
   */
  constructor(
    transport: Transport,
    clock: ClientClock,
    waits: Backoff,
    options: ProbeOptions,
    onProven: (probe: WebSocketProbe) => void,
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#waits = waits;
    this.#options = options;
    this.#onProven = onProven;
    this.#wait();
  }

  stop(): void {
    if (this.#owner !== undefined) return;
    this.#over = true;
    this.#drop();
  }

  /** Hands the WebSocket over. @returns undefined if it has gone. */
  adopt(owner: LinkEvents): Link | undefined {
    if (this.#over || this.#link === undefined) return undefined;
    this.#owner = owner;
    this.#stopTimer();
    return this.#link;
  }

  #wait(): void {
    this.#stopTimer = this.#clock.after(this.#waits.next(), () => this.#try());
  }

  #try(): void {
    let link: Link | undefined;
    const isCurrent = () => link !== undefined && link === this.#link;
    try {
      link = this.#transport.open({
        opened: () => isCurrent() && link?.send(PING),
        frame: (frame) => {
          if (this.#owner !== undefined) this.#owner.frame(frame);
          else if (isCurrent() && frame.kind === "answer" && frame.seq === PING.seq) this.#hold();
        },
        ended: (end) => {
          if (this.#owner !== undefined) this.#owner.ended(end);
          else if (isCurrent()) this.#failed();
        },
      });
    } catch {
      this.#wait(); // An address that can't be opened now, as the stream goes on.
      return;
    }
    this.#link = link;
    this.#stopTimer = this.#clock.after(this.#options.openMsMax, () => this.#failed());
  }

  #hold(): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(this.#options.probeHoldMs, () => {
      this.#onProven(this);
      this.stop();
    });
  }

  #failed(): void {
    this.#drop();
    if (!this.#over) this.#wait();
  }

  #drop(): void {
    const link = this.#link;
    this.#link = undefined;
    this.#stopTimer();
    void link?.close();
  }
}
