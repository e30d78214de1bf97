/**
 * MemoryStore: the channel logs of one node that keeps nothing on disk.
 *
 * For tests and for `--data none`. Every map has a bound. What goes over it makes the store forget
 * the channel that was idle longest, as a whole, and with it the store's epoch: a channel that
 * comes back is seen to have lost its log. No call scans; append() is O(1).
 */
import type { Cancel, Clock } from "../../base/clock.ts";
import { assert, PrimError } from "../../base/errors.ts";
import { type ChannelId, type Epoch, type NodeId, newEpoch, type UserId } from "../../base/ids.ts";
import {
  MEMORY_CHANNELS_MAX,
  MEMORY_MARKS_MAX,
  MEMORY_MESSAGES_MAX,
  MEMORY_MESSAGES_PER_CHANNEL_MAX,
  MEMORY_SENDS_REMEMBERED_MAX,
  SWEEP_PERIOD_MS,
  SWEEP_ROWS_MAX,
} from "../../base/limits.ts";
import type { Appended, AppendRequest, HistoryPage, HistoryRange, Store } from "../../core/channel-log.ts";
import type { Message, Position } from "../../core/message.ts";
import { checkRange, type HistoryBounds, windowOf } from "../history-window.ts";
import { RecentMap } from "../recent-map.ts";
import { MessageRing } from "./message-ring.ts";
import { SentMemory } from "./sent-memory.ts";

export interface MemoryStoreOptions extends HistoryBounds {
  readonly clock: Clock;
  /** Messages over all channels; default MEMORY_MESSAGES_MAX. */
  readonly messagesMax?: number;
  /** Channels with a log; default MEMORY_CHANNELS_MAX. */
  readonly channelsMax?: number;
  /** Remembered sends, 2 or more; default MEMORY_SENDS_REMEMBERED_MAX. */
  readonly sendsMax?: number;
  /** Read marks; default MEMORY_MARKS_MAX. */
  readonly marksMax?: number;
}

interface Log {
  readonly epoch: Epoch;
  readonly ring: MessageRing;
  /** Of the newest message. */
  sentAt: number;
}

/** Each append adds one of a thing, so forgetting up to two of it catches up. */
const STEPS_PER_APPEND = 2;

