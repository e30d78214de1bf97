/**
 * Delivery: messages reach this node's sessions in offset order, per channel.
 *
 * For each channel with a session here it knows the newest offset that was published. A message that is
 * next is published; one that was, is dropped; one that comes too early waits a moment for the ones before it,
 * which may come from another node, and then the log fills the gap. So whatever brings messages
 * here may lose, repeat and reorder them: the log is the truth.
 */

import type { Cancel, Clock } from "../base/clock.ts";
import { assert } from "../base/errors.ts";
import type { ChannelId, Epoch } from "../base/ids.ts";
import {
  EARLY_MESSAGES_MAX,
  GAP_RETRY_MS,
  GAP_WAIT_MS,
  HEADS_AT_ONCE,
  HISTORY_PAGE_MAX,
  RESYNC_CHANNELS_AT_ONCE,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { ChannelLog } from "./channel-log.ts";
import type { Fanout } from "./connection.ts";
import type { ChannelPosition, Message, Position } from "./message.ts";

interface LocalChannel {
  /** Sessions of this node that hold the channel open. */
  sessions: number;
  epoch: Epoch;
  /** Newest offset that was published here. */
  offset: number;
  /** Undefined while nothing is missing: most channels, most of the time. */
  unsettled: Unsettled | undefined;
}

/** What a channel needs while it is being opened, or while messages before others are missing. */
interface Unsettled {
  /** Set until the log has answered where the channel stands. */
  opening: Promise<void> | undefined;
  /** The log is being read. */
  reading: boolean;
  /** The end of the last read that was begun; rejects if the log was away. */
  read: Promise<void>;
  /** There may be more in the log than the read under way has seen. */
  behind: boolean;
  /** Messages that came before their turn, by offset. */
  readonly early: Map<number, Message>;
  /** Of the timer after which the log is read. */
  cancelWait: Cancel | undefined;
}

export interface DeliveryParts {
  readonly log: ChannelLog;
  readonly fanout: Fanout;
  readonly logger: Logger;
  readonly clock: Clock;
}

export class Delivery {
  readonly #log: ChannelLog;
  readonly #fanout: Fanout;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #channels = new Map<ChannelId, LocalChannel>();
  #gapsFilled = 0;
  /** The end of the last look that was asked for. */
  #looks = Promise.resolve();

  constructor({ log, fanout, logger, clock }: DeliveryParts) {
    this.#log = log;
    this.#fanout = fanout;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Channels with at least one session here. */
  get channelCount(): number {
    return this.#channels.size;
  }

  /** How often the log was read because messages were missing. */
  get gapsFilled(): number {
    return this.#gapsFilled;
  }

  /**
   * Holds the channel open for one more session. Afterwards position() is known and everything
   * behind it will be published here.
   *
   * @returns undefined if that is so already, else a promise to wait for.
   * @throws {PrimError} `unavailable` if the log is away; then nothing is held.
   */
  open(channel: ChannelId): Promise<void> | undefined {
    const known = this.#channels.get(channel);
    if (known !== undefined) {
      known.sessions += 1;
      return known.unsettled?.opening;
    }
    const unsettled = newUnsettled();
    const local: LocalChannel = { sessions: 1, epoch: "" as Epoch, offset: 0, unsettled };
    this.#channels.set(channel, local);
    unsettled.opening = this.#log.join(channel).then(
      (head) => {
        unsettled.opening = undefined;
        local.epoch = head.epoch;
        local.offset = head.offset;
        this.#drain(local, unsettled);
        if (unsettled.behind || unsettled.early.size > 0) this.#fill(channel, local, unsettled);
        else local.unsettled = undefined;
      },
      (error: unknown) => {
        if (this.#channels.get(channel) === local) this.#channels.delete(channel);
        throw error;
      },
    );
    return unsettled.opening;
  }

  /** Lets go of the channel for one session; with the last one the node's interest ends. */
  close(channel: ChannelId): void {
    const local = this.#channels.get(channel);
    assert(local !== undefined, "only an open channel is closed");
    local.sessions -= 1;
    if (local.sessions > 0) return;
    local.unsettled?.cancelWait?.();
    this.#channels.delete(channel);
    this.#log.leave(channel).catch((error: unknown) => {
      // The node is told of messages nobody wants, and drops them: safe, until it says so again.
      this.#logger.warn("channel leave failed", { channel, error });
    });
  }

  /** What has been published here: a session that subscribes now gets everything after this. */
  position(channel: ChannelId): Position {
    const local = this.#channels.get(channel);
    assert(local !== undefined && local.unsettled?.opening === undefined, "an open channel has a position");
    return { epoch: local.epoch, offset: local.offset };
  }

  /** Takes a stored message, from this node's own append or from a peer, in any order. */
  deliver(message: Message): void {
    const local = this.#channels.get(message.channel);
    if (local === undefined) return;
    const { unsettled } = local;
    if (unsettled?.opening !== undefined || unsettled?.reading === true) {
      keepEarly(unsettled, message);
      return;
    }
    if (message.epoch !== local.epoch) {
      this.#fill(message.channel, local, unsettled ?? newUnsettled());
      return;
    }
    if (message.offset <= local.offset) return;
    if (message.offset === local.offset + 1) {
      this.#publish(local, message);
      if (unsettled !== undefined) this.#advance(message.channel, local, unsettled);
      return;
    }
    this.#waitForEarlier(local, unsettled ?? newUnsettled(), message);
  }

  /** A message is known to be stored, though it did not come itself: looks for it if it has not been published. */
  noticed({ channel, epoch, offset }: ChannelPosition): void {
    const local = this.#channels.get(channel);
    if (local === undefined || local.unsettled !== undefined) return;
    if (epoch !== local.epoch || offset > local.offset) this.#fill(channel, local, newUnsettled());
  }

  /**
   * Waits until everything up to a place was published here. Somebody has seen it through another node, which was quicker;
   * a place that the log does not have is not waited for.
   *
   * @param place in a channel that is open.
   * @throws {PrimError} `unavailable` if the log is away.
   */
  async reach({ channel, epoch, offset }: ChannelPosition): Promise<void> {
    const local = this.#channels.get(channel);
    assert(local !== undefined, "only an open channel is waited for");
    if (epoch === local.epoch && offset <= local.offset) return;
    const unsettled = local.unsettled ?? newUnsettled();
    if (unsettled.reading) unsettled.behind = true;
    else this.#fill(channel, local, unsettled);
    await unsettled.read;
  }

  /**
   * Publishes what this node has missed in its open channels, in which its interest is noted: after a link broke, or a peer died.
   *
   * @throws {PrimError} `unavailable` if the store is away; what was looked at until then is right.
   */
  findMissed(): Promise<void> {
    return this.#inTurn(() => this.#compareAll());
  }

  async #compareAll(): Promise<void> {
    let batch: ChannelId[] = [];
    for (const channel of this.#channels.keys()) {
      batch.push(channel);
      if (batch.length < HEADS_AT_ONCE) continue;
      await this.#compareHeads(batch);
      batch = [];
    }
    if (batch.length > 0) await this.#compareHeads(batch);
  }

  async #compareHeads(channels: readonly ChannelId[]): Promise<void> {
    const before = channels.map((channel) => {
      const local = this.#channels.get(channel);
      return local && { local, epoch: local.epoch, offset: local.offset };
    });
    const heads = await this.#log.heads(channels);
    const gone: ChannelId[] = [];
    for (const [index, channel] of channels.entries()) {
      const [was, head] = [before[index], heads[index]];
      if (was === undefined || this.#channels.get(channel) !== was.local) continue;
      if (head !== undefined) this.#compare(channel, was.local, was, head);
      // The store has lost or forgotten it, and join() says under which epoch it goes on.
      else if (was.local.offset > 0) gone.push(channel);
    }
    await Promise.all(gone.map((channel) => this.#lookAgain(channel)));
  }

  /**
   * Says anew that this node is interested in each open channel, and publishes what it has missed: after the store was away, or
   * somebody may have taken this node for dead.
   *
   * @throws {PrimError} `unavailable` if the store is away; what was looked at until then is right.
   */
  resync(): Promise<void> {
    return this.#inTurn(() => this.#joinAll());
  }

  /** One look at a time: of two that saw a log go back, the later would take back what was published after the first. */
  #inTurn(look: () => Promise<void>): Promise<void> {
    const turn = this.#looks.then(look);
    this.#looks = turn.catch(() => {}); // Who asked for it is told.
    return turn;
  }

  async #joinAll(): Promise<void> {
    let batch: Promise<void>[] = [];
    for (const channel of this.#channels.keys()) {
      batch.push(this.#lookAgain(channel));
      if (batch.length < RESYNC_CHANNELS_AT_ONCE) continue;
      await Promise.all(batch);
      batch = [];
    }
    await Promise.all(batch);
  }

  async #lookAgain(channel: ChannelId): Promise<void> {
    const local = this.#channels.get(channel);
    if (local === undefined) return;
    // Who opened the channel is told of a failure; here the next look finds it gone.
    await local.unsettled?.opening?.catch(() => {});
    if (this.#channels.get(channel) !== local) return;
    const before = this.position(channel);
    const head = await this.#log.join(channel);
    if (this.#channels.get(channel) === local) this.#compare(channel, local, before, head);
  }

  /**
   * Looks for what the store has and was not published here.
   *
   * @param before what was published when the store was asked for its head.
   */
  #compare(channel: ChannelId, local: LocalChannel, before: Position, head: Position): void {
    if (head.epoch === before.epoch && head.epoch === local.epoch && head.offset < before.offset) {
      // The store came back with less than it had answered for, as after a failover: offsets will be given again.
      this.#logger.warn("channel went back", { channel, offset: before.offset, head: head.offset });
      local.offset = head.offset;
      this.#fanout.publish(channel, { kind: "notice", notice: "history_lost", channel });
    }
    if (local.unsettled === undefined) this.noticed({ channel, ...head });
    else local.unsettled.behind = true;
  }

  #publish(local: LocalChannel, message: Message): void {
    local.offset = message.offset;
    this.#fanout.publish(message.channel, { kind: "msg", message });
  }

  /** Publishes what had come too early and is next now. */
  #drain(local: LocalChannel, unsettled: Unsettled): void {
    const { early } = unsettled;
    for (const { epoch, offset } of early.values()) {
      if (epoch === local.epoch && offset > local.offset) continue;
      early.delete(offset);
      // Of an epoch that is over, or of one that the log has begun and nobody here has seen: the log knows.
      if (epoch !== local.epoch) unsettled.behind = true;
    }
    for (let next = early.get(local.offset + 1); next !== undefined; next = early.get(local.offset + 1)) {
      early.delete(next.offset);
      this.#publish(local, next);
    }
  }

  /** Something was published: what waited for it goes on, the rest waits anew. */
  #advance(channel: ChannelId, local: LocalChannel, unsettled: Unsettled): void {
    this.#drain(local, unsettled);
    // The log could not be read before: its timer goes on.
    if (unsettled.behind) return;
    unsettled.cancelWait?.();
    unsettled.cancelWait = undefined;
    if (unsettled.early.size === 0) local.unsettled = undefined;
    else this.#fillAfter(GAP_WAIT_MS, channel, local, unsettled);
  }

  #waitForEarlier(local: LocalChannel, unsettled: Unsettled, message: Message): void {
    local.unsettled = unsettled;
    const { channel } = message;
    if (!keepEarly(unsettled, message)) this.#fill(channel, local, unsettled);
    else if (unsettled.cancelWait === undefined) this.#fillAfter(GAP_WAIT_MS, channel, local, unsettled);
  }

  #fillAfter(delayMs: number, channel: ChannelId, local: LocalChannel, unsettled: Unsettled): void {
    unsettled.cancelWait = this.#clock.after(delayMs, () => this.#fill(channel, local, unsettled));
  }

  #fill(channel: ChannelId, local: LocalChannel, unsettled: Unsettled): void {
    unsettled.cancelWait?.();
    unsettled.cancelWait = undefined;
    local.unsettled = unsettled;
    unsettled.reading = true;
    this.#gapsFilled += 1;
    unsettled.read = this.#readUp(channel, local, unsettled);
    unsettled.read.catch((error: unknown) => {
      this.#logger.warn("gap not filled", { channel, offset: local.offset, error });
      unsettled.reading = false;
      unsettled.behind = true;
      if (this.#channels.get(channel) !== local) return;
      this.#fillAfter(GAP_RETRY_MS, channel, local, unsettled);
    });
  }

  /** Publishes what the log has after the local offset, until nothing came in the meantime; then the channel is settled. */
  async #readUp(channel: ChannelId, local: LocalChannel, unsettled: Unsettled): Promise<void> {
    for (;;) {
      unsettled.behind = false;
      const page = await this.#log.read(channel, { after: local.offset, limit: HISTORY_PAGE_MAX });
      if (this.#channels.get(channel) !== local) return;
      if (page.head.epoch !== local.epoch) {
        this.#beginEpoch(channel, local, page.head.epoch);
        continue;
      }
      for (const message of page.messages) this.#publish(local, message);
      if (page.messages.length === 0 && page.head.offset > local.offset) {
        this.#skipTo(channel, local, page.head.offset);
      }
      this.#drain(local, unsettled);
      if (unsettled.behind || page.head.offset > local.offset) continue;
      // Each of the early was stored before it came here: the next read has it, or it was lost since and nobody has.
      if (page.messages.length === 0) unsettled.early.clear();
      if (unsettled.early.size > 0) continue;
      local.unsettled = undefined;
      return;
    }
  }

  #beginEpoch(channel: ChannelId, local: LocalChannel, epoch: Epoch): void {
    // Who has seen nothing yet has lost nothing: the log of an empty channel may begin under a newer epoch.
    const isLoss = local.offset > 0;
    local.epoch = epoch;
    local.offset = 0;
    if (isLoss) this.#fanout.publish(channel, { kind: "notice", notice: "history_lost", channel });
  }

  /** The messages that are missing were deleted already: too old, or too many came after them. */
  #skipTo(channel: ChannelId, local: LocalChannel, offset: number): void {
    local.offset = offset;
    this.#fanout.publish(channel, { kind: "notice", notice: "history_lost", channel });
  }
}

function newUnsettled(): Unsettled {
  return {
    opening: undefined,
    reading: false,
    read: Promise.resolve(),
    behind: false,
    early: new Map(),
    cancelWait: undefined,
  };
}

/** @returns false if too many wait already: then the log is asked. */
function keepEarly(unsettled: Unsettled, message: Message): boolean {
  if (unsettled.early.size >= EARLY_MESSAGES_MAX) {
    unsettled.behind = true;
    return false;
  }
  unsettled.early.set(message.offset, message);
  return true;
}
