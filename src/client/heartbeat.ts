/**
 * Heartbeat: says that the client is alive, and finds out whether the link is. A link is dead when it was silent for a
 * while after something was asked; TCP would tell only minutes later.
 */
import type { Cancel, ClientClock, Random } from "./clock.ts";

export interface HeartbeatOptions {
  /** Milliseconds between two pings, at most; each comes up to a fifth earlier, so that clients don't beat together. */
  readonly heartbeatMs: number;
  /** Milliseconds of silence after a question. */
  readonly deadAfterMs: number;
}

export class Heartbeat {
  readonly #clock: ClientClock;
  readonly #random: Random;
  readonly #options: HeartbeatOptions;
  readonly #ping: () => void;
  readonly #onDead: () => void;
  /** When the oldest question was asked after which nothing was heard. */
  #askedAt: number | undefined;
  #stopBeat: Cancel | undefined;
  #stopWatch: Cancel | undefined;

  constructor(
    clock: ClientClock,
    random: Random,
    options: HeartbeatOptions,
    ping: () => void,
    onDead: () => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#ping = ping;
    this.#onDead = onDead;
  }

  start(): void {
    this.stop();
    this.#beatLater();
  }

  stop(): void {
    this.#stopBeat?.();
    this.#stopWatch?.();
    this.#stopBeat = undefined;
    this.#stopWatch = undefined;
    this.#askedAt = undefined;
  }

  /** A frame arrived. */
  heard(): void {
    this.#askedAt = undefined;
  }

  /** Something was sent that will be answered. */
  asked(): void {
    this.#askedAt ??= this.#clock.monotonic();
    this.#stopWatch ??= this.#watch(this.#options.deadAfterMs);
  }

  #beatLater(): void {
    const delayMs = this.#options.heartbeatMs * (1 - this.#random() / 5);
    this.#stopBeat = this.#clock.after(delayMs, () => {
      this.#beatLater();
      this.#ping();
    });
  }

  /** One timer for all questions: it looks again when it comes too early. */
  #watch(delayMs: number): Cancel {
    return this.#clock.after(delayMs, () => {
      this.#stopWatch = undefined;
      if (this.#askedAt === undefined) return;
      const leftMs = this.#askedAt + this.#options.deadAfterMs - this.#clock.monotonic();
      if (leftMs > 0) this.#stopWatch = this.#watch(leftMs);
      else this.#onDead();
    });
  }
}
