/**
 * Gathering: pushes to a big and busy channel wait for each other for a moment, and are published together.
 *
 * The runtime writes to each subscriber once per turn of the event loop, whatever was published in it: one system call
 * for one message or for ten. So when pushes to a channel with many subscribers come in turn after turn, they wait until some
 * milliseconds are over, the more of them the more subscribers there are, and go out in one turn. In a channel where they come
 * more rarely, or all in one turn, nothing waits. Order is kept, and a bound on what waits. Whoever must see the channel as
 * if nothing waited calls flush() first.
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

/** A big channel to which something was published lately: looked at again and again until nothing comes. */
interface Busy {
  /** Pushes wait: the time before this one saw several turns that brought some. */
  holding: boolean;
  waiting: Push[];
  /** Characters of text in what waits. */
  chars: number;
  /** Turns that brought pushes since the last look. */
  turns: number;
  /** This turn is counted. */
  counted: boolean;
  cancel: Cancel;
}

/** From so many turns in one waiting time on, waiting saves writes. */
const TURNS_TO_HOLD = 2;

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
    const busy = this.#busy.get(channel) ?? this.#begin(channel, subscribers);
    if (busy !== undefined) this.#countTurn(busy);
    if (busy === undefined || !busy.holding) {
      this.#fanout.publish(channel, push);
      return;
    }
    busy.waiting.push(push);
    busy.chars += charsOf(push);
    if (busy.waiting.length >= GATHER_PUSHES_MAX || busy.chars >= GATHER_CHARS_MAX) this.flush(channel);
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

  /** @returns undefined if the channel is too small for waiting. */
  #begin(channel: ChannelId, subscribers: number): Busy | undefined {
    const gatherMs = Math.min(GATHER_MS_MAX, Math.floor(subscribers / GATHER_SUBSCRIBERS_PER_MS));
    if (gatherMs === 0) return undefined;
    const cancel = this.#lookAfter(gatherMs, channel);
    const busy = { holding: false, waiting: [], chars: 0, turns: 0, counted: false, cancel };
    this.#busy.set(channel, busy);
    return busy;
  }

  #countTurn(busy: Busy): void {
    if (busy.counted) return;
    busy.counted = true;
    busy.turns += 1;
    this.#clock.soon(() => {
      busy.counted = false;
    });
  }

  #lookAfter(gatherMs: number, channel: ChannelId): Cancel {
    return this.#clock.after(gatherMs, () => {
      const busy = this.#busy.get(channel);
      if (busy === undefined) return;
      this.flush(channel);
      if (busy.turns === 0) {
        this.#busy.delete(channel);
        return;
      }
      busy.holding = busy.turns >= TURNS_TO_HOLD;
      busy.turns = 0;
      busy.cancel = this.#lookAfter(gatherMs, channel);
    });
  }
}

function charsOf(push: Push): number {
  return push.kind === "msg" ? push.message.msg.length : 0;
}
