/**
 * Outbox: messages until they are answered as stored. They go out in the order they came, under the same seq however
 * often, so that the server stores each once; what was not answered when the link broke goes out again first.
 */
import type { Backoff } from "./backoff.ts";
import type { Cancel, ClientClock } from "./clock.ts";
import { type Answer, CODE_SUCCESS, CODE_TOO_MANY, CODE_UNAVAILABLE, type RequestOf } from "./frames.ts";
import { SENDS_IN_FLIGHT_MAX, SENDS_PER_SECOND_MAX } from "./limits.ts";
import type { Receipt } from "./messages.ts";
import { type CallOptions, Pending } from "./pending.ts";
import { PrimClientError } from "./prim-client-error.ts";

/** Bounds of what waits to be answered as stored. */
export interface OutboxOptions {
  /** Messages that may wait; beyond it send() fails with "outbox_full". Default 1,000. */
  readonly outboxCountMax: number;
  /** The same in bytes of JSON; default 8 MiB. */
  readonly outboxBytesMax: number;
  /** Bytes of one request in JSON; beyond it send() fails with "too_large". Default 65,536, as the server's `limits.frameBytesMax`. */
  readonly frameBytesMax: number;
}

type SendRequest = RequestOf<"send">;

interface Entry {
  readonly request: SendRequest;
  readonly bytes: number;
  readonly pending: Pending<Receipt>;
}

const SECOND_MS = 1_000;

export class Outbox {
  readonly #clock: ClientClock;
  readonly #backoff: Backoff;
  readonly #options: OutboxOptions;
  readonly #write: (request: SendRequest) => void;
  /** All entries by seq, oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** Those that were written on this link and not answered yet. */
  readonly #inFlight = new Set<string>();
  #bytes = 0;
  #online = false;
  #stopPause: Cancel | undefined;
  #secondStart = Number.NEGATIVE_INFINITY;
  #sentThisSecond = 0;

  constructor(
    clock: ClientClock,
    backoff: Backoff,
    options: OutboxOptions,
    write: (request: SendRequest) => void,
  ) {
    this.#clock = clock;
    this.#backoff = backoff;
    this.#options = options;
    this.#write = write;
  }

  /** Messages that are not answered yet. */
  get count(): number {
    return this.#entries.size;
  }

  /** @throws {PrimClientError} the server's code, or "outbox_full", "too_large", "deadline", "aborted", "closed". */
  add(request: SendRequest, options: CallOptions): Promise<Receipt> {
    const { seq } = request;
    const bytes = new TextEncoder().encode(JSON.stringify(request)).length;
    const refusal = this.#refusalOf(seq, bytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    const pending = new Pending<Receipt>(this.#clock, "send", options, () => {
      this.#remove(seq);
      this.#flush();
    });
    if (pending.settled) return pending.promise;
    this.#entries.set(seq, { request, bytes, pending });
    this.#bytes += bytes;
    this.#flush();
    return pending.promise;
  }

  /** Logged in: everything that waits goes out. */
  online(): void {
    this.#online = true;
    this.#flush();
  }

  offline(): void {
    this.#online = false;
    this.#inFlight.clear();
    this.#stopPause?.();
    this.#stopPause = undefined;
  }

  /** @returns whether the answer was to one of the messages. */
  answer({ seq, code, text, data }: Answer): boolean {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return false;
    if (code === CODE_UNAVAILABLE || code === CODE_TOO_MANY) {
      this.#inFlight.delete(seq);
      this.#pause(this.#backoff.next());
      return true;
    }
    this.#remove(seq);
    if (code === CODE_SUCCESS) {
      this.#backoff.reset();
      entry.pending.resolve(data as Receipt);
    } else {
      entry.pending.reject(PrimClientError.fromAnswer(code, text));
    }
    this.#flush();
    return true;
  }

  failAll(error: PrimClientError): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    this.#inFlight.clear();
    this.#bytes = 0;
    for (const entry of entries) entry.pending.reject(error);
  }

  #refusalOf(seq: string, bytes: number): PrimClientError | undefined {
    const { outboxCountMax, outboxBytesMax, frameBytesMax } = this.#options;
    if (bytes > frameBytesMax) {
      return new PrimClientError("too_large", `Cannot send ${bytes} bytes: a frame has ${frameBytesMax}`);
    }
    if (this.#entries.has(seq)) {
      return new PrimClientError("illegal_parameter", `Cannot send "${seq}" again: it is on its way`);
    }
    if (this.#entries.size >= outboxCountMax || this.#bytes + bytes > outboxBytesMax) {
      const held = `${this.#entries.size} messages, ${this.#bytes} bytes`;
      return new PrimClientError("outbox_full", `Cannot send: the outbox is full: ${held}`);
    }
    return undefined;
  }

  #remove(seq: string): void {
    this.#bytes -= this.#entries.get(seq)?.bytes ?? 0;
    this.#entries.delete(seq);
    this.#inFlight.delete(seq);
  }

  /** Writes what may be written now. Those in flight stand first in `#entries`, but for the few that were refused. */
  #flush(): void {
    if (!this.#online || this.#stopPause !== undefined) return;
    if (this.#inFlight.size >= SENDS_IN_FLIGHT_MAX || this.#inFlight.size === this.#entries.size) return;
    for (const [seq, { request }] of this.#entries) {
      if (this.#inFlight.has(seq)) continue;
      if (this.#inFlight.size >= SENDS_IN_FLIGHT_MAX || !this.#mayWrite()) return;
      this.#inFlight.add(seq);
      this.#write(request);
      if (!this.#online) return;
    }
  }

  #mayWrite(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#secondStart >= SECOND_MS) {
      this.#secondStart = now;
      this.#sentThisSecond = 0;
    }
    this.#sentThisSecond += 1;
    if (this.#sentThisSecond <= SENDS_PER_SECOND_MAX) return true;
    this.#pause(this.#secondStart + SECOND_MS - now);
    return false;
  }

  #pause(delayMs: number): void {
    this.#stopPause ??= this.#clock.after(delayMs, () => {
      this.#stopPause = undefined;
      this.#flush();
    });
  }
}
