/**
 * MessageStream: messages as an async iterator, for `for await`. It keeps what came while its reader was busy, up to a
 * bound beyond which it fails rather than to lose any.
 */
import { STREAM_MESSAGES_MAX } from "./limits.ts";
import type { Message } from "./messages.ts";
import { PrimClientError } from "./prim-client-error.ts";

export class MessageStream implements AsyncIterableIterator<Message> {
  readonly #onEnd: () => void;
  #waiting: Message[] = [];
  #readers: { resolve(result: IteratorResult<Message>): void; reject(error: unknown): void }[] = [];
  #ended = false;
  #error: PrimClientError | undefined;

  /** @param onEnd runs once, when nothing more is wanted. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  put(message: Message): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: message });
    } else if (this.#waiting.length < STREAM_MESSAGES_MAX) {
      this.#waiting.push(message);
    } else {
      const text = `Cannot keep up: ${STREAM_MESSAGES_MAX} messages wait to be read`;
      this.end(new PrimClientError("too_many_requests", text));
    }
  }

  /** No more will come; what waits can still be read. */
  end(error?: PrimClientError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#onEnd();
    for (const reader of this.#readers.splice(0)) {
      if (error === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(error);
    }
  }

  next(): Promise<IteratorResult<Message>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (!this.#ended) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  /** The reader has left the loop. */
  return(): Promise<IteratorResult<Message>> {
    this.#waiting = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
