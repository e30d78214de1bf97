/**
 * Gathering: pushes to a big and busy channel wait for each other for a moment, and are published together.
 *
 * The runtime writes to each subscriber once per turn of the event loop, whatever was published in it: one system call
 * for one message or for ten. So the first push to a quiet channel goes out at once, and those of the next few milliseconds,
 * the more of them the more subscribers there are, go out together when these are over. Order is kept, and a bound on
 * what waits. Whoever must see the channel as if nothing waited calls flush() first.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { ChannelId } from "../base/ids.ts";
import {
  GATHER_CHARS_MAX,
  GATHER_MS_MAX,
  GATHER_PUSHES_MAX,
  GATHER_SUBSCRIBERS_PER_MS,
} from "../base/limits.ts";
import type { Fanout } from "./connection.ts";
import type { Push } from "./pushes.ts";

/** A channel to which something was published lately. */
interface Busy {
  waiting: Push[];
  /** Characters of text in what waits. */
  chars: number;
  gatherMs: number;
  cancel: Cancel;
}

export class Gathering {
  readonly #fanout: Fanout;
  readonly #clock: Clock;
  /** Holds no channel for longer than GATHER_MS_MAX after its last push. */
  readonly #busy = new Map<ChannelId, Busy>();

  constructor(fanout: Fanout, clock: Clock) {
    this.#fanout = fanout;
    this.#clock = clock;
  }

  /** Publishes a push now, or soon with others. @param subscribers about how many will get it. */
  publish(channel: ChannelId, push: Push, subscribers: number): void {
    const busy = this.#busy.get(channel);
    if (busy !== undefined) {
      busy.waiting.push(push);
      busy.chars += charsOf(push);
      if (busy.waiting.length >= GATHER_PUSHES_MAX || busy.chars >= GATHER_CHARS_MAX) this.flush(channel);
      return;
    }
    this.#fanout.publish(channel, push);
    const gatherMs = Math.min(GATHER_MS_MAX, Math.floor(subscribers / GATHER_SUBSCRIBERS_PER_MS));
    if (gatherMs === 0) return;
    this.#busy.set(channel, { waiting: [], chars: 0, gatherMs, cancel: this.#due(channel, gatherMs) });
  }

  /** Publishes what waits in the channel. */
  flush(channel: ChannelId): void {
    const busy = this.#busy.get(channel);
    if (busy === undefined || busy.waiting.length === 0) return;
    const { waiting } = busy;
    busy.waiting = [];
    busy.chars = 0;
    for (const push of waiting) this.#fanout.publish(channel, push);
  }

  /** Publishes what waits in all channels. */
  flushAll(): void {
    for (const channel of this.#busy.keys()) this.flush(channel);
  }

  /** Nobody listens to the channel any more. */
  drop(channel: ChannelId): void {
    this.#busy.get(channel)?.cancel();
    this.#busy.delete(channel);
  }

  #due(channel: ChannelId, gatherMs: number): Cancel {
    return this.#clock.after(gatherMs, () => {
      const busy = this.#busy.get(channel);
      if (busy === undefined) return;
      if (busy.waiting.length === 0) {
        this.#busy.delete(channel);
        return;
      }
      this.flush(channel);
      busy.cancel = this.#due(channel, gatherMs);
    });
  }
}

function charsOf(push: Push): number {
  return push.kind === "msg" ? push.message.msg.length : 0;
}
