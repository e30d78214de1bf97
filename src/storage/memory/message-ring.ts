/**
 * MessageRing: the newest messages of one channel, by offset.
 *
 * A circular array that doubles until it holds the capacity, so an idle channel costs little.
 * Offsets have no holes, so the slot of a message is its offset modulo the array's length.
 */
import { assert } from "../../base/errors.ts";
import type { Message } from "../../core/message.ts";
import { firstSince } from "../history-window.ts";

const SLOTS_MIN = 4;

export class MessageRing {
  readonly #countMax: number;
  /** The length is 0 or a power of two. */
  #slots: (Message | undefined)[] = [];
  #oldest = 1;
  #head = 0;

  /** @param countMax messages, 0 or more. */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** Offset of the newest message ever pushed. */
  get head(): number {
    return this.#head;
  }

  /** Messages held. */
  get count(): number {
    return this.#head - this.#oldest + 1;
  }

  /** Adds the message with offset head + 1; the oldest leaves if the ring is full. */
  push(message: Message): void {
    assert(message.offset === this.#head + 1, "a ring takes offsets without holes");
    if (this.#countMax === 0) {
      this.#head += 1;
      this.#oldest = this.#head + 1;
      return;
    }
    if (this.count === this.#countMax) this.#dropOldest();
    if (this.count === this.#slots.length) this.#grow();
    this.#head += 1;
    this.#slots[this.#slotOf(this.#head)] = message;
  }

  /** Lets go of messages sent before `since`, at most `stepsMax` of them. */
  dropBefore(since: number, stepsMax: number): void {
    for (let step = 0; step < stepsMax && this.count > 0; step++) {
      if (this.#at(this.#oldest).sentAt >= since) return;
      this.#dropOldest();
    }
  }

  /** Offset of the oldest message sent at `since` or later; head + 1 if there is none. */
  oldestSince(since: number): number {
    return firstSince(since, this.#oldest, this.#head, (offset) => this.#at(offset).sentAt);
  }

  /** Messages `first` to `last`, both inclusive and held; none if `first` is greater. */
  slice(first: number, last: number): Message[] {
    const messages: Message[] = [];
    for (let offset = first; offset <= last; offset++) messages.push(this.#at(offset));
    return messages;
  }

  #at(offset: number): Message {
    const message = this.#slots[this.#slotOf(offset)];
    assert(message !== undefined, "a ring holds every offset from its oldest to its head");
    return message;
  }

  #dropOldest(): void {
    this.#slots[this.#slotOf(this.#oldest)] = undefined;
    this.#oldest += 1;
  }

  // The bitwise "and" takes offsets modulo 2^32, which keeps the low bits right for any safe integer.
  #slotOf(offset: number): number {
    return offset & (this.#slots.length - 1);
  }

  #grow(): void {
    const messages = this.slice(this.#oldest, this.#head);
    this.#slots = new Array(Math.max(SLOTS_MIN, this.#slots.length * 2)).fill(undefined);
    for (const message of messages) this.#slots[this.#slotOf(message.offset)] = message;
  }
}
