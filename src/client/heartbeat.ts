/**
 * Heartbeat: says that the client is alive, and finds out whether the link is. A link is dead when it was silent for a
 * while after something was asked, or brought everything but answers for longer; TCP would tell only minutes later.
 */
import type { Cancel, ClientClock, Random } from "./clock.ts";

/** How dead connections are found. */
export interface HeartbeatOptions {
  /** Milliseconds between two pings, at most; default 30,000. Each comes up to a fifth earlier, so that clients don't beat together. */
  readonly heartbeatMs: number;
  /** Milliseconds of silence after a question, after which the connection counts as dead; default 10,000. */
  readonly deadAfterMs: number;
}

/** Answers may wait behind what was missed, so they are given this many times as long. */
const ANSWER_PATIENCE = 3;

export class Heartbeat {
  readonly #clock: ClientClock;
  readonly #random: Random;
  readonly #options: HeartbeatOptions;
  readonly #ping: () => void;
  readonly #onDead: () => void;
  /** When the oldest question was asked after which nothing was heard. */
  #askedAt: number | undefined;
  /** When the oldest question was asked after which nothing was answered. */
  #unansweredAt: number | undefined;
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
    this.#unansweredAt = undefined;
  }

  /** A frame arrived. */
  heard(isAnswer: boolean): void {
    this.#askedAt = undefined;
    if (isAnswer) this.#unansweredAt = undefined;
  }

  /** Something was sent that will be answered. */
  asked(): void {
    const now = this.#clock.monotonic();
    this.#askedAt ??= now;
    this.#unansweredAt ??= now;
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
      const { deadAfterMs } = this.#options;
      const silentAt = (this.#askedAt ?? Number.POSITIVE_INFINITY) + deadAfterMs;
      const mutedAt = (this.#unansweredAt ?? Number.POSITIVE_INFINITY) + ANSWER_PATIENCE * deadAfterMs;
      const leftMs = Math.min(silentAt, mutedAt) - this.#clock.monotonic();
      if (leftMs === Number.POSITIVE_INFINITY) return;
      if (leftMs > 0) this.#stopWatch = this.#watch(leftMs);
      else this.#onDead();
    });
  }
}
