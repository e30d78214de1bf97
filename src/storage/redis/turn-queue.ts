/**
 * TurnQueue: what is written in one event-loop turn goes to Redis as one call, in the order in which it was asked for.
 *
 * There is one call under way at a time, with Redis Cluster one per channel, and what is asked for meanwhile waits for the
 * next: the busier Redis is, the more share a call. So order needs no further care, neither when Redis has forgotten a script nor
 * when a slot moves to another server.
 */
import type { Clock } from "../../base/clock.ts";
import type { ChannelId } from "../../base/ids.ts";
import {
  APPEND_QUEUE_CHARS_MAX,
  APPEND_QUEUE_MAX,
  REDIS_TURN_CHARS_MAX,
  REDIS_TURN_OPERATIONS_MAX,
} from "../../base/limits.ts";
import { storeFailed } from "./call-gate.ts";

export interface Operation {
  readonly channel: ChannelId;
  readonly keys: readonly string[];
  /** Its name and what goes with it, as the script takes them. */
  readonly args: readonly string[];
  /** True if it takes no memory of Redis. */
  readonly isFrugal: boolean;
}

interface Waiting extends Operation {
  readonly chars: number;
  readonly sinceMs: number;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  waiting: Waiting[];
  isBusy: boolean;
}

export interface TurnQueueOptions {
  /** Runs the operations as one step, and gives their replies in their order; an error is for that operation alone. */
  readonly send: (operations: readonly Operation[]) => Promise<readonly unknown[]>;
  /** True if operations on different channels can't go in one call. */
  readonly perChannel: boolean;
  /** An operation that has waited so long is refused instead of sent. */
  readonly waitMsMax: number;
  readonly clock: Clock;
}

export class TurnQueue {
  readonly #options: TurnQueueOptions;
  readonly #lanes = new Map<string, Lane>();
  #count = 0;
  #chars = 0;
  #isScheduled = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: TurnQueueOptions) {
    this.#options = options;
  }

  /**
   * @returns the reply of the operation.
   * @throws {PrimError} `unavailable`, reason `STORE_FAILED`, if too much waits, it waited too long, or its call failed.
   */
  add(operation: Operation): Promise<unknown> {
    const { clock, perChannel } = this.#options;
    const chars = operation.args.reduce((sum, arg) => sum + arg.length, operation.channel.length);
    if (this.#count >= APPEND_QUEUE_MAX || this.#chars + chars > APPEND_QUEUE_CHARS_MAX) {
      return Promise.reject(storeFailed("Cannot store: too much waits for Redis"));
    }
    this.#count += 1;
    this.#chars += chars;
    const name = perChannel ? operation.channel : "";
    const lane = this.#lanes.get(name) ?? { waiting: [], isBusy: false };
    this.#lanes.set(name, lane);
    this.#schedule();
    return new Promise((resolve, reject) => {
      lane.waiting.push({ ...operation, chars, sinceMs: clock.monotonic(), resolve, reject });
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.soon(() => {
      this.#isScheduled = false;
      for (const [name, lane] of this.#lanes) {
        if (!lane.isBusy) void this.#run(name, lane);
      }
    });
  }

  async #run(name: string, lane: Lane): Promise<void> {
    lane.isBusy = true;
    while (lane.waiting.length > 0) await this.#sendSome(lane);
    this.#lanes.delete(name);
    if (this.#count === 0) this.#wakeIdle();
  }

  async #sendSome(lane: Lane): Promise<void> {
    const { send } = this.#options;
    const batch = this.#take(lane);
    if (batch.length === 0) return;
    try {
      const replies = await send(batch);
      for (const [index, { resolve, reject }] of batch.entries()) {
        const reply = replies[index];
        if (reply instanceof Error) reject(reply);
        else resolve(reply);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const each of batch) this.#forget(each);
    }
  }

  /** What goes in one call; what waited too long is refused on the way. */
  #take(lane: Lane): Waiting[] {
    const since = this.#options.clock.monotonic() - this.#options.waitMsMax;
    const batch: Waiting[] = [];
    let chars = 0;
    let taken = 0;
    for (const each of lane.waiting) {
      const isFull = batch.length === REDIS_TURN_OPERATIONS_MAX || chars + each.chars > REDIS_TURN_CHARS_MAX;
      if (batch.length > 0 && isFull) break;
      taken += 1;
      if (each.sinceMs < since) {
        each.reject(storeFailed("Cannot store: Redis is too slow"));
        this.#forget(each);
        continue;
      }
      chars += each.chars;
      batch.push(each);
    }
    lane.waiting.splice(0, taken);
    return batch;
  }

  #forget({ chars }: Waiting): void {
    this.#count -= 1;
    this.#chars -= chars;
  }

  #wakeIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiting) wake();
  }
}
