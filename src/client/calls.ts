/**
 * Calls: everything that is asked besides sending and logging in. A call that was not answered when the link broke is asked
 * again on the next one, in the old order, until its deadline: repeating them is harmless.
 */
import type { Cancel, ClientClock } from "./clock.ts";
import {
  type Action,
  type Answer,
  type AnswerData,
  type ClientRequest,
  CODE_SUCCESS,
  CODE_UNAUTHORIZED,
  CODE_UNAVAILABLE,
  type RequestOf,
} from "./frames.ts";
import { BACKOFF_MIN_MS, CALLS_MAX } from "./limits.ts";
import { type CallOptions, Pending } from "./pending.ts";
import { PrimClientError } from "./prim-client-error.ts";

/** What a caller wants to know in the same turn in which it happens. */
export interface CallHooks<Value> {
  /** The request is about to be written; perhaps not for the first time. */
  readonly onWrite?: (() => void) | undefined;
  readonly onSuccess?: ((value: Value) => void) | undefined;
}

interface Call {
  readonly request: ClientRequest;
  readonly pending: Pending<unknown>;
  readonly hooks: CallHooks<never>;
  /** Times it was written, or would have been had there been a link. */
  writes: number;
  stopRetry: Cancel | undefined;
}

export class Calls {
  readonly #clock: ClientClock;
  readonly #write: (request: ClientRequest) => void;
  /** By seq, oldest first. */
  readonly #calls = new Map<string, Call>();
  #online = false;

  constructor(clock: ClientClock, write: (request: ClientRequest) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** @throws {PrimClientError} the server's code, or "deadline", "aborted", "too_many_requests", "closed". */
  ask<Name extends Action>(
    request: RequestOf<Name>,
    options: CallOptions,
    hooks: CallHooks<AnswerData[Name]> = {},
  ): Promise<AnswerData[Name]> {
    if (this.#calls.size >= CALLS_MAX) {
      const error = new PrimClientError("too_many_requests", `Cannot ask: ${CALLS_MAX} calls wait already`);
      return Promise.reject(error);
    }
    const { seq } = request;
    const pending = new Pending<AnswerData[Name]>(this.#clock, request.action, options, () => {
      this.#calls.get(seq)?.stopRetry?.();
      this.#calls.delete(seq);
    });
    if (pending.settled) return pending.promise;
    const call: Call = {
      request: request as ClientRequest,
      pending: pending as Pending<unknown>,
      hooks,
      writes: this.#online ? 0 : 1,
      stopRetry: undefined,
    };
    this.#calls.set(seq, call);
    if (this.#online) this.#put(call);
    return pending.promise;
  }

  /** Logged in: what waits is asked. */
  online(): void {
    this.#online = true;
    for (const call of this.#calls.values()) this.#put(call);
  }

  offline(): void {
    this.#online = false;
    for (const call of this.#calls.values()) {
      call.stopRetry?.();
      call.stopRetry = undefined;
    }
  }

  /** @returns whether the answer was to one of the calls. */
  answer({ seq, code, text, data }: Answer): boolean {
    const call = this.#calls.get(seq);
    if (call === undefined) return false;
    if (code === CODE_UNAVAILABLE) {
      call.stopRetry ??= this.#clock.after(BACKOFF_MIN_MS, () => {
        call.stopRetry = undefined;
        this.#put(call);
      });
      return true;
    }
    this.#calls.delete(seq);
    // A leave that is repeated finds that it has happened; one asked while offline, that the room was not resumed.
    const leftBefore = call.request.action === "leave" && call.writes > 1 && code === CODE_UNAUTHORIZED;
    if (code !== CODE_SUCCESS && !leftBefore) {
      call.pending.reject(PrimClientError.fromAnswer(code, text));
      return true;
    }
    call.hooks.onSuccess?.(data as never);
    call.pending.resolve(data);
    return true;
  }

  failAll(error: PrimClientError): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) {
      call.stopRetry?.();
      call.pending.reject(error);
    }
  }

  #put(call: Call): void {
    call.writes += 1;
    call.hooks.onWrite?.();
    this.#write(call.request);
  }
}
