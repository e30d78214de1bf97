/**
 * Resyncer: has the open channels looked at again after something broke, one look at a time, until one succeeds.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { GAP_RETRY_MS } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";

export class Resyncer {
  readonly #resync: () => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #isLooking = false;
  #isDue = false;
  #cancelRetry: Cancel | undefined;
  #hasStopped = false;

  /** @param resync Delivery.resync() or findMissed(), for example. */
  constructor(resync: () => Promise<void>, clock: Clock, logger: Logger) {
    this.#resync = resync;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Asks for a look that begins now or, if one is under way, when that has ended. */
  look(): void {
    this.#isDue = true;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (!this.#isLooking) void this.#run();
  }

  /** Repeating it is safe. */
  stop(): void {
    this.#hasStopped = true;
    this.#cancelRetry?.();
  }

  async #run(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#isDue && !this.#hasStopped) {
        this.#isDue = false;
        await this.#resync();
      }
    } catch (error) {
      this.#logger.warn("resync failed", { error });
      if (!this.#hasStopped) this.#cancelRetry = this.#clock.after(GAP_RETRY_MS, () => this.look());
    } finally {
      this.#isLooking = false;
    }
  }
}
