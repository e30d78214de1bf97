/**
 * Delivery: messages reach this node's sessions in offset order, per channel.
 *
 * For each channel with a session here it knows the newest offset that was published. A message that is
 * next is published; one that was, is dropped; one that comes too early has the gap before it
 * filled from the log first. So whatever brings messages here may lose, repeat and reorder them:
 * the log is the truth.
 */
import { assert } from "../base/errors.ts";
import type { ChannelId, Epoch } from "../base/ids.ts";
import { HISTORY_PAGE_MAX } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { ChannelLog } from "./channel-log.ts";
import type { Fanout } from "./connection.ts";
import type { Message, Position } from "./message.ts";

interface LocalChannel {
  /** Sessions of this node that hold the channel open. */
  sessions: number;
  epoch: Epoch;
  /** Newest offset that was published here. */
  offset: number;
  /** Set until the log has answered where the channel stands. */
  opening: Promise<void> | undefined;
  /** A gap is being filled from the log. */
  filling: boolean;
  /** A message came while the log was being read; there may be more than the read has seen. */
  behind: boolean;
}

export class Delivery {
  readonly #log: ChannelLog;
  readonly #fanout: Fanout;
  readonly #logger: Logger;
  readonly #channels = new Map<ChannelId, LocalChannel>();

  constructor(log: ChannelLog, fanout: Fanout, logger: Logger) {
    this.#log = log;
    this.#fanout = fanout;
    this.#logger = logger;
  }

  /** Channels with at least one session here. */
  get channelCount(): number {
    return this.#channels.size;
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
      return known.opening;
    }
    const local: LocalChannel = {
      sessions: 1,
      epoch: "" as Epoch,
      offset: 0,
      opening: undefined,
      filling: false,
      behind: false,
    };
    this.#channels.set(channel, local);
    local.opening = this.#log.join(channel).then(
      (head) => {
        local.opening = undefined;
        local.epoch = head.epoch;
        local.offset = head.offset;
        if (local.behind) this.#fill(channel, local);
      },
      (error: unknown) => {
        if (this.#channels.get(channel) === local) this.#channels.delete(channel);
        throw error;
      },
    );
    return local.opening;
  }

  /** Lets go of the channel for one session; with the last one the node's interest ends. */
  close(channel: ChannelId): void {
    const local = this.#channels.get(channel);
    assert(local !== undefined, "only an open channel is closed");
    local.sessions -= 1;
    if (local.sessions > 0) return;
    this.#channels.delete(channel);
    this.#log.leave(channel).catch((error: unknown) => {
      // The node is told of messages nobody wants, and drops them: safe, until it says so again.
      this.#logger.warn("channel leave failed", { channel, error });
    });
  }

  /** What has been published here: a session that subscribes now gets everything after this. */
  position(channel: ChannelId): Position {
    const local = this.#channels.get(channel);
    assert(local !== undefined && local.opening === undefined, "an open channel has a position");
    return { epoch: local.epoch, offset: local.offset };
  }

  /** Takes a stored message, from this node's own append or from a peer, in any order. */
  deliver(message: Message): void {
    const local = this.#channels.get(message.channel);
    if (local === undefined) return;
    if (local.filling || local.opening !== undefined) {
      local.behind = true;
      return;
    }
    if (message.epoch === local.epoch) {
      if (message.offset <= local.offset) return;
      if (message.offset === local.offset + 1) {
        this.#publish(local, message);
        return;
      }
    }
    this.#fill(message.channel, local);
  }

  #publish(local: LocalChannel, message: Message): void {
    local.offset = message.offset;
    this.#fanout.publish(message.channel, { kind: "msg", message });
  }

  #fill(channel: ChannelId, local: LocalChannel): void {
    this.#readUp(channel, local).catch((error: unknown) => {
      // The channel's next message tries again; until then nothing later is delivered.
      this.#logger.warn("gap not filled", { channel, offset: local.offset, error });
    });
  }

  /** Publishes what the log has after the local offset, until nothing came in the meantime. */
  async #readUp(channel: ChannelId, local: LocalChannel): Promise<void> {
    local.filling = true;
    try {
      for (;;) {
        local.behind = false;
        const page = await this.#log.read(channel, { after: local.offset, limit: HISTORY_PAGE_MAX });
        if (this.#channels.get(channel) !== local) return;
        if (page.head.epoch !== local.epoch) {
          // Who has seen nothing yet has lost nothing: the log of an empty channel may begin under a newer epoch.
          const isLoss = local.offset > 0;
          local.epoch = page.head.epoch;
          local.offset = 0;
          if (isLoss) this.#fanout.publish(channel, { kind: "notice", notice: "history_lost", channel });
          continue;
        }
        for (const message of page.messages) this.#publish(local, message);
        // A peer may have been ahead of this read; its message set `behind`.
        if (!page.more && !local.behind) return;
      }
    } finally {
      local.filling = false;
    }
  }
}
