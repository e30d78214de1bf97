/**
 * ChannelHeads: where each channel's log stands, cached, and the store's current epoch.
 *
 * Heads are changed in place during a transaction and written by save() at its end, once per channel. A
 * transaction that fails must be followed by reload(): the database is the truth, the cache a copy.
 */
import { type ChannelId, type Epoch, newEpoch } from "../../base/ids.ts";
import { HEADS_CACHED_MAX } from "../../base/limits.ts";
import type { Position } from "../../core/message.ts";
import { RecentMap } from "../recent-map.ts";
import type { ChannelRow, Statements } from "./statements.ts";

export interface ChannelHead {
  readonly id: number;
  readonly channel: ChannelId;
  readonly epoch: Epoch;
  /** Offset of the newest message. */
  offset: number;
  /** Of the newest message. */
  sentAt: number;
  /** Offset of the oldest stored message; offset + 1 if there is none. */
  oldest: number;
  /** Unix milliseconds from which on no remembered send matters. */
  sendsUntil: number;
}

export class ChannelHeads {
  readonly #sql: Statements;
  readonly #cachedMax: number;
  readonly #cache = new RecentMap<ChannelId, ChannelHead>();
  readonly #changed = new Set<ChannelHead>();
  #epoch: Epoch;

  /** @param cachedMax heads in memory; at least as many as one transaction changes. */
  constructor(statements: Statements, cachedMax = HEADS_CACHED_MAX) {
    this.#cachedMax = cachedMax;
    this.#sql = statements;
    this.#epoch = statements.storeEpoch.get()?.epoch ?? this.renewEpoch();
  }

  find(channel: ChannelId): ChannelHead | undefined {
    const cached = this.#cache.touch(channel);
    if (cached !== undefined) return cached;
    const row = this.#sql.channel.get(channel);
    return row === null ? undefined : this.#remember(headOf(row));
  }

  /** Within a transaction: the channel's head, which begins here if nobody has written to the channel before. */
  findOrAdd(channel: ChannelId): ChannelHead {
    const known = this.find(channel);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#sql.addChannel.run(channel, this.#epoch);
    return this.#remember({
      id: Number(lastInsertRowid),
      channel,
      epoch: this.#epoch,
      offset: 0,
      sentAt: 0,
      oldest: 1,
      sendsUntil: 0,
    });
  }

  /** Heads with an id above `id`, in the order of ids. They are looked at in passing, which does not count as use. */
  after(id: number, countMax: number): ChannelHead[] {
    const rows = this.#sql.channelsAfter.all(id, countMax);
    return rows.map((row) => this.#cache.get(row.name as ChannelId) ?? headOf(row));
  }

  position(channel: ChannelId): Position {
    const head = this.find(channel);
    return head === undefined
      ? { epoch: this.#epoch, offset: 0 }
      : { epoch: head.epoch, offset: head.offset };
  }

  /** Notes that save() has to write this head. */
  changed(head: ChannelHead): void {
    this.#changed.add(head);
  }

  /** Within a transaction: forgets a channel; what is written to it later has another epoch. */
  forget(head: ChannelHead): void {
    this.#sql.dropChannel.run(head.id);
    this.#changed.delete(head);
    this.#cache.delete(head.channel);
    this.#epoch = this.renewEpoch();
  }

  renewEpoch(): Epoch {
    const epoch = newEpoch();
    this.#sql.dropStoreEpoch.run();
    this.#sql.setStoreEpoch.run(epoch);
    return epoch;
  }

  /** Within a transaction: writes the heads that changed. */
  save(): void {
    for (const head of this.#changed) {
      this.#sql.saveChannel.run(head.offset, head.sentAt, head.oldest, head.sendsUntil, head.id);
    }
    this.#changed.clear();
  }

  /** After a rollback: forgets what the cache believed. */
  reload(): void {
    this.#cache.clear();
    this.#changed.clear();
    this.#epoch = this.#sql.storeEpoch.get()?.epoch ?? this.#epoch;
  }

  // The bound is greater than what one transaction touches, so a changed head never leaves before save().
  #remember(head: ChannelHead): ChannelHead {
    this.#cache.set(head.channel, head);
    const oldest = this.#cache.oldest();
    if (oldest !== undefined && this.#cache.size > this.#cachedMax) this.#cache.delete(oldest.key);
    return head;
  }
}

function headOf(row: ChannelRow): ChannelHead {
  return {
    id: row.channel_id,
    channel: row.name as ChannelId,
    epoch: row.epoch,
    offset: row.head,
    sentAt: row.head_sent_at,
    oldest: row.oldest,
    sendsUntil: row.sends_until,
  };
}
