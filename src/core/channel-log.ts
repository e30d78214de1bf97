/**
 * ChannelLog: the truth about what was said. One ordered log per channel, and which nodes are
 * interested in it.
 *
 * What append() answered is never lost. Offsets count from 1 without holes within an epoch. A
 * channel nobody has written to exists nowhere, yet has the position {current epoch, 0}. Kept
 * messages are bounded by count and age; a channel all of whose messages are too old may be
 * forgotten, and comes back under a new epoch. When that happens the current epoch changes for all
 * channels without messages: the first message of one may bear another epoch than the {epoch, 0}
 * told before it.
 */
import type { ChannelId, NodeId, UserId } from "../base/ids.ts";
import type { Draft, Message, Position, Receipt } from "./message.ts";

export interface AppendRequest {
  readonly channel: ChannelId;
  readonly draft: Draft;
  /**
   * Milliseconds from this send on in which the same `from` and `seq` in this channel count as a repeat; at
   * exactly this age they don't any more. With 0, or an empty seq, a send neither is a repeat nor is remembered.
   */
  readonly windowMs: number;
}

export interface Appended {
  /** Of this message, or of the first one if this is a repeat. */
  readonly receipt: Receipt;
  /** True if the same `from` sent the same `seq` to this channel within the window: nothing was stored. */
  readonly repeated: boolean;
  /** Interested nodes other than the one that appends, some of which may have died; none where there is only one. */
  readonly nodes: readonly NodeId[];
}

/** Either from `after` upwards or from `before` downwards, both exclusive; `before` without a number is the head. */
export type HistoryRange =
  | { readonly after: number; readonly limit: number }
  | { readonly before: number | undefined; readonly limit: number };

export interface HistoryPage {
  /** Epoch and offset of the newest message. */
  readonly head: Position;
  /** In offset order, oldest first, whichever way was asked. */
  readonly messages: readonly Message[];
  /** True if there are more messages in the direction that was asked. */
  readonly more: boolean;
}

export interface ChannelLog {
  /**
   * Stores a message, as one atomic step: recognises a repeat, gives the next offset, stores, and says which
   * nodes want it. Resolves when the message can't be lost any more. Appends to one channel
   * take their offsets, and resolve, in the order of the calls.
   *
   * @throws {PrimError} `unavailable` if it was not stored: the store is away, full, or too much is waiting
   *   (reason `STORE_FAILED`). The call may be repeated with the same seq.
   */
  append(request: AppendRequest): Promise<Appended>;

  /**
   * Records that this node is interested in the channel, and returns its head in the same atomic step.
   * Repeating it is safe.
   *
   * @throws {PrimError} `unavailable` if the store is away.
   */
  join(channel: ChannelId): Promise<Position>;

  /**
   * Where channels stand, without a word about interest: for many at once it is cheaper by far than join().
   *
   * @returns one for each, in their order; undefined for a channel that nobody has written to, or that is forgotten.
   * @throws {PrimError} `unavailable` if the store is away.
   */
  heads(channels: readonly ChannelId[]): Promise<readonly (Position | undefined)[]>;

  /**
   * Ends this node's interest. Repeating it, or leaving what was not joined, is safe. Joins and leaves of one
   * channel take effect in the order of the calls.
   */
  leave(channel: ChannelId): Promise<void>;

  /**
   * Nodes other than this one that are interested in the channel, some of which may have died; none where there is
   * only one.
   *
   * @throws {PrimError} `unavailable` if the store is away.
   */
  interested(channel: ChannelId): Promise<readonly NodeId[]>;

  /**
   * Reads messages that are kept.
   *
   * @param range `limit` is 1 to HISTORY_PAGE_MAX messages; offsets are 0 or more, past the head gives none
   *   after it, and the newest before it.
   * @throws {PrimError} `invalid_argument` if the range is out of these; `unavailable` if the store is away.
   */
  read(channel: ChannelId, range: HistoryRange): Promise<HistoryPage>;

  /** Stores what waits, then lets go of the medium. Nothing may be called afterwards; repeating it is safe. */
  close(): Promise<void>;
}

/** How far each user has read each channel. */
export interface ReadMarks {
  /**
   * Moves a user's mark forward; it never moves back within an epoch. A mark of another epoch replaces the one
   * before. A channel nobody has written to has nothing to mark: nothing is stored.
   *
   * @returns the mark before, as an offset in the same epoch; 0 if there was none.
   * @throws {PrimError} `unavailable` if it was not stored.
   */
  mark(channel: ChannelId, userId: UserId, position: Position): Promise<number>;

  /** The mark as an offset, 0 if there is none in this epoch. */
  marked(channel: ChannelId, userId: UserId, epoch: Position["epoch"]): Promise<number>;
}

/** What a store offers; memory, SQLite and Redis each implement all of it. */
export interface Store extends ChannelLog, ReadMarks {}
