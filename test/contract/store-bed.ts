/**
 * StoreBed: opens stores for the contract suite, with a clock the test moves, and clears up after it.
 */
import type { AppPlatform, ChannelId, UserId } from "../../src/base/ids.ts";
import { newMessageId } from "../../src/base/ids.ts";
import { HISTORY_PAGE_MAX } from "../../src/base/limits.ts";
import type { Appended, Store } from "../../src/core/channel-log.ts";
import type { Draft, Message } from "../../src/core/message.ts";
import type { HistoryBounds } from "../../src/storage/history-window.ts";
import { FakeClock } from "../fake-clock.ts";

export interface StoreSetup extends HistoryBounds {
  readonly clock: FakeClock;
}

export interface OpenedStore {
  readonly store: Store;
  /** Called once, after close(): removes what the store left behind. */
  clear(): Promise<void>;
}

export type OpenStore = (setup: StoreSetup) => Promise<OpenedStore>;

export class StoreBed {
  readonly #open: OpenStore;
  readonly #opened: OpenedStore[] = [];

  constructor(open: OpenStore) {
    this.#open = open;
  }

  /** An empty store that keeps 1,000 messages per channel for a minute, unless told otherwise. */
  async open(bounds: Partial<HistoryBounds> = {}): Promise<{ store: Store; clock: FakeClock }> {
    const clock = new FakeClock();
    const opened = await this.#open({ clock, countMax: 1_000, ageMs: 60_000, ...bounds });
    this.#opened.push(opened);
    return { store: opened.store, clock };
  }

  async clear(): Promise<void> {
    for (const { store, clear } of this.#opened.splice(0)) {
      await store.close();
      await clear();
    }
  }
}

export const channel = (name: string): ChannelId => name as ChannelId;
export const user = (name: string): UserId => name as UserId;

export const lobby = channel("room:lobby");
export const ann = user("ann");
export const bob = user("bob");

export function draft(over: Partial<Draft> = {}): Draft {
  return {
    id: newMessageId(),
    seq: "",
    from: ann,
    appPlatform: 101 as AppPlatform,
    type: "text",
    msg: "hello",
    ...over,
  };
}

/** Appends a message; with a seq it is remembered for 10 s. */
export function send(
  store: Store,
  to: ChannelId,
  over: Partial<Draft> = {},
  windowMs = 10_000,
): Promise<Appended> {
  return store.append({ channel: to, draft: draft(over), windowMs });
}

/** Appends `count` messages whose texts are `1` to `count`. */
export async function fill(store: Store, to: ChannelId, count: number): Promise<void> {
  const sends: Promise<Appended>[] = [];
  for (let n = 1; n <= count; n++) sends.push(send(store, to, { msg: String(n) }));
  await Promise.all(sends);
}

/** What a call that must fail was refused with. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("The call was not refused");
}

/** Everything that is kept, by pages of `limit`. */
export async function readAll(store: Store, from: ChannelId, limit = HISTORY_PAGE_MAX): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const { messages, more } = await store.read(from, { after: all.at(-1)?.offset ?? 0, limit });
    all.push(...messages);
    if (!more) return all;
  }
}

export const offsetsOf = (messages: readonly Message[]): number[] => messages.map(({ offset }) => offset);
export const textsOf = (messages: readonly Message[]): string[] => messages.map(({ msg }) => msg);
export const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
