/**
 * ChatSocket: one WebSocket, on which requests get their answers and pushes come in order. It lives once: when it
 * is closed, or an answer stays out, it is gone, and everything that waits is told. Who connects again is not its
 * business.
 */
import { type Push, readFrame, requestFrame, SUCCESS } from "./frames.ts";
import { newSeq } from "./seq.ts";

/** The server said no. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** There is no answer, and there won't be one: whether the request was carried out is unknown. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
}

export interface ChatSocketEvents {
  /** Not called for what comes after close(). */
  onPush(push: Push): void;
  /** Called once, unless close() was called. `code` is that of the close frame. */
  onClosed(code: number): void;
}

interface Waiting {
  resolve(data: unknown): void;
  reject(error: Error): void;
  readonly timer: number;
}

/** A link on which nothing comes back for so long is dead, whatever TCP thinks. */
const ANSWER_MS_MAX = 10_000;
/** What a browser reports when a connection ends without a close frame. */
const ABNORMAL_CLOSE = 1006;

export class ChatSocket {
  readonly #socket: WebSocket;
  readonly #events: ChatSocketEvents;
  readonly #waiting = new Map<string, Waiting>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #openTimer: number;
  #gone = false;

  constructor(url: string, events: ChatSocketEvents) {
    this.#events = events;
    this.#opened.promise.catch(() => {}); // Whoever needs it waits for it; onClosed() tells the rest.
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => {
      window.clearTimeout(this.#openTimer);
      this.#opened.resolve();
    };
    this.#socket.onmessage = (event) => this.#take(String(event.data));
    this.#socket.onclose = (event) => this.#lose(event.code);
    this.#openTimer = window.setTimeout(() => this.#lose(ABNORMAL_CLOSE), ANSWER_MS_MAX);
  }

  /** @throws {ClosedError} */
  opened(): Promise<void> {
    return this.#opened.promise;
  }

  /**
   * @returns the answer's data.
   * @throws {RefusedError} with the server's code; {ClosedError} if the socket is gone before the answer.
   */
  request(action: string, data: object, seq = newSeq()): Promise<unknown> {
    if (this.#gone) return Promise.reject(new ClosedError("The connection is gone"));
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => this.#lose(ABNORMAL_CLOSE), ANSWER_MS_MAX);
      this.#waiting.set(seq, { resolve, reject, timer });
      this.#socket.send(requestFrame(seq, action, data));
    });
  }

  close(): void {
    if (this.#gone) return;
    this.#gone = true;
    window.clearTimeout(this.#openTimer);
    // Closing can take minutes on a dead link: nobody waits for it.
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    const error = new ClosedError("The connection is gone");
    this.#opened.reject(error);
    for (const { reject, timer } of this.#waiting.values()) {
      window.clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }

  #lose(code: number): void {
    if (this.#gone) return;
    this.close();
    this.#events.onClosed(code);
  }

  #take(text: string): void {
    const frame = readFrame(text);
    if (frame === undefined) return;
    if (frame.kind !== "answer") {
      this.#events.onPush(frame);
      return;
    }
    const waiting = this.#waiting.get(frame.seq);
    if (waiting === undefined) return;
    this.#waiting.delete(frame.seq);
    window.clearTimeout(waiting.timer);
    if (frame.code === SUCCESS) waiting.resolve(frame.data);
    else waiting.reject(new RefusedError(frame.code, frame.codeMsg));
  }
}
