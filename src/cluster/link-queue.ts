/**
 * LinkQueue: items that wait for one peer, in order, bounded in number and in length.
 */
import {
  LINK_BATCH_CHARS_MAX,
  LINK_BATCH_ITEMS_MAX,
  LINK_QUEUE_CHARS_MAX,
  LINK_QUEUE_ITEMS_MAX,
} from "../base/limits.ts";

export class LinkQueue {
  #items: string[] = [];
  /** Where the first one waits; what was taken before it goes with the array. */
  #head = 0;
  #chars = 0;

  /** Items that wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** @returns false if there is no room for it; nothing changes then. */
  push(item: string): boolean {
    if (this.length >= LINK_QUEUE_ITEMS_MAX || this.#chars + item.length > LINK_QUEUE_CHARS_MAX) return false;
    this.#items.push(item);
    this.#chars += item.length;
    return true;
  }

  /** Takes the oldest items, as many as make one frame; none if none wait. */
  take(): readonly string[] {
    const end = Math.min(this.#items.length, this.#head + LINK_BATCH_ITEMS_MAX);
    let chars = 0;
    let to = this.#head;
    for (; to < end; to++) {
      const { length } = this.#items[to] ?? "";
      // One that is longer than a batch travels alone.
      if (to > this.#head && chars + length > LINK_BATCH_CHARS_MAX) break;
      chars += length;
    }
    const taken = this.#items.slice(this.#head, to);
    this.#head = to;
    this.#chars -= chars;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= LINK_QUEUE_ITEMS_MAX) this.#forgetTaken();
    return taken;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#chars = 0;
  }

  #forgetTaken(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
