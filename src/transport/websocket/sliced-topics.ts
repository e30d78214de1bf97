/**
 * SlicedTopics: the runtime's topics of one listener, a big one in slices.
 *
 * The runtime writes a message to all subscribers of a topic in one go, and serves nobody meanwhile: half a second for a hundred
 * thousand. So a topic takes TOPIC_SUBSCRIBERS_MAX of them; who comes then is put into further slices, and what is published goes to one
 * slice after the other (slice-turns.ts), the small ones first. Small topics, which are nearly all, know nothing of this.
 *
 * It owns the promise that every subscriber gets what is published after they came, in order and once, in whatever slice they are.
 */
import type { Server } from "bun";
import type { Clock } from "../../base/clock.ts";
import { SLICE_PENDING_CHARS_MAX, SLICE_SUBSCRIBERS_MAX, TOPIC_SUBSCRIBERS_MAX } from "../../base/limits.ts";
import type { Format, Frame } from "../../protocol/frames.ts";
import { type Slice, SliceTurns } from "./slice-turns.ts";
import type { WebSocketConnection } from "./websocket-connection.ts";

/** What it needs of the runtime's server. */
export type TopicServer = Pick<Server<WebSocketConnection>, "publish" | "subscriberCount">;

/** Writes a frame to the subscribers of a name; `publish` does, and who is given it may do something before and after. */
export type Around = (name: string, publish: () => void) => void;

/** A topic that is, or was, too big for one slice. */
interface BigTopic {
  readonly slices: TopicSlice[];
  /** Where newcomers go. */
  filling: TopicSlice;
}

export interface SliceBounds {
  readonly first: number;
  readonly further: number;
}

export class SlicedTopics {
  /** In which somebody has subscribed here, now or before: for the others there is nobody to look for. */
  readonly formats = new Set<Format>();
  readonly #server: TopicServer;
  readonly #turns: SliceTurns;
  readonly #big = new Map<string, BigTopic>();
  readonly #firstMax: number;
  readonly #furtherMax: number;

  /** @param bounds subscribers of the first slice, and of each further one. */
  constructor(server: TopicServer, clock: Clock, bounds: Partial<SliceBounds> = {}) {
    const { first = TOPIC_SUBSCRIBERS_MAX, further = SLICE_SUBSCRIBERS_MAX } = bounds;
    this.#server = server;
    this.#turns = new SliceTurns(clock);
    this.#firstMax = first;
    this.#furtherMax = further;
  }

  /** Subscribers of the topic, in all its slices. */
  subscribers(topic: string): number {
    const big = this.#big.get(topic);
    if (big === undefined) return this.#server.subscriberCount(topic);
    const count = big.slices.reduce((sum, { name }) => sum + this.#server.subscriberCount(name), 0);
    // Everybody has left: what waits still must not reach who comes next, so the slices stay until it is gone.
    if (count === 0 && !big.slices.some(({ isPending }) => isPending)) this.#big.delete(topic);
    return count;
  }

  /** The name under which a newcomer has to subscribe, in this turn of the event loop. */
  nameForNewcomer(topic: string): string {
    let big = this.#big.get(topic);
    if (big === undefined) {
      if (this.#server.subscriberCount(topic) < this.#firstMax) return topic;
      const full = new TopicSlice(topic, this.#server);
      big = { slices: [full], filling: full };
      this.#big.set(topic, big);
    }
    const { name } = big.filling;
    if (this.#server.subscriberCount(name) >= this.#maxOf(topic, name)) this.#fillAnother(topic, big);
    // What was published before the newcomer came is not theirs.
    big.filling.write();
    return big.filling.name;
  }

  /** The name under which one of these subscriptions is to the topic. */
  nameAmong(subscriptions: readonly string[], topic: string): string | undefined {
    return subscriptions.find((name) => name === topic || name.startsWith(`${topic}${SLICE_MARK}`));
  }

  isBig(topic: string): boolean {
    return this.#big.has(topic);
  }

  /** @param around by default nothing. */
  publish(topic: string, frame: Frame, around?: Around): void {
    const big = this.#big.get(topic);
    if (big === undefined) {
      write(this.#server, topic, { frame, around });
      return;
    }
    for (const slice of big.slices.toReversed()) {
      if (this.#server.subscriberCount(slice.name) === 0) continue;
      slice.add(frame, around);
      if (slice.chars > SLICE_PENDING_CHARS_MAX) slice.write();
      else this.#turns.add(slice);
    }
    this.#forgetEmpty(topic, big);
  }

  /** Writes what waits for its turn: nothing published so far is lost to who is closed next. */
  flush(): void {
    this.#turns.flush();
  }

  #fillAnother(topic: string, big: BigTopic): void {
    // One that is half empty takes newcomers for a while; looking for every free place would take longer than it saves.
    const roomy = big.slices.find(
      ({ name }) => this.#server.subscriberCount(name) <= this.#maxOf(topic, name) / 2,
    );
    big.filling = roomy ?? new TopicSlice(nextName(topic, big.slices), this.#server);
    if (roomy === undefined) big.slices.push(big.filling);
  }

  #maxOf(topic: string, name: string): number {
    return name === topic ? this.#firstMax : this.#furtherMax;
  }

  /** Slices that everybody has left go, from the end, and with the last but the first the topic is a small one again. */
  #forgetEmpty(topic: string, { slices, filling }: BigTopic): void {
    for (let last = slices.at(-1); last !== undefined && slices.length > 1; last = slices.at(-1)) {
      if (last.isPending || last === filling || this.#server.subscriberCount(last.name) > 0) break;
      slices.pop();
    }
    const [first] = slices;
    if (slices.length === 1 && first?.name === topic && !first.isPending) this.#big.delete(topic);
  }
}

/** No channel has it in its name, nor a format. */
const SLICE_MARK = "|";

function nextName(topic: string, slices: readonly TopicSlice[]): string {
  const taken = new Set(slices.map(({ name }) => name));
  let number = slices.length;
  while (taken.has(`${topic}${SLICE_MARK}${number}`)) number += 1;
  return `${topic}${SLICE_MARK}${number}`;
}

interface Pending {
  readonly frame: Frame;
  readonly around: Around | undefined;
}

function write(server: TopicServer, name: string, { frame, around }: Pending): void {
  if (around === undefined) server.publish(name, frame);
  else around(name, () => server.publish(name, frame));
}

class TopicSlice implements Slice {
  readonly name: string;
  /** Of the frames that wait; bytes where they are binary. */
  chars = 0;
  readonly #server: TopicServer;
  #pending: Pending[] = [];

  constructor(name: string, server: TopicServer) {
    this.name = name;
    this.#server = server;
  }

  get isPending(): boolean {
    return this.#pending.length > 0;
  }

  add(frame: Frame, around: Around | undefined): void {
    this.#pending.push({ frame, around });
    this.chars += frame.length;
  }

  write(): number {
    const pending = this.#pending;
    this.#pending = [];
    this.chars = 0;
    for (const each of pending) write(this.#server, this.name, each);
    return pending.length;
  }
}
