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
import { BROADCAST, inboxOf, isInboxOf, kindOf } from "./channel.ts";
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
    return channel === BROADCAST || isInboxOf(channel, session.user.userId);
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
    // Waiting for what is known costs a login more memory than all it keeps, so it waits for promises only.
    const opening = this.#openAll(wishes);
    if (opening !== undefined) await opening;
    let reads: readonly number[];
    let recoverable: readonly (boolean | undefined)[];
    try {
      const marks = all(wishes.map((wish) => this.#readMark(wish.channel, user.userId)));
      reads = marks instanceof Promise ? await marks : marks;
      const behind = wishes.filter(({ from }) => from !== undefined && from.offset > 0);
      if (behind.length > 0) await Promise.all(behind.map((wish) => this.#reach(wish)));
      const answers = all(wishes.map((wish) => this.#canRecover(wish)));
      recoverable = answers instanceof Promise ? await answers : answers;
      if (session.closed) throw new PrimError("cancelled", "Cannot join: the session has ended");
    } catch (error) {
      for (const { channel } of wishes) this.#delivery.close(channel);
      throw error;
    }
    const member = admit();
    const starts: { channel: ChannelId; offset: number }[] = [];
    let announced: Promise<void>[] | undefined;
    const channels = wishes.map(({ channel, from }, index): JoinedChannel => {
      if (kindOf(channel) === "room" && this.#hub.enter(channel, member)) {
        const announcing = this.#announcer.entered(channel, member, session.profile);
        if (announcing !== undefined) announced = [...(announced ?? []), announcing];
      }
      const position = this.#delivery.position(channel);
      const recovered = recoverable[index];
      starts.push({ channel, offset: recovered === true && from ? from.offset : position.offset });
      return { channel, ...position, recovered, read: reads[index] ?? 0 };
    });
    return { channels, replay: () => this.#replay(session, starts, announced) };
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

  /** @returns undefined if all are open already. */
  #openAll(wishes: readonly Wish[]): Promise<void> | undefined {
    const openings = wishes.map((wish) => this.#delivery.open(wish.channel));
    const pending = openings.filter((opening) => opening !== undefined);
    return pending.length === 0 ? undefined : this.#allOpened(wishes, openings, pending);
  }

  async #allOpened(
    wishes: readonly Wish[],
    openings: readonly (Promise<void> | undefined)[],
    pending: readonly Promise<void>[],
  ): Promise<void> {
    try {
      await (pending.length === 1 ? pending[0] : Promise.all(pending));
    } catch (error) {
      const outcomes = await Promise.allSettled(openings.map((opening) => opening ?? Promise.resolve()));
      outcomes.forEach((outcome, index) => {
        const wish = wishes[index];
        if (outcome.status === "fulfilled" && wish !== undefined) this.#delivery.close(wish.channel);
      });
      throw error;
    }
  }

  #readMark(channel: ChannelId, userId: UserId): number | Promise<number> {
    const { epoch, offset } = this.#delivery.position(channel);
    return offset === 0 ? 0 : this.#store.marked(channel, userId, epoch);
  }

  /** Who comes from another node may have seen what this one has not heard of yet. */
  async #reach({ channel, from }: Wish): Promise<void> {
    if (from !== undefined && from.offset > 0) await this.#delivery.reach({ channel, ...from });
  }

  /** True if every message after the given place is still in the log, and not too many. */
  #canRecover({ channel, from }: Wish): boolean | undefined | Promise<boolean> {
    if (from === undefined) return undefined;
    const head = this.#delivery.position(channel);
    // A client that has seen nothing yet misses nothing by a change of epoch.
    if (from.offset > 0 && from.epoch !== head.epoch) return false;
    if (from.offset >= head.offset) return from.offset === head.offset;
    if (head.offset - from.offset > RECOVER_MESSAGES_MAX) return false;
    return this.#store
      .read(channel, { after: from.offset, limit: 1 })
      .then((page) => page.messages[0]?.offset === from.offset + 1);
  }

  async #replay(
    session: Session,
    starts: readonly { readonly channel: ChannelId; readonly offset: number }[],
    announced: readonly Promise<void>[] | undefined,
  ): Promise<void> {
    if (announced !== undefined) await Promise.all(announced);
    for (const { channel, offset } of starts) {
      if (session.closed || !this.has(session, channel)) continue;
      if (!this.#subscribedAt(session, channel, offset)) await this.#catchUp(session, channel, offset);
    }
  }

  /**
   * Subscribes the session if nothing was published after the offset it has. Nothing happens between the look and the
   * subscription: no message is missed or pushed twice.
   */
  #subscribedAt(session: Session, channel: ChannelId, offset: number): boolean {
    if (offset < this.#delivery.position(channel).offset) return false;
    session.connection.subscribe(channel);
    return true;
  }

  async #catchUp(session: Session, channel: ChannelId, from: number): Promise<void> {
    const { connection } = session;
    let offset = from;
    while (!session.closed && this.has(session, channel)) {
      if (this.#subscribedAt(session, channel, offset)) return;
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

/** What came at once needs no waiting for. */
function all<T>(values: readonly (T | Promise<T>)[]): readonly T[] | Promise<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[]);
}
