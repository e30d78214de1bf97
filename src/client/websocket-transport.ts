/**
 * WebSocketTransport: a link is one WebSocket. The constructor may be handed in: Node 20 has none of its own.
 */
import type { FrameCodec } from "./codec.ts";
import { CLOSE_MS_MAX } from "./limits.ts";
import type { Link, LinkEvents, Transport } from "./transport.ts";

/** What the SDK needs of a WebSocket: the browser's, Bun's, Node's and that of the package `ws` have it. */
export interface WebSocketLike {
  /** Is set to "arraybuffer". */
  binaryType: string;
  /** 1 when open, 3 when closed. */
  readonly readyState: number;
  /** Sends a frame. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** Closes it. */
  close(code?: number, reason?: string): void;
  /** Is set by the SDK. */
  onopen: ((event: never) => void) | null;
  /** Is set by the SDK. */
  onmessage: ((event: never) => void) | null;
  /** Is set by the SDK. */
  onclose: ((event: never) => void) | null;
  /** Is set by the SDK. */
  onerror: ((event: never) => void) | null;
}

/** Makes a WebSocket. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

const OPEN = 1;
const CLOSED = 3;

/** Reaches the server by one WebSocket. */
export class WebSocketTransport implements Transport {
  readonly #url: string;
  readonly #codec: FrameCodec;
  readonly #WebSocket: WebSocketConstructor;

  /** Opens nothing yet. @param url ws:// or wss://, with the path `/acc`. */
  constructor(url: string, codec: FrameCodec, WebSocket: WebSocketConstructor) {
    this.#url = url;
    this.#codec = codec;
    this.#WebSocket = WebSocket;
  }

  open(events: LinkEvents): Link {
    const socket = new this.#WebSocket(this.#url);
    const codec = this.#codec;
    let over = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (!over) events.opened();
    };
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      const frame = over ? undefined : codec.decode(data);
      if (frame !== undefined) events.frame(frame);
    };
    // A close event follows and says what there is to say.
    socket.onerror = () => {};
    const closed = new Promise<void>((resolve) => {
      socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
        resolve();
        if (over) return;
        over = true;
        events.ended({ code, text: reason });
      };
    });
    return {
      via: "websocket",
      send(request) {
        if (socket.readyState === OPEN) socket.send(codec.encode(request));
      },
      close() {
        over = true;
        if (socket.readyState === CLOSED) return Promise.resolve();
        socket.close(1000);
        return Promise.race([closed, sleep(CLOSE_MS_MAX)]);
      },
    };
  }
}

/** Real time on purpose: it is the other side's network that is waited for. */
function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