export class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #countMax: number;
  readonly #ageMs: number;
  readonly #messagesMax: number;
  readonly #channelsMax: number;
  readonly #marksMax: number;
  /** The channel that was written to longest ago is the oldest. */
  readonly #logs = new RecentMap<ChannelId, Log>();
  readonly #marks = new RecentMap<string, Position>();
  readonly #sent: SentMemory;
  readonly #stopSweeping: Cancel;
  #messages = 0;
  #epoch = newEpoch();
  #closed = false;

  constructor(options: MemoryStoreOptions) {
    this.#clock = options.clock;
    this.#messagesMax = options.messagesMax ?? MEMORY_MESSAGES_MAX;
    this.#channelsMax = options.channelsMax ?? MEMORY_CHANNELS_MAX;
    this.#marksMax = options.marksMax ?? MEMORY_MARKS_MAX;
    this.#countMax = Math.min(options.countMax, MEMORY_MESSAGES_PER_CHANNEL_MAX, this.#messagesMax);
    this.#ageMs = options.ageMs;
    assert(this.#countMax >= 0 && this.#ageMs >= 0, "history bounds are 0 or more");
    this.#sent = new SentMemory(options.sendsMax ?? MEMORY_SENDS_REMEMBERED_MAX);
    this.#stopSweeping = options.clock.every(SWEEP_PERIOD_MS, () => this.#sweep());
  }

  async append(request: AppendRequest): Promise<Appended> {
    this.#assertOpen();
    const { channel, draft, windowMs } = request;
    const now = this.#clock.now();
    const key = this.#sent.keyOf(request);
    const first = key === undefined ? undefined : this.#sent.find(key, now);
    if (first !== undefined) return { receipt: { channel, ...first }, repeated: true, nodes: [] };

    const log = this.#logs.touch(channel) ?? this.#startLog(channel);
    const { epoch } = log;
    const offset = log.ring.head + 1;
    const sentAt = Math.max(now, log.sentAt);
    log.sentAt = sentAt;
    this.#store(log, { ...draft, channel, epoch, offset, sentAt });
    const receipt = { channel, epoch, offset, id: draft.id, sentAt };
    if (key !== undefined) this.#sent.remember(key, receipt, now + windowMs);
    if (this.#isTooMuch()) this.#forgetLogs(now, STEPS_PER_APPEND);
    return { receipt, repeated: false, nodes: [] };
  }

  async join(channel: ChannelId): Promise<Position> {
    this.#assertOpen();
    return this.#position(this.#logs.get(channel));
  }

  async heads(channels: readonly ChannelId[]): Promise<readonly (Position | undefined)[]> {
    this.#assertOpen();
    return channels.map((channel) => {
      const log = this.#logs.get(channel);
      return log && this.#position(log);
    });
  }

  async leave(): Promise<void> {}

  async interested(): Promise<readonly NodeId[]> {
    return [];
  }

  async read(channel: ChannelId, range: HistoryRange): Promise<HistoryPage> {
    checkRange(range);
    this.#assertOpen();
    const log = this.#logs.get(channel);
    const head = this.#position(log);
    if (log === undefined) return { head, messages: [], more: false };
    const oldest = log.ring.oldestSince(this.#clock.now() - this.#ageMs);
    const { first, last, more } = windowOf(range, oldest, head.offset);
    return { head, messages: log.ring.slice(first, last), more };
  }

  async mark(channel: ChannelId, userId: UserId, position: Position): Promise<number> {
    this.#assertOpen();
    if (this.#logs.get(channel) === undefined) return 0;
    const key = markKey(channel, userId);
    const known = this.#marks.get(key);
    const before = known?.epoch === position.epoch ? known.offset : 0;
    if (known?.epoch !== position.epoch || position.offset > before) this.#marks.set(key, { ...position });
    const oldest = this.#marks.oldest();
    if (oldest !== undefined && this.#marks.size > this.#marksMax) this.#marks.delete(oldest.key);
    return before;
  }

  async marked(channel: ChannelId, userId: UserId, epoch: Epoch): Promise<number> {
    this.#assertOpen();
    const known = this.#marks.get(markKey(channel, userId));
    return known?.epoch === epoch ? known.offset : 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopSweeping();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new PrimError("unavailable", "Cannot use the store: it is closed", { reason: "STORE_FAILED" });
    }
  }

  #position(log: Log | undefined): Position {
    return log === undefined
      ? { epoch: this.#epoch, offset: 0 }
      : { epoch: log.epoch, offset: log.ring.head };
  }

  #startLog(channel: ChannelId): Log {
    const log: Log = { epoch: this.#epoch, ring: new MessageRing(this.#countMax), sentAt: 0 };
    this.#logs.set(channel, log);
    return log;
  }

  #store(log: Log, message: Message): void {
    const before = log.ring.count;
    log.ring.push(message);
    log.ring.dropBefore(message.sentAt - this.#ageMs, STEPS_PER_APPEND);
    this.#messages += log.ring.count - before;
  }

  #sweep(): void {
    const now = this.#clock.now();
    this.#forgetLogs(now, SWEEP_ROWS_MAX);
    this.#sent.forget(now);
  }

  #isTooMuch(): boolean {
    return this.#messages > this.#messagesMax || this.#logs.size > this.#channelsMax;
  }

  /** Forgets logs that are too old or too much, at most `stepsMax`. */
  #forgetLogs(now: number, stepsMax: number): void {
    for (let step = 0; step < stepsMax; step++) {
      const oldest = this.#logs.oldest();
      if (oldest === undefined) break;
      const isTooOld = oldest.value.sentAt < now - this.#ageMs;
      if (!isTooOld && !this.#isTooMuch()) break;
      this.#logs.delete(oldest.key);
      this.#messages -= oldest.value.ring.count;
      this.#epoch = newEpoch();
    }
  }
}

/** The length keeps apart what would read the same when put together. */
function markKey(channel: ChannelId, userId: UserId): string {
  return `${channel.length}:${channel}${userId}`;
}
