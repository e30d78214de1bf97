/**
 * SentMemory: which client message ids were taken lately, so that a repeated send gets the first answer.
 *
 * Bounded: beyond it the oldest half is forgotten early. Two generations, the older of which is dropped as a
 * whole: entries are never deleted one by one, which in a map of a million costs a rehash of 160 ms now and then
 * (measured), and a linked list as much memory again.
 *
 * A generation is many small maps, of which only the newest is written to: the garbage collector looks
 * through the whole of a map that was written since its last look, which with one map of half a million took a third of
 * what a send costs. They go by a number, of which nearly every send has one of its own: text that is put together to be a key costs
 * twice as much. A filter of bits says at once of nearly every new message that no map has it.
 */
import type { ChannelId, Epoch, MessageId, UserId } from "../../base/ids.ts";
import { type Random, systemRandom } from "../../base/random.ts";
import type { AppendRequest } from "../../core/channel-log.ts";
import type { Receipt } from "../../core/message.ts";

/** What a send is remembered by. */
export interface SentKey {
  readonly channel: ChannelId;
  readonly from: UserId;
  readonly seq: string;
  /** Of all three; 32 bits, with a sign. */
  readonly hash: number;
}

interface Sent {
  readonly key: SentKey;
  readonly id: MessageId;
  readonly epoch: Epoch;
  readonly offset: number;
  readonly sentAt: number;
  /** Unix milliseconds: from then on the same seq is a new message. */
  readonly expiresAt: number;
  /** An earlier one in the same map with the same hash. */
  readonly earlier: Sent | undefined;
}

/** Entries of one map: 200 KB for the collector to look through, a tenth of a millisecond. */
const PAGE_MAX = 8_192;
/** Bits of a filter, a power of two: with 500,000 entries one in twenty finds a bit set that is another's, and is looked up. */
const FILTER_BITS = 1 << 23;

export class SentMemory {
  readonly #generationMax: number;
  /** Where hashes begin: nobody outside can tell which texts share one. */
  readonly #basis: number;
  #young = new Generation();
  #old = new Generation();

  /** @param countMax sends remembered, 2 or more; at least the newest half of them always are. */
  constructor(countMax: number, random: Random = systemRandom) {
    this.#generationMax = Math.floor(countMax / 2);
    this.#basis = Math.floor(random() * 2 ** 32);
  }

  /** What find() and remember() take; undefined if the request is never a repeat. */
  keyOf({ channel, draft: { from, seq }, windowMs }: AppendRequest): SentKey | undefined {
    if (windowMs <= 0 || seq === "") return undefined;
    const hash = hashOf(hashOf(hashOf(this.#basis, channel), from), seq);
    return { channel, from, seq, hash };
  }

  find(key: SentKey, now: number): Omit<Receipt, "channel"> | undefined {
    const sent = this.#young.find(key) ?? this.#old.find(key);
    if (sent === undefined || sent.expiresAt <= now) return undefined;
    const { id, epoch, offset, sentAt } = sent;
    return { id, epoch, offset, sentAt };
  }

  remember(key: SentKey, receipt: Receipt, expiresAt: number): void {
    if (this.#young.count >= this.#generationMax) this.#age();
    this.#young.add(key, receipt, expiresAt);
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
  #page = new Map<number, Sent>();
  #pageCount = 0;
  /** Full, newest last. */
  readonly #pages: Map<number, Sent>[] = [];
  /** Of everything here; there is none before the first page is full. */
  #filter: Uint32Array | undefined;

  find(key: SentKey): Sent | undefined {
    if (this.#filter !== undefined && !hasBit(this.#filter, key.hash)) return undefined;
    // The newest of two counts: the first was over when the second was taken.
    let found = sentIn(this.#page, key);
    for (let at = this.#pages.length - 1; at >= 0 && found === undefined; at--) {
      found = sentIn(this.#pages[at], key);
    }
    return found;
  }

  add(key: SentKey, { id, epoch, offset, sentAt }: Receipt, expiresAt: number): void {
    if (this.#pageCount >= PAGE_MAX) this.#turn();
    const earlier = this.#page.get(key.hash);
    this.#page.set(key.hash, { key, id, epoch, offset, sentAt, expiresAt, earlier });
    this.#pageCount += 1;
    this.count += 1;
    this.expiresAt = Math.max(this.expiresAt, expiresAt);
    if (this.#filter !== undefined) setBit(this.#filter, key.hash);
  }

  #turn(): void {
    if (this.#filter === undefined) {
      this.#filter = new Uint32Array(FILTER_BITS / 32);
      for (const hash of this.#page.keys()) setBit(this.#filter, hash);
    }
    this.#pages.push(this.#page);
    this.#page = new Map();
    this.#pageCount = 0;
  }
}

function sentIn(page: ReadonlyMap<number, Sent> | undefined, key: SentKey): Sent | undefined {
  let sent = page?.get(key.hash);
  while (sent !== undefined && !isSame(sent.key, key)) sent = sent.earlier;
  return sent;
}

function isSame(one: SentKey, other: SentKey): boolean {
  return one.seq === other.seq && one.from === other.from && one.channel === other.channel;
}

function hasBit(filter: Uint32Array, hash: number): boolean {
  return ((filter[wordOf(hash)] ?? 0) & (1 << (hash & 31))) !== 0;
}

function setBit(filter: Uint32Array, hash: number): void {
  const word = wordOf(hash);
  filter[word] = (filter[word] ?? 0) | (1 << (hash & 31));
}

function wordOf(hash: number): number {
  return (hash & (FILTER_BITS - 1)) >>> 5;
}

/** FNV-1a over UTF-16 code units, going on from another hash; 32 bits, with a sign. The end of a text counts as well. */
function hashOf(basis: number, text: string): number {
  let hash = basis ^ text.length;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
