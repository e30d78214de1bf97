/**
 * Membership: which channels a session is in, and from which place on it sees each.
 *
 * A session that joins sees everything after the position it is answered; with a place to resume from,
 * what it missed is pushed first. It owns that promise; who may join is decided elsewhere.
 */
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, ChannelId, UserId } from "../base/ids.ts";
import { RECOVER_MESSAGES_MAX } from "../base/limits.ts";
import type { Announcer } from "./announcer.ts";
import { BROADCAST, inboxOf, kindOf } from "./channel.ts";
import type { Store } from "./channel-log.ts";
import type { Delivery } from "./delivery.ts";
import { type Hub, isInRoom, roomsOf } from "./hub.ts";
import type { ChannelPosition, Position } from "./message.ts";
import type { Caller, Session } from "./session.ts";
import type { User } from "./user.ts";

/** A channel to join, with the place the client had read to, if it wants to resume. */
export interface Wish {
  readonly channel: ChannelId;
  readonly from: Position | undefined;
}

export interface JoinedChannel extends ChannelPosition {
  /** Only if a place to resume from was given: true if everything since then follows as pushes. */
  readonly recovered: boolean | undefined;
  /** Offset up to which the user has read, 0 if unknown. */
  readonly read: number;
}

export interface Joined {
  readonly channels: readonly JoinedChannel[];
  /**
   * Pushes what came since the places that were answered or resumed from, then lets live messages through. Call
   * it once, after the client was answered: so no push comes before the answer.
   *
   * @throws {PrimError} `unavailable` if the store is away; then the session misses messages and must be closed.
   */
  replay(): Promise<void>;
}

export class Membership {
  readonly #hub: Hub;
  readonly #store: Store;
  readonly #delivery: Delivery;
  readonly #announcer: Announcer;

  constructor(hub: Hub, store: Store, delivery: Delivery, announcer: Announcer) {
    this.#hub = hub;
    this.#store = store;
    this.#delivery = delivery;
    this.#announcer = announcer;
  }

  /** True if who asks may see the channel. */
  has(session: Caller, channel: ChannelId): boolean {
    if (session.user === undefined) return false;
    if (kindOf(channel) === "room") return isInRoom(session, channel);
    return channel === BROADCAST || channel === inboxOf(session.user.userId);
  }

