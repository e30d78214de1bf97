/**
 * MessageList: messages and notices in the order of their time, the newest so many of them. Messages of one channel
 * come in their order and stay in it; those of different channels are merged by the time they were sent.
 */
import type { Message } from "../wire/frames.ts";
import { element } from "./element.ts";

interface Entry {
  readonly item: HTMLLIElement;
  /** Unix milliseconds; a notice takes that of the entry before it, for clocks differ. */
  readonly at: number;
  /** Undefined for a notice. */
  readonly message: Message | undefined;
}

/** Elements that are kept: enough to scroll back through an evening, and light on a phone. */
const ENTRIES_MAX = 500;
/** Notices in a row: when many come and go, the newest say enough. */
const NOTICES_IN_A_ROW_MAX = 3;
/** Messages of one sender within this time stand together. */
const GROUP_MS = 5 * 60_000;

export class MessageList {
  readonly #list: HTMLOListElement;
  readonly #makeItem: (message: Message) => HTMLLIElement;
  #entries: Entry[] = [];

  constructor(list: HTMLOListElement, makeItem: (message: Message) => HTMLLIElement) {
    this.#list = list;
    this.#makeItem = makeItem;
  }

  add(message: Message): void {
    let index = this.#entries.length;
    while (index > 0 && (this.#entries[index - 1]?.at ?? 0) > message.sentAt) index -= 1;
    this.#insert(index, { item: this.#makeItem(message), at: message.sentAt, message });
  }

  /** Somebody came or went. */
  addNotice(text: string): void {
    const row = this.#entries.slice(-NOTICES_IN_A_ROW_MAX);
    if (row.length === NOTICES_IN_A_ROW_MAX && row.every(isNotice)) {
      row[0]?.item.remove();
      this.#entries.splice(-NOTICES_IN_A_ROW_MAX, 1);
    }
    this.#append("notice", text);
  }

  /** What follows doesn't follow from what stands before it. */
  addGap(text: string): void {
    this.#append("gap", text);
  }

  clear(): void {
    this.#entries = [];
    this.#list.replaceChildren();
  }

  #append(kind: string, text: string): void {
    const words = element("span", "", text);
    words.dir = "auto";
    const at = this.#entries.at(-1)?.at ?? 0;
    this.#insert(this.#entries.length, { item: element("li", kind, words), at, message: undefined });
  }

  #insert(index: number, entry: Entry): void {
    this.#list.insertBefore(entry.item, this.#entries[index]?.item ?? null);
    this.#entries.splice(index, 0, entry);
    this.#group(index);
    this.#group(index + 1);
    while (this.#entries.length > ENTRIES_MAX) this.#entries.shift()?.item.remove();
  }

  /** Marks an entry that goes on with what the one before it says. */
  #group(index: number): void {
    const entry = this.#entries[index];
    const before = this.#entries[index - 1];
    if (entry?.message === undefined) return;
    entry.item.classList.toggle(
      "follows",
      before?.message !== undefined && goesOn(before.message, entry.message),
    );
  }
}

function goesOn(before: Message, message: Message): boolean {
  return (
    before.from === message.from &&
    before.appPlatform === message.appPlatform &&
    before.channel === message.channel &&
    message.sentAt - before.sentAt < GROUP_MS
  );
}

function isNotice({ item }: Entry): boolean {
  return item.classList.contains("notice");
}
