/**
 * StreamTransport: a link is one Subscribe stream of ChatService with unary calls beside it, by plain HTTP. For networks that let
 * no WebSocket through. Requests go one after the other, so it sends slower than a WebSocket: one message per round trip.
 */
import { type ClientClock, systemClock } from "./clock.ts";
import { ConnectClient, type Fetch } from "./connect-client.ts";
import { STREAM_SILENT_MS_MAX } from "./limits.ts";
import { StreamLink } from "./stream-link.ts";
import type { Link, LinkEvents, Transport } from "./transport.ts";

/** What a StreamTransport may be given. */
export interface StreamTransportOptions {
  /** Default the global one. */
  readonly fetch?: Fetch | undefined;
  /** Milliseconds of silence after which the stream counts as dead; default 35,000. The server speaks every 15 s at least. */
  readonly silentMsMax?: number | undefined;
  /** Default the machine's. */
  readonly clock?: ClientClock | undefined;
}

/** Reaches the server by HTTP alone: a stream for what is pushed, a call for each request. */
export class StreamTransport implements Transport {
  readonly #client: ConnectClient;
  readonly #silentMsMax: number;
  readonly #clock: ClientClock;

  /** Opens nothing yet. @param httpUrl http:// or https:// of prim's HTTP port, with a path if a proxy puts one before. */
  constructor(httpUrl: string, options: StreamTransportOptions = {}) {
    const { fetch = globalThis.fetch, silentMsMax = STREAM_SILENT_MS_MAX, clock = systemClock } = options;
    this.#client = new ConnectClient(httpUrl, fetch);
    this.#silentMsMax = silentMsMax;
    this.#clock = clock;
  }

  open(events: LinkEvents): Link {
    return new StreamLink(this.#client, this.#clock, this.#silentMsMax, events);
  }
}