  /**
   * Opens the channels, then lets `admit` make the session a member of something. replay() subscribes it.
   *
   * @param admit runs when nothing can fail any more; binds the user at login, notes the room at join.
   * @throws {PrimError} `unavailable` if the store is away, `cancelled` if the session has ended meanwhile;
   *   then nothing was joined.
   */
  async join(
    session: Session,
    user: { readonly userId: UserId; readonly appPlatform: AppPlatform },
    wishes: readonly Wish[],
    admit: () => User,
  ): Promise<Joined> {
    await this.#openAll(wishes);
    let reads: readonly number[];
    let recoverable: readonly (boolean | undefined)[];
    try {
      reads = await Promise.all(wishes.map((wish) => this.#readMark(wish.channel, user.userId)));
      await Promise.all(wishes.map((wish) => this.#reach(wish)));
      recoverable = await Promise.all(wishes.map((wish) => this.#canRecover(wish)));
      if (session.closed) throw new PrimError("cancelled", "Cannot join: the session has ended");
    } catch (error) {
      for (const { channel } of wishes) this.#delivery.close(channel);
      throw error;
    }
    const member = admit();
    const starts: { channel: ChannelId; offset: number }[] = [];
    const announced: Promise<void>[] = [];
    const channels = wishes.map(({ channel, from }, index): JoinedChannel => {
      if (kindOf(channel) === "room" && this.#hub.enter(channel, member)) {
        const announcing = this.#announcer.entered(channel, member, session.profile);
        if (announcing !== undefined) announced.push(announcing);
      }
      const position = this.#delivery.position(channel);
      const recovered = recoverable[index];
      starts.push({ channel, offset: recovered === true && from ? from.offset : position.offset });
      return { channel, ...position, recovered, read: reads[index] ?? 0 };
    });
    return {
      channels,
      replay: async () => {
        if (announced.length > 0) await Promise.all(announced);
        await this.#replay(session, starts);
      },
    };
  }

  /** Takes the session out of one room. Call it before `session.rooms` forgets the room. */
  leaveRoom(session: Session, user: User, channel: ChannelId): void {
    session.connection.unsubscribe(channel);
    if (this.#hub.exit(channel, user)) this.#announcer.exited(channel, user, session.profile);
    this.#delivery.close(channel);
  }

  /** Takes the session out of everything. */
  leaveAll(session: Session, user: User): void {
    for (const channel of [inboxOf(user.userId), BROADCAST]) {
      session.connection.unsubscribe(channel);
      this.#delivery.close(channel);
    }
    for (const channel of roomsOf(session)) this.leaveRoom(session, user, channel);
  }

  async #openAll(wishes: readonly Wish[]): Promise<void> {
    const openings = wishes.map((wish) => this.#delivery.open(wish.channel));
    if (openings.every((opening) => opening === undefined)) return;
    const outcomes = await Promise.allSettled(openings.map((opening) => opening ?? Promise.resolve()));
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure === undefined) return;
    outcomes.forEach((outcome, index) => {
      const wish = wishes[index];
      if (outcome.status === "fulfilled" && wish !== undefined) this.#delivery.close(wish.channel);
    });
    throw failure.reason;
  }

  async #readMark(channel: ChannelId, userId: UserId): Promise<number> {
    const { epoch, offset } = this.#delivery.position(channel);
    return offset === 0 ? 0 : this.#store.marked(channel, userId, epoch);
  }

  /** Who comes from another node may have seen what this one has not heard of yet. */
  async #reach({ channel, from }: Wish): Promise<void> {
    if (from !== undefined && from.offset > 0) await this.#delivery.reach({ channel, ...from });
  }

  /** True if every message after the given place is still in the log, and not too many. */
  async #canRecover({ channel, from }: Wish): Promise<boolean | undefined> {
    if (from === undefined) return undefined;
    const head = this.#delivery.position(channel);
    // A client that has seen nothing yet misses nothing by a change of epoch.
    if (from.offset > 0 && from.epoch !== head.epoch) return false;
    if (from.offset >= head.offset) return from.offset === head.offset;
    if (head.offset - from.offset > RECOVER_MESSAGES_MAX) return false;
    const page = await this.#store.read(channel, { after: from.offset, limit: 1 });
    return page.messages[0]?.offset === from.offset + 1;
  }

  async #replay(
    session: Session,
    starts: readonly { readonly channel: ChannelId; readonly offset: number }[],
  ): Promise<void> {
    for (const { channel, offset } of starts) await this.#catchUp(session, channel, offset);
  }

  async #catchUp(session: Session, channel: ChannelId, from: number): Promise<void> {
    const { connection } = session;
    let offset = from;
    while (!session.closed && this.has(session, channel)) {
      // Nothing happens between this look and the subscription: no message is missed or pushed twice.
      if (offset >= this.#delivery.position(channel).offset) {
        connection.subscribe(channel);
        return;
      }
      const page = await this.#store.read(channel, { after: offset, limit: 100 });
      if (session.closed || !this.has(session, channel)) return;
      // Later ones are not published here yet: they will reach the session live.
      const published = this.#delivery.position(channel).offset;
      const missed = page.messages.filter((message) => message.offset <= published);
      if (missed[0]?.offset !== offset + 1) {
        // Trimmed while the client was reading it.
        connection.push({ kind: "notice", notice: "history_lost", channel });
        connection.subscribe(channel);
        return;
      }
      for (const message of missed) {
        if (!connection.push({ kind: "msg", message })) await connection.drained();
        if (session.closed) return;
        offset = message.offset;
      }
    }
  }
}
