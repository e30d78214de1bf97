/**
 * FallbackTransport: WebSocket where it gets through, the stream where it doesn't. It owns the rule which of the two the next
 * link is: WebSocket, until two in a row failed; then the stream, beside which WebSocket is tried again. To change from one to the
 * other is a reconnect, so nothing is lost by it and nothing comes twice.
 */
import { Backoff } from "./backoff.ts";
import { type ClientClock, type Random, systemClock } from "./clock.ts";
import {
  PROBE_HOLD_MS,
  PROBE_MAX_MS,
  PROBE_MIN_MS,
  WEBSOCKET_FAILURES_MAX,
  WEBSOCKET_OPEN_MS_MAX,
  WEBSOCKET_PROVEN_MS,
} from "./limits.ts";
import type { Link, LinkEnd, LinkEvents, Transport } from "./transport.ts";
import { WatchedWebSocket, type WebSocketLife } from "./watched-websocket.ts";
import { WebSocketProbe } from "./websocket-probe.ts";

/** Times of a FallbackTransport, in milliseconds. */
export interface FallbackOptions {
  /** For a WebSocket to open; after that the stream is next. Default 5,000. */
  readonly openMsMax?: number | undefined;
  /** A WebSocket that breaks off without a close frame before this age counts as failed. Default 30,000. */
  readonly provenMs?: number | undefined;
  /** First bound of the random wait before WebSocket is tried beside the stream; it doubles. Default 10,000. */
  readonly probeMinMs?: number | undefined;
  /** Bound that this wait never exceeds. Default 120,000. */
  readonly probeMaxMs?: number | undefined;
  /** How long the WebSocket that is tried has to live. Default 3,000. */
  readonly probeHoldMs?: number | undefined;
  /** Default the machine's. */
  readonly clock?: ClientClock | undefined;
  /** Default `Math.random`. */
  readonly random?: Random | undefined;
}

const NO_CLOSE_FRAME = 1006;

/** WebSocket where it gets through, the stream where it doesn't. `httpUrl` makes one; make your own to set its times. */
export class FallbackTransport implements Transport {
  readonly #webSocket: Transport;
  readonly #stream: Transport;
  readonly #clock: ClientClock;
  readonly #openMsMax: number;
  readonly #provenMs: number;
  readonly #probeHoldMs: number;
  readonly #probeWaits: Backoff;
  /** WebSockets that failed since one was good. */
  #failures = 0;
  /** The stream did not get through either: it is the server that is away, and WebSocket has its chance when it is back. */
  #isOutage = false;
  /** Has a WebSocket for the next link. */
  #proven: WebSocketProbe | undefined;

  /** Opens nothing yet. @param webSocket is preferred. @param stream stands in for it. */
  constructor(webSocket: Transport, stream: Transport, options: FallbackOptions = {}) {
    const { clock = systemClock, random = Math.random } = options;
    const { probeMinMs = PROBE_MIN_MS, probeMaxMs = PROBE_MAX_MS } = options;
    this.#webSocket = webSocket;
    this.#stream = stream;
    this.#clock = clock;
    this.#openMsMax = options.openMsMax ?? WEBSOCKET_OPEN_MS_MAX;
    this.#provenMs = options.provenMs ?? WEBSOCKET_PROVEN_MS;
    this.#probeHoldMs = options.probeHoldMs ?? PROBE_HOLD_MS;
    this.#probeWaits = new Backoff(probeMinMs, probeMaxMs, random);
  }

  open(events: LinkEvents): Link {
    const onOver = (life: WebSocketLife) => this.#judge(life);
    const watched = new WatchedWebSocket(events, { clock: this.#clock, openMsMax: this.#openMsMax, onOver });
    const proven = this.#proven;
    if (proven !== undefined && watched.take((inner) => proven.adopt(inner))) {
      // It got through, but those before it did not: one failure more, and the stream is next again.
      this.#failures = WEBSOCKET_FAILURES_MAX - 1;
      return watched;
    }
    if (this.#failures >= WEBSOCKET_FAILURES_MAX) return this.#openStream(events);
    return watched.start((inner) => this.#webSocket.open(inner));
  }

  #judge({ openMs, isHeard, code, isLate }: WebSocketLife): void {
    const isProven = openMs !== undefined && openMs >= this.#provenMs;
    // A close frame comes from the server, so the network lets WebSockets through.
    const isTold = openMs !== undefined && code !== undefined && code !== NO_CLOSE_FRAME;
    if (isProven) this.#probeWaits.reset();
    if (isProven || isTold) this.#failures = 0;
    else if (isLate) this.#failures = WEBSOCKET_FAILURES_MAX;
    else if (!isHeard || code === NO_CLOSE_FRAME) this.#failures += 1;
  }

  #openStream(events: LinkEvents): Link {
    let isOpened = false;
    let isHeard = false;
    let isOver = false;
    let probe: WebSocketProbe | undefined;
    const over = () => {
      isOver = true;
      if (probe !== this.#proven) probe?.stop();
      // A stream that is of no use either: WebSocket has its turn.
      if (!isHeard) this.#failures = WEBSOCKET_FAILURES_MAX - 1;
    };
    const end = (why: LinkEnd) => {
      if (isOver) return;
      over();
      void link.close();
      events.ended(why);
    };
    const link = this.#stream.open({
      opened: () => {
        if (isOver) return;
        isOpened = true;
        if (this.#isOutage) {
          this.#isOutage = false;
          end({ code: NO_CLOSE_FRAME, text: "the server is back: WebSocket first", atOnce: true });
          return;
        }
        events.opened();
        if (!isOver) probe = this.#probe(end);
      },
      frame: (frame) => {
        isHeard = true;
        if (!isOver) events.frame(frame);
      },
      ended: (why) => {
        this.#isOutage = !isOpened;
        end(why);
      },
    });
    return {
      via: "stream",
      send: (request) => link.send(request),
      close: () => {
        if (!isOver) over();
        return link.close();
      },
    };
  }

  /** @param end ends the stream in favour of the WebSocket that was found. */
  #probe(end: (why: LinkEnd) => void): WebSocketProbe {
    const options = { openMsMax: this.#openMsMax, probeHoldMs: this.#probeHoldMs };
    return new WebSocketProbe(this.#webSocket, this.#clock, this.#probeWaits, options, (probe) => {
      this.#proven = probe;
      // The next link is asked for before this returns, or not at all.
      end({ code: NO_CLOSE_FRAME, text: "WebSocket gets through again", atOnce: true });
      this.#proven = undefined;
    });
  }
}
