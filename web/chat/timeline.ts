/**
 * Timeline: the part of a channel's messages that the page holds: an unbroken run in offset order that grows at the end by
 * what arrives and at the start by what is read back. A run that gets too long loses its far end; then it is
 * detached, and what arrives is only counted until the reader comes back to it.
 */
import type { HistoryPage, HistoryRange, Message } from "../../src/client/index.ts";

export interface TimelineParts {
  /** Reads the channel's history; fails when the connection is away for long. */
  history(range: HistoryRange): Promise<HistoryPage>;
  changed(): void;
}

/** Messages of one read: a few screens. */
export const PAGE_MESSAGES = 100;
/** Messages held while somebody reads: beyond it the end that is farther away is let go. Some 20 MB. */
export const HELD_MESSAGES_MAX = 20_000;
/** Messages held of a channel that nobody looks at. */
export const RESTING_MESSAGES_MAX = 300;

export type Reading = "first" | "older" | "newer";

export class Timeline {
  readonly #parts: TimelineParts;
  #messages: Message[] = [];
  #copy: readonly Message[] | undefined;
  #epoch = "";
  #head = 0;
  #loaded = false;
  #attached = true;
  #olderLeft = true;
  #reading: Reading | undefined;
  /** Counts resets: what was read for an earlier run is not put into this one. */
  #generation = 0;
  /** Held at most; see rest() and wake(). */
  #max = RESTING_MESSAGES_MAX;

  constructor(parts: TimelineParts) {
    this.#parts = parts;
  }

  /** The same array until something changes. */
  get messages(): readonly Message[] {
    this.#copy ??= [...this.#messages];
    return this.#copy;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** The newest offset that is known. */
  get head(): number {
    return this.#head;
  }

  /** True once the newest page was read: before it `messages` is only what has arrived. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** False while the end of the run is not the end of the channel. */
  get attached(): boolean {
    return this.#attached;
  }

  get olderLeft(): boolean {
    return this.#olderLeft;
  }

  get reading(): Reading | undefined {
    return this.#reading;
  }

  /** Counts runs: a new one has nothing to do with what was shown before. */
  get generation(): number {
    return this.#generation;
  }

  /** The server says where the channel stands. */
  joined(epoch: string, offset: number): void {
    const last = this.#messages.at(-1)?.offset ?? offset;
    // Somebody logged out in between, and something was said meanwhile.
    if (this.#attached && last < offset) this.#restart(epoch);
    this.#adopt(epoch);
    this.#head = Math.max(this.#head, offset);
    this.#changed();
  }

  /** A message arrived. They come in offset order, each once. */
  take(message: Message): void {
    const { epoch, offset } = message;
    this.#adopt(epoch);
    this.#head = Math.max(this.#head, offset);
    const last = this.#messages.at(-1)?.offset;
    if (this.#attached && (last === undefined || offset > last)) {
      // What lies between was not delivered: the run would be broken.
      if (last !== undefined && offset !== last + 1) this.#restart(epoch);
      this.#messages.push(message);
      if (this.#messages.length > this.#max) this.#dropOldest(this.#max);
    }
    this.#changed();
  }

  /** What was missed will not be delivered: the run ends here, and a new one begins with the newest page. */
  lost(epoch: string, offset: number): void {
    this.#restart(epoch);
    this.#head = offset;
    this.#changed();
  }

  /** Somebody looks at it: it may grow. */
  wake(): void {
    this.#max = HELD_MESSAGES_MAX;
  }

  /** Nobody looks at it any more. */
  rest(): void {
    this.#max = RESTING_MESSAGES_MAX;
    if (!this.#attached) this.#restart(this.#epoch);
    else if (this.#messages.length > this.#max) this.#dropOldest(this.#max);
    this.#changed();
  }

  /** Reads the newest page, unless it was. */
  async load(): Promise<void> {
    if (this.#loaded || this.#reading !== undefined) return;
    await this.#read("first", { limit: PAGE_MESSAGES }, (page) => {
      const last = page.messages.at(-1)?.offset ?? 0;
      this.#messages = [...page.messages, ...this.#messages.filter(({ offset }) => offset > last)];
      this.#olderLeft = page.more;
      this.#loaded = true;
      this.#attached = true;
    });
  }

  /** Reads the page before the first message held. */
  async older(limit = PAGE_MESSAGES): Promise<void> {
    const first = this.#messages[0];
    if (!this.#loaded || !this.#olderLeft || this.#reading !== undefined || first === undefined) return;
    await this.#read("older", { before: first.offset, limit }, (page) => {
      this.#messages = [...page.messages, ...this.#messages];
      this.#olderLeft = page.more && page.messages.length > 0;
      if (this.#messages.length <= HELD_MESSAGES_MAX) return;
      this.#messages.length = HELD_MESSAGES_MAX;
      this.#attached = false;
    });
  }

  /** Reads the page after the last message held, if it is not the end. */
  async newer(): Promise<void> {
    const last = this.#messages.at(-1);
    if (this.#attached || this.#reading !== undefined || last === undefined) return;
    await this.#read("newer", { after: last.offset, limit: PAGE_MESSAGES }, (page) => {
      this.#messages = [...this.#messages, ...page.messages];
      this.#attached = (this.#messages.at(-1)?.offset ?? 0) >= this.#head;
      if (this.#messages.length > HELD_MESSAGES_MAX) this.#dropOldest(HELD_MESSAGES_MAX);
    });
  }

  /** Comes back to the end, at once if it is held. */
  async latest(): Promise<void> {
    if (!this.#attached) this.#restart(this.#epoch);
    await this.load();
  }

  async #read(kind: Reading, range: HistoryRange, take: (page: HistoryPage) => void): Promise<void> {
    const generation = this.#generation;
    this.#reading = kind;
    this.#changed();
    try {
      const page = await this.#parts.history(range);
      if (generation !== this.#generation) return;
      if (this.#epoch !== "" && page.epoch !== this.#epoch) {
        this.#restart(page.epoch);
        return;
      }
      this.#epoch = page.epoch;
      this.#head = Math.max(this.#head, page.head);
      take(page);
    } finally {
      if (generation === this.#generation) this.#reading = undefined;
      this.#changed();
    }
  }

  /** Another epoch is another log, unless none was known yet. */
  #adopt(epoch: string): void {
    if (epoch === this.#epoch) return;
    if (this.#epoch === "") this.#epoch = epoch;
    else this.#restart(epoch);
  }

  #dropOldest(keep: number): void {
    this.#messages = this.#messages.slice(-keep);
    this.#olderLeft = true;
  }

  #restart(epoch: string): void {
    this.#generation += 1;
    this.#messages = [];
    if (epoch !== this.#epoch) this.#head = 0;
    this.#epoch = epoch;
    this.#loaded = false;
    this.#attached = true;
    this.#olderLeft = true;
    this.#reading = undefined;
  }

  #changed(): void {
    this.#copy = undefined;
    this.#parts.changed();
  }
}
