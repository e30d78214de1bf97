/**
 * Connector: keeps one link open for as long as it is wanted. It waits before it tries again, tells dead links from
 * living ones, and knows which ends are final. Who is logged in is not its business.
 */
import type { Backoff } from "./backoff.ts";
import type { Cancel, ClientClock, Random } from "./clock.ts";
import type { ClientRequest, ServerFrame } from "./frames.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import { PrimClientError } from "./prim-client-error.ts";
import type { Link, LinkEnd, Transport } from "./transport.ts";

/** How a connection is kept. */
export interface ConnectorOptions extends HeartbeatOptions {
  /** Milliseconds for a connection to open; default 10,000. */
  readonly openMsMax: number;
  /** Milliseconds: a login that lasted this long makes the next wait before a reconnect a short one again. Default 10,000. */
  readonly stableMs: number;
}

export interface ConnectorEvents {
  dialling(): void;
  opened(): void;
  frame(frame: ServerFrame): void;
  /** The heartbeat is due. */
  beat(): void;
  down(end: LinkEnd, retryInMs: number): void;
  /** The connector has stopped: coming back would be of no use. */
  gaveUp(error: PrimClientError): void;
}

/** Close codes after which a client doesn't come back (PROTOCOL.md, "Close codes"). */
const FINAL: ReadonlyMap<number, "protocol" | "too_large" | "kicked"> = new Map([
  [1002, "protocol"],
  [1007, "protocol"],
  [1009, "too_large"],
  [4003, "kicked"],
] as const);

const NO_CLOSE_FRAME = 1006;

export class Connector {
  readonly #transport: Transport;
  readonly #clock: ClientClock;
  readonly #backoff: Backoff;
  readonly #options: ConnectorOptions;
  readonly #events: ConnectorEvents;
  readonly #heartbeat: Heartbeat;
  #link: Link | undefined;
  #isOpen = false;
  #stopOpening: Cancel | undefined;
  #stopStable: Cancel | undefined;
  #stopWaiting: Cancel | undefined;

  constructor(
    transport: Transport,
    clock: ClientClock,
    random: Random,
    backoff: Backoff,
    options: ConnectorOptions,
    events: ConnectorEvents,
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#backoff = backoff;
    this.#options = options;
    this.#events = events;
    const dead = () => this.restart(`no answer within ${options.deadAfterMs} ms`);
    this.#heartbeat = new Heartbeat(clock, random, options, () => events.beat(), dead);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What the open link is made of. */
  get via(): string | undefined {
    return this.#isOpen ? this.#link?.via : undefined;
  }

  /** Opens a link, and another one whenever it is lost, until stop(). */
  start(): void {
    if (this.#link === undefined && this.#stopWaiting === undefined) this.#dial();
  }

  /** Ends the link for good. @returns when the other side knows. */
  stop(): Promise<void> {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#backoff.reset();
    return this.#drop();
  }

  /** Gives the link up and opens another one after a wait. */
  restart(why: string): void {
    if (this.#link === undefined) return;
    void this.#drop();
    this.#retry({ code: NO_CLOSE_FRAME, text: why });
  }

  /** Doesn't wait any longer: the network is said to be back. An open link is put to the test. */
  wake(): void {
    if (this.#stopWaiting !== undefined) this.#dial();
    else if (this.#isOpen) this.#events.beat();
  }

  /** The login stands: if it lasts, the next wait is a short one again. */
  loggedIn(): void {
    this.#stopStable ??= this.#clock.after(this.#options.stableMs, () => this.#backoff.reset());
  }

  /** @returns false if there is no open link. */
  send(request: ClientRequest): boolean {
    if (!this.#isOpen || this.#link === undefined) return false;
    this.#heartbeat.asked();
    this.#link.send(request);
    return true;
  }

  #dial(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#events.dialling();
    let link: Link;
    try {
      link = this.#transport.open({
        opened: () => this.#link === link && this.#opened(),
        frame: (frame) => {
          if (this.#link !== link) return;
          this.#heartbeat.heard(frame.kind === "answer");
          this.#events.frame(frame);
        },
        ended: (end) => this.#link === link && this.#ended(end),
      });
    } catch (error) {
      // What browsers and others throw for an address they won't open, now or later.
      const options = { cause: error };
      this.#events.gaveUp(new PrimClientError("illegal_parameter", "Cannot open this address", options));
      return;
    }
    this.#link = link;
    const { openMsMax } = this.#options;
    this.#stopOpening = this.#clock.after(openMsMax, () => this.restart(`not open within ${openMsMax} ms`));
  }

  #opened(): void {
    this.#stopOpening?.();
    this.#isOpen = true;
    this.#heartbeat.start();
    this.#events.opened();
  }

  #ended(end: LinkEnd): void {
    void this.#drop();
    const reason = FINAL.get(end.code);
    if (reason === undefined) {
      this.#retry(end);
      return;
    }
    const text = `Connection closed: code ${end.code} ${JSON.stringify(end.text)}`;
    this.#events.gaveUp(new PrimClientError(reason, text));
  }

  #retry(end: LinkEnd): void {
    const atOnce = end.atOnce === true;
    const delayMs = atOnce ? 0 : this.#backoff.next();
    this.#stopWaiting = atOnce ? () => {} : this.#clock.after(delayMs, () => this.#dial());
    this.#events.down(end, delayMs);
    // Unless who was told has stopped it, or woken it.
    if (atOnce && this.#stopWaiting !== undefined) this.#dial();
  }

  #drop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#isOpen = false;
    this.#heartbeat.stop();
    this.#stopOpening?.();
    this.#stopStable?.();
    this.#stopStable = undefined;
    return link?.close() ?? Promise.resolve();
  }
}
