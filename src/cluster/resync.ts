/**
 * Resync: many reasons to look at all open channels again, few looks. One begins at once; what is asked for while it
 * runs or within RESYNC_PERIOD_MS after its begin makes one more, for all reasons that came together.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { RESYNC_PERIOD_MS } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";

export type ResyncReason =
  | "link broken"
  | "peer dropped messages"
  | "peer died"
  | "peer out of reach"
  | "lease regained";

export class Resync {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #look: (reasons: readonly ResyncReason[]) => void | Promise<void>;
  /** Of the next look. */
  readonly #wanted = new Set<ResyncReason>();
  #startedAt = Number.NEGATIVE_INFINITY;
  #running = false;
  #cancel: Cancel | undefined;
  #stopped = false;

  /** @param look looks at all open channels; if it returns a promise, until that is settled. */
  constructor(
    clock: Clock,
    logger: Logger,
    look: (reasons: readonly ResyncReason[]) => void | Promise<void>,
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#look = look;
  }

  /** Has this node look at its open channels, at a time after this call. */
  request(reason: ResyncReason): void {
    if (this.#stopped) return;
    this.#wanted.add(reason);
    this.#begin();
  }

  /** No look begins afterwards. */
  stop(): void {
    this.#stopped = true;
    this.#wanted.clear();
    this.#cancel?.();
  }

  #begin(): void {
    if (this.#wanted.size === 0 || this.#running || this.#cancel !== undefined) return;
    const waitMs = this.#startedAt + RESYNC_PERIOD_MS - this.#clock.monotonic();
    if (waitMs <= 0) {
      void this.#run();
      return;
    }
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#cancel = undefined;
      this.#begin();
    });
  }

  async #run(): Promise<void> {
    const reasons = [...this.#wanted];
    this.#wanted.clear();
    this.#running = true;
    this.#startedAt = this.#clock.monotonic();
    this.#logger.info("reading open channels again", { reasons });
    try {
      await this.#look(reasons);
    } catch (error) {
      // What was not seen is seen with the next message of its channel, or the next look.
      this.#logger.warn("open channels not read", { reasons, error });
    }
    this.#running = false;
    this.#begin();
  }
}
