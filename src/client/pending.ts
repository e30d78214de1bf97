/**
 * Pending: a promise somebody waits for, with a deadline and an AbortSignal. It settles once.
 */
import type { Cancel, ClientClock } from "./clock.ts";
import { PrimClientError } from "./prim-client-error.ts";

/** Every call takes these. */
export interface CallOptions {
  /** Milliseconds until the call fails with reason "deadline"; Infinity for none. */
  readonly deadlineMs?: number | undefined;
  /** Ends the call with reason "aborted". */
  readonly signal?: AbortSignal | undefined;
}

export class Pending<Value> {
  readonly promise: Promise<Value>;
  readonly #resolve: (value: Value) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #stopTimer: Cancel | undefined;
  #settled = false;

  /** @param onGivenUp runs when the deadline or the signal ends it, before the promise rejects. */
  constructor(
    clock: ClientClock,
    what: string,
    { deadlineMs = Number.POSITIVE_INFINITY, signal }: CallOptions,
    onGivenUp: () => void,
  ) {
    const { promise, resolve, reject } = promiseParts<Value>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.#onAbort = () => {
      const error = new PrimClientError("aborted", `Aborted: ${what}`, { cause: signal?.reason });
      this.#giveUp(error, onGivenUp);
    };
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#stopTimer = clock.after(deadlineMs, () => {
      this.#giveUp(new PrimClientError("deadline", `No answer within ${deadlineMs} ms: ${what}`), onGivenUp);
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  resolve(value: Value): void {
    if (this.#end()) this.#resolve(value);
  }

  reject(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  #giveUp(error: PrimClientError, onGivenUp: () => void): void {
    if (this.#settled) return;
    onGivenUp();
    this.reject(error);
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#stopTimer?.();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    return true;
  }
}

/** Promise.withResolvers(), which Node 20 does not have. */
function promiseParts<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
