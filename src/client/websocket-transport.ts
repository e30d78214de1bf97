/**
 * WebSocketTransport: a link is one WebSocket. The constructor may be handed in: Node 20 has none of its own.
 */
import type { FrameCodec } from "./codec.ts";
import { CLOSE_MS_MAX } from "./limits.ts";
import type { Link, LinkEvents, Transport } from "./transport.ts";

/** What the SDK needs of a WebSocket: the browser's, Bun's, Node's and that of the package `ws` have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

const OPEN = 1;
const CLOSED = 3;

export class WebSocketTransport implements Transport {
  readonly #url: string;
  readonly #codec: FrameCodec;
  readonly #WebSocket: WebSocketConstructor;

  /** @param url ws:// or wss://, with the path `/acc`. */
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
