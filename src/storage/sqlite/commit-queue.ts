/**
 * CommitQueue: group commit. Writes that are asked for in one event-loop turn share one
 * transaction, in the order of the calls, and so share the cost of its fsync.
 *
 * A write is answered after its commit, never before. If the commit fails nothing of it is stored, and all
 * its writes are refused; the next ones start from what is on disk.
 */
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import { APPEND_QUEUE_CHARS_MAX, APPEND_QUEUE_MAX, COMMIT_WRITES_MAX } from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import type { Transaction } from "./transaction.ts";

/** Told after each commit, for metrics: how long it held up the event loop, and how many writes it had. */
export type OnCommit = (durationMs: number, writes: number) => void;

export interface CommitQueueOptions {
  readonly transaction: Transaction;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onCommit?: OnCommit | undefined;
}

interface Waiting {
  /** Runs the write within the transaction and gives what its caller is answered. */
  readonly write: () => unknown;
  readonly chars: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: PrimError) => void;
}

export class CommitQueue {
  readonly #transaction: Transaction;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onCommit: OnCommit | undefined;
  #waiting: Waiting[] = [];
  #charsWaiting = 0;
  #scheduled = false;

  constructor(options: CommitQueueOptions) {
    this.#transaction = options.transaction;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onCommit = options.onCommit;
  }

  /**
   * Queues a write. Resolves with what it returned, after the commit.
   *
   * @param chars length of what it stores, counted against APPEND_QUEUE_CHARS_MAX.
   * @throws {PrimError} `unavailable`, reason `STORE_FAILED`, if too much waits or the commit failed.
   */
  add<T>(chars: number, write: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#waiting.length >= APPEND_QUEUE_MAX || this.#charsWaiting + chars > APPEND_QUEUE_CHARS_MAX) {
        reject(storeFailed("Cannot store: too much waits for the disk"));
        return;
      }
      // `resolve` is only ever called with what this `write` returned.
      this.#waiting.push({ write, chars, resolve: resolve as (result: unknown) => void, reject });
      this.#charsWaiting += chars;
      this.#schedule();
    });
  }

  /** Commits all that waits, now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commit();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      if (this.#waiting.length === 0) return;
      this.#commit();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commit(): void {
    const batch = this.#take();
    const startedAt = this.#clock.monotonic();
    let results: unknown[];
    try {
      results = this.#transaction.run(() => batch.map(({ write }) => write()));
    } catch (error) {
      this.#log.error("commit failed", { writes: batch.length, error });
      const refusal = storeFailed("Cannot store: the database failed", error);
      for (const { reject } of batch) reject(refusal);
      return;
    }
    this.#onCommit?.(this.#clock.monotonic() - startedAt, batch.length);
    for (const [index, { resolve }] of batch.entries()) resolve(results[index]);
  }

  #take(): Waiting[] {
    const batch = this.#waiting.splice(0, COMMIT_WRITES_MAX);
    for (const { chars } of batch) this.#charsWaiting -= chars;
    return batch;
  }
}

export function storeFailed(message: string, cause?: unknown): PrimError {
  return new PrimError("unavailable", message, { reason: "STORE_FAILED", cause });
}
