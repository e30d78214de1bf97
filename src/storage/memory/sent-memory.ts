/**
 * SentMemory: which client message ids were taken lately, so that a repeated send gets the first answer.
 *
 * Bounded: beyond it the oldest half is forgotten early. Two generations, the older of which is dropped as a
 * whole: entries are never deleted one by one, which in a map of a million costs a rehash of 160 ms now and then
 * (measured), and a linked list as much memory again.
 *
 * A generation is many small maps, of which only the newest is written to: the garbage collector looks
 * through the whole of a map that was written since its last look, which with one map of half a million took a third of
 * what a send costs. A filter of bits says at once of nearly every new message that no map has it.
 */
import type { Epoch, MessageId } from "../../base/ids.ts";
import type { AppendRequest } from "../../core/channel-log.ts";
import type { Receipt } from "../../core/message.ts";

/** What a send is remembered by. */
export interface SentKey {
  readonly text: string;
  readonly hash: number;
}

interface Sent {
  readonly id: MessageId;
  readonly epoch: Epoch;
  readonly offset: number;
  readonly sentAt: number;
  /** Unix milliseconds: from then on the same seq is a new message. */
  readonly expiresAt: number;
}

/** Entries of one map: 200 KB for the collector to look through, a tenth of a millisecond. */
const PAGE_MAX = 8_192;
/** Bits of a filter, a power of two: with 500,000 entries one in twenty finds a bit set that is another's, and is looked up. */
const FILTER_BITS = 1 << 23;

export class SentMemory {
  readonly #generationMax: number;
  #young = new Generation();
  #old = new Generation();

  /** @param countMax sends remembered, 2 or more; at least the newest half of them always are. */
  constructor(countMax: number) {
    this.#generationMax = Math.floor(countMax / 2);
  }

  /** What find() and remember() take; undefined if the request is never a repeat. */
  keyOf({ channel, draft, windowMs }: AppendRequest): SentKey | undefined {
    if (windowMs <= 0 || draft.seq === "") return undefined;
    // Neither a channel nor a user id has control characters, so the parts can't run into each other.
    const text = `${channel}\0${draft.from}\0${draft.seq}`;
    return { text, hash: hashOf(text) };
  }

  find(key: SentKey, now: number): Omit<Receipt, "channel"> | undefined {
    const sent = this.#young.find(key) ?? this.#old.find(key);
    if (sent === undefined || sent.expiresAt <= now) return undefined;
    const { id, epoch, offset, sentAt } = sent;
    return { id, epoch, offset, sentAt };
  }

  remember(key: SentKey, { id, epoch, offset, sentAt }: Receipt, expiresAt: number): void {
    if (this.#young.count >= this.#generationMax) this.#age();
    this.#young.add(key, { id, epoch, offset, sentAt, expiresAt });
  }

  /** Lets go of what is over. */
  forget(now: number): void {
    const remembered = this.#young.count + this.#old.count > 0;
    if (remembered && this.#old.expiresAt <= now) this.#age();
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Generation();
  }
}

class Generation {
  count = 0;
  /** From then on none of it matters. */
  expiresAt = 0;
  #page = new Map<string, Sent>();
  /** Full, newest last. */
  readonly #pages: Map<string, Sent>[] = [];
  /** Of the full pages; there is none before the first. */
  #filter: Uint32Array | undefined;

  find(key: SentKey): Sent | undefined {
    const sent = this.#page.get(key.text);
    if (sent !== undefined || this.#filter === undefined || !hasBit(this.#filter, key.hash)) return sent;
    // The newest of two counts: the first was over when the second was taken.
    for (let at = this.#pages.length - 1; at >= 0; at--) {
      const found = this.#pages[at]?.get(key.text);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  add(key: SentKey, sent: Sent): void {
    if (this.#page.size >= PAGE_MAX) this.#turn();
    this.#page.set(key.text, sent);
    this.count += 1;
    this.expiresAt = Math.max(this.expiresAt, sent.expiresAt);
  }

  #turn(): void {
    this.#filter ??= new Uint32Array(FILTER_BITS / 32);
    for (const text of this.#page.keys()) setBit(this.#filter, hashOf(text));
    this.#pages.push(this.#page);
    this.#page = new Map();
  }
}

function hasBit(filter: Uint32Array, hash: number): boolean {
  return ((filter[(hash % FILTER_BITS) >>> 5] ?? 0) & (1 << (hash & 31))) !== 0;
}

function setBit(filter: Uint32Array, hash: number): void {
  const at = (hash % FILTER_BITS) >>> 5;
  filter[at] = (filter[at] ?? 0) | (1 << (hash & 31));
}

/** FNV-1a over UTF-16 code units, 32 bits. Who makes two texts collide only makes prim look them up. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
