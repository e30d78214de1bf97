/**
 * SentMemory: which client message ids were taken lately, so that a repeated send gets the first answer.
 *
 * Bounded: beyond it the oldest half is forgotten early. Two generations of a plain map, the older of
 * which is dropped as a whole: entries are never deleted one by one, which in a map of a
 * million costs a rehash of 160 ms now and then (measured), and a linked list as much memory again.
 */
import type { Epoch, MessageId } from "../../base/ids.ts";
import type { AppendRequest } from "../../core/channel-log.ts";
import type { Receipt } from "../../core/message.ts";

interface Sent {
  readonly id: MessageId;
  readonly epoch: Epoch;
  readonly offset: number;
  readonly sentAt: number;
  /** Unix milliseconds: from then on the same seq is a new message. */
  readonly expiresAt: number;
}

interface Generation {
  readonly sent: Map<string, Sent>;
  /** From then on none of it matters. */
  expiresAt: number;
}

export class SentMemory {
  readonly #generationMax: number;
  #young: Generation = newGeneration();
  #old: Generation = newGeneration();

  /** @param countMax sends remembered, 2 or more; at least the newest half of them always are. */
  constructor(countMax: number) {
    this.#generationMax = Math.floor(countMax / 2);
  }

  /** What find() and remember() take; undefined if the request is never a repeat. */
  keyOf({ channel, draft, windowMs }: AppendRequest): string | undefined {
    if (windowMs <= 0 || draft.seq === "") return undefined;
    // Neither a channel nor a user id has control characters, so the parts can't run into each other.
    return `${channel}\0${draft.from}\0${draft.seq}`;
  }

  find(key: string, now: number): Omit<Receipt, "channel"> | undefined {
    const sent = this.#young.sent.get(key) ?? this.#old.sent.get(key);
    if (sent === undefined || sent.expiresAt <= now) return undefined;
    const { id, epoch, offset, sentAt } = sent;
    return { id, epoch, offset, sentAt };
  }

  remember(key: string, { id, epoch, offset, sentAt }: Receipt, expiresAt: number): void {
    if (this.#young.sent.size >= this.#generationMax) this.#age();
    this.#young.sent.set(key, { id, epoch, offset, sentAt, expiresAt });
    this.#young.expiresAt = Math.max(this.#young.expiresAt, expiresAt);
  }

  /** Lets go of what is over. */
  forget(now: number): void {
    const remembered = this.#young.sent.size + this.#old.sent.size > 0;
    if (remembered && this.#old.expiresAt <= now) this.#age();
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = newGeneration();
  }
}

function newGeneration(): Generation {
  return { sent: new Map(), expiresAt: 0 };
}
