/**
 * CallGate: every call to Redis passes here. It ends within its time, waits while the connection is lost, and there
 * are never too many of them.
 *
 * A call that is given up still counts until its answer came or its connection broke: so much may lie in buffers.
 */
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import { REDIS_CALLS_MAX } from "../../base/limits.ts";

const UNSENT_PAUSE_MS = 5;

interface Call {
  isGivenUp: boolean;
  /** Set while it waits for the gate to open. */
  wake: (() => void) | undefined;
}

export interface CallGateOptions {
  readonly clock: Clock;
  /** For one call, waiting included; 1 or more. */
  readonly timeoutMs: number;
  /** Told when the answer came, or surely won't come any more, to a call that was given up. */
  readonly onLate: () => void;
}

export class CallGate {
  readonly #options: CallGateOptions;
  readonly #waiting = new Set<Call>();
  #underWay = 0;
  #isOpen = false;
  #hasEnded = false;

  constructor(options: CallGateOptions) {
    this.#options = options;
  }

  /** Calls that have no answer, or none yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Calls pass, those that wait first. */
  open(): void {
    this.#isOpen = true;
    this.#wakeAll();
  }

  /** Calls wait from now on, as long as their time lasts. */
  shut(): void {
    this.#isOpen = false;
  }

  /** Refuses what waits and what comes; repeating it is safe. */
  end(): void {
    this.#hasEnded = true;
    this.#wakeAll();
  }

  /**
   * @param send is told by a function whether its caller has gone meanwhile.
   * @throws {PrimError} `unavailable`, reason `STORE_FAILED`, for whatever reason there is no answer.
   */
  pass<T>(send: (isGivenUp: () => boolean) => Promise<T>): Promise<T> {
    if (this.#hasEnded) return Promise.reject(storeFailed("Cannot use Redis: the connection is closed"));
    if (this.#underWay >= REDIS_CALLS_MAX) {
      return Promise.reject(storeFailed("Cannot use Redis: too many calls are under way"));
    }
    const { clock, timeoutMs, onLate } = this.#options;
    const call: Call = { isGivenUp: false, wake: undefined };
    this.#underWay += 1;
    return new Promise<T>((resolve, reject) => {
      const cancel = clock.after(timeoutMs, () => {
        call.isGivenUp = true;
        reject(storeFailed(`Cannot use Redis: no answer within ${timeoutMs} ms`));
        call.wake?.();
      });
      void this.#send(call, send)
        .then(resolve, (error: unknown) => reject(refusalOf(error)))
        .finally(() => {
          cancel();
          this.#underWay -= 1;
          if (call.isGivenUp) onLate();
        });
    });
  }

  async #send<T>(call: Call, send: (isGivenUp: () => boolean) => Promise<T>): Promise<T> {
    for (;;) {
      while (!this.#isOpen && !call.isGivenUp && !this.#hasEnded) await this.#opening(call);
      if (call.isGivenUp || this.#hasEnded) throw storeFailed("Cannot use Redis: the connection is lost");
      try {
        return await send(() => call.isGivenUp);
      } catch (error) {
        if (!isUnsent(error)) throw error;
      }
      // The connection has ended, of which this gate will be told in a moment.
      await new Promise<void>((resolve) => this.#options.clock.after(UNSENT_PAUSE_MS, resolve));
    }
  }

  async #opening(call: Call): Promise<void> {
    this.#waiting.add(call);
    await new Promise<void>((resolve) => {
      call.wake = resolve;
    });
    this.#waiting.delete(call);
    call.wake = undefined;
  }

  #wakeAll(): void {
    for (const call of this.#waiting) call.wake?.();
  }
}

/** What ioredis says of a call that it has not begun to send. */
function isUnsent(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable");
}

export function storeFailed(message: string): PrimError {
  return new PrimError("unavailable", message, { reason: "STORE_FAILED" });
}

/** Of an error of ioredis only the words: its command has what users wrote, and passwords. */
export function refusalOf(error: unknown): PrimError {
  if (error instanceof PrimError) return error;
  return storeFailed(`Cannot use Redis: ${error instanceof Error ? error.message : "unknown error"}`);
}
