/**
 * Chat: what a client may ask, one method per action.
 *
 * It checks who asks (logged in, member, within limits) and hands the work on. Commands come with
 * their shape checked (protocol/); what is answered here is shaped for the wire there.
 */
import type { Clock } from "../base/clock.ts";
import { PrimError } from "../base/errors.ts";
import {
  type AppPlatform,
  type ChannelId,
  type NodeId,
  newMessageId,
  type SessionId,
  type UserId,
} from "../base/ids.ts";
import { READ_RECEIPTS_MAX, SEND_WINDOW_MS, SESSIONS_PER_USER_MAX } from "../base/limits.ts";
import type { Announcer } from "./announcer.ts";
import type { Authenticator, Identity } from "./authenticator.ts";
import { BROADCAST, inboxOf, kindOf, platformRoom } from "./channel.ts";
import type { HistoryPage, HistoryRange, Store } from "./channel-log.ts";
import type { Connection } from "./connection.ts";
import type { Delivery } from "./delivery.ts";
import { type Hub, roomsOf } from "./hub.ts";
import type { Joined, Membership, Wish } from "./membership.ts";
import type { ChannelPosition, Content, Draft, Message, Position, Receipt } from "./message.ts";
import type { MessageSender } from "./publisher.ts";
import type { Caller, Profile, Session } from "./session.ts";
import type { Signaller } from "./signaller.ts";
import { SYSTEM_USER, type User } from "./user.ts";
import { withinBytes } from "./within-bytes.ts";

export interface LoginCommand {
  readonly userId: UserId;
  readonly appPlatform: AppPlatform;
  readonly serviceToken: string;
  readonly profile: Profile | undefined;
  readonly positions: readonly ChannelPosition[];
}

/** Where something is sent to: a room, or a user. */
export type Target = { readonly channel: ChannelId } | { readonly userId: UserId };

export interface SendCommand {
  readonly to: Target;
  readonly content: Content;
  /** The client message id, not empty. */
  readonly seq: string;
}

export interface ChatOptions {
  readonly nodeId: NodeId;
  readonly channelsPerSessionMax: number;
}

/** What Chat works with. */
export interface ChatParts {
  readonly clock: Clock;
  readonly hub: Hub;
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly signaller: Signaller;
  readonly delivery: Delivery;
  readonly publisher: MessageSender;
  readonly announcer: Announcer;
  readonly membership: Membership;
}

export class Chat {
  readonly #parts: ChatParts;
  readonly #options: ChatOptions;
  #draining = false;

  constructor(parts: ChatParts, options: ChatOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** From now on logins and sends are refused with `unavailable`; what is under way is finished. */
  drain(): void {
    this.#draining = true;
  }

  connect(connection: Connection): Session {
    return this.#parts.hub.add(connection, this.#parts.clock.now());
  }

  /** The connection is gone. Repeating it is safe. */
  disconnect(session: Session): void {
    if (session.closed) return;
    session.closed = true;
    this.logout(session);
    this.#parts.hub.remove(session);
  }

  /**
   * Makes the session one of its user's, and a member of its platform's room, the user's inbox and
   * the broadcast; of other rooms too, if it comes with positions in them.
   *
   * @throws {PrimError} `failed_precondition` (ALREADY_LOGGED_IN), `permission_denied`, `resource_exhausted`,
   *   `unavailable`.
   */
  async login(session: Session, command: LoginCommand): Promise<Joined & { readonly sessionId: SessionId }> {
    refuseSecondLogin(session);
    this.#refuseWhileDraining();
    const identity = await this.#authenticate(command);
    return this.#enter(session, identity, command.profile, command.positions);
  }

  /**
   * Checks who somebody is, as login() does, and opens nothing: who calls without a connection sends, reads and
   * marks with what this gives, and is not online.
   *
   * @throws {PrimError} `permission_denied`, `unavailable`.
   */
  async identify(command: LoginCommand): Promise<Caller> {
    this.#refuseWhileDraining();
    const { userId, appPlatform } = await this.#authenticate(command);
    return { user: { userId, appPlatform, sessions: [] }, profile: command.profile, rooms: undefined };
  }

  /**
   * Logs a session in as somebody who was identified before; otherwise as login().
   *
   * @param caller from identify().
   */
  async resume(
    session: Session,
    caller: Caller,
    positions: readonly ChannelPosition[],
  ): Promise<Joined & { readonly sessionId: SessionId }> {
    refuseSecondLogin(session);
    this.#refuseWhileDraining();
    return this.#enter(session, userOf(caller), caller.profile, positions);
  }

  #authenticate(command: LoginCommand): Promise<Identity> {
    if (command.userId === SYSTEM_USER) {
      throw new PrimError(
        "permission_denied",
        `Cannot log in as "${SYSTEM_USER}": back ends send under this name`,
      );
    }
    return this.#parts.authenticator.authenticate(command);
  }

  async #enter(
    session: Session,
    identity: Identity,
    profile: Profile | undefined,
    positions: readonly ChannelPosition[],
  ): Promise<Joined & { readonly sessionId: SessionId }> {
    const { hub } = this.#parts;
    if ((hub.find(identity.appPlatform, identity.userId)?.sessions.length ?? 0) >= SESSIONS_PER_USER_MAX) {
      throw new PrimError(
        "resource_exhausted",
        `Cannot log in: the user has ${SESSIONS_PER_USER_MAX} sessions on this platform already`,
      );
    }
    const wishes = this.#loginWishes(identity, positions);
    const joined = await this.#parts.membership.join(session, identity, wishes, () => {
      session.profile = profile;
      session.loggedInAt = this.#parts.clock.now();
      const rooms = wishes.filter((wish) => kindOf(wish.channel) === "room").map((wish) => wish.channel);
      if (rooms.length > 1) session.rooms = new Set(rooms);
      return hub.bind(session, identity.appPlatform, identity.userId);
    });
    return { ...joined, sessionId: this.sessionIdOf(session) };
  }

  /** Ends the login, the connection stays. Safe to call on a session that is not logged in. */
  logout(session: Session): void {
    if (session.user === undefined) return;
    this.#parts.membership.leaveAll(session, session.user);
    this.#parts.hub.unbind(session);
    session.rooms = undefined;
    session.profile = undefined;
    session.loggedInAt = 0;
  }

  /** @throws {PrimError} `permission_denied` if the channel is no room, `resource_exhausted` (TOO_MANY_CHANNELS). */
  async join(session: Session, channel: ChannelId, from: Position | undefined): Promise<Joined> {
    const user = userOf(session);
    this.#refuseWhileDraining();
    if (kindOf(channel) !== "room") {
      throw new PrimError("permission_denied", `Cannot join "${channel}": only rooms can be joined`);
    }
    if (this.#parts.membership.has(session, channel)) return this.#joinedAlready(user, channel, from);
    const rooms = new Set(roomsOf(session));
    if (rooms.size >= this.#options.channelsPerSessionMax) {
      throw new PrimError(
        "resource_exhausted",
        `Cannot join "${channel}": the session is in ${rooms.size} rooms, the most allowed`,
        { reason: "TOO_MANY_CHANNELS" },
      );
    }
    return this.#parts.membership.join(session, user, [{ channel, from }], () => {
      session.rooms = rooms.add(channel);
      return user;
    });
  }

  /** @throws {PrimError} `permission_denied` if the session is no member, or the channel is no room. */
  leave(session: Session, channel: ChannelId): void {
    const user = userOf(session);
    if (kindOf(channel) !== "room") {
      throw new PrimError("permission_denied", `Cannot leave "${channel}": only rooms can be left`);
    }
    this.#refuseStranger(session, channel);
    const rooms = new Set(roomsOf(session));
    this.#parts.membership.leaveRoom(session, user, channel);
    rooms.delete(channel);
    session.rooms = rooms;
  }

  /**
   * Stores a message and has it delivered; the same seq to the same place again gets the first answer.
   *
   * @returns the place in the room or, of a message to a user, in the sender's own inbox.
   * @throws {PrimError} `permission_denied` (NOT_A_MEMBER), `unavailable`.
   */
  async send(session: Caller, { to, content, seq }: SendCommand): Promise<Receipt> {
    const { userId, appPlatform } = userOf(session);
    this.#refuseWhileDraining();
    const draft: Draft = {
      ...content,
      id: newMessageId(),
      seq,
      from: userId,
      appPlatform,
      ...session.profile,
    };
    const { publisher } = this.#parts;
    if ("userId" in to) {
      return (await publisher.publishToUser(to.userId, draft, SEND_WINDOW_MS, true)).receipt;
    }
    if (kindOf(to.channel) !== "room") {
      throw new PrimError(
        "permission_denied",
        `Cannot send to "${to.channel}": send to a room, or to a userId`,
      );
    }
    this.#refuseStranger(session, to.channel);
    return (await publisher.publish(to.channel, draft, SEND_WINDOW_MS)).receipt;
  }

  /** @throws {PrimError} `permission_denied` (NOT_A_MEMBER), `unavailable`. */
  async history(session: Caller, channel: ChannelId, range: HistoryRange): Promise<HistoryPage> {
    userOf(session);
    this.#refuseStranger(session, channel);
    return withinBytes(await this.#parts.store.read(channel, range), "after" in range);
  }

  /**
   * Notes how far the user has read, tells their other devices, and those who wrote.
   *
   * @throws {PrimError} `permission_denied` (NOT_A_MEMBER), `invalid_argument` past the head, `unavailable`.
   */
  async read(session: Caller, channel: ChannelId, offset: number): Promise<void> {
    const { userId, appPlatform } = userOf(session);
    this.#refuseStranger(session, channel);
    const { store, signaller, announcer } = this.#parts;
    const head = await this.#positionOf(channel, offset);
    if (offset > head.offset) {
      throw new PrimError(
        "invalid_argument",
        `Cannot mark offset ${offset} as read: the newest in "${channel}" is ${head.offset}`,
      );
    }
    const before = await store.mark(channel, userId, { epoch: head.epoch, offset });
    if (offset <= before || channel === BROADCAST || announcer.isBig(channel)) return;
    const push = { kind: "read", from: userId, appPlatform } as const;
    signaller.signal(channel, { ...push, channel, epoch: head.epoch, offset });
    if (kindOf(channel) === "inbox") {
      for (const [sender, id] of await this.#newlyRead(channel, userId, before, offset)) {
        signaller.signal(inboxOf(sender), { ...push, channel: inboxOf(sender), id });
      }
    }
  }

  /** Tells a room or a user that somebody is writing; in a big room nobody is told. */
  typing(session: Caller, to: Target): void {
    const { userId: from, appPlatform } = userOf(session);
    const channel = "userId" in to ? inboxOf(to.userId) : to.channel;
    if ("channel" in to) {
      if (kindOf(channel) !== "room") {
        throw new PrimError("permission_denied", `Cannot write to "${channel}": name a room, or a userId`);
      }
      this.#refuseStranger(session, channel);
      if (this.#parts.announcer.isBig(channel)) return;
    }
    this.#parts.signaller.signal(channel, { kind: "typing", channel, from, appPlatform });
  }

  /** @throws {PrimError} `permission_denied` (NOT_A_MEMBER) if who asks may not see the channel. */
  checkMember(caller: Caller, channel: ChannelId): void {
    userOf(caller);
    this.#refuseStranger(caller, channel);
  }

  /** @throws {PrimError} `unauthenticated` if the session is not logged in. */
  heartbeat(session: Session): void {
    userOf(session);
  }

  sessionIdOf(session: Session): SessionId {
    return `${this.#options.nodeId}-${session.serial}` as SessionId;
  }

  #loginWishes(
    { userId, appPlatform }: { readonly userId: UserId; readonly appPlatform: AppPlatform },
    positions: readonly ChannelPosition[],
  ): Wish[] {
    const own = [platformRoom(appPlatform), inboxOf(userId), BROADCAST];
    if (positions.length === 0) return own.map((channel) => ({ channel, from: undefined }));
    const from = new Map<ChannelId, Position>(positions.map((position) => [position.channel, position]));
    const channels = new Set(own);
    for (const channel of from.keys()) {
      if (!channels.has(channel) && kindOf(channel) !== "room") {
        throw new PrimError("permission_denied", `Cannot resume "${channel}": it is somebody else's inbox`);
      }
      channels.add(channel);
    }
    if (channels.size - 2 > this.#options.channelsPerSessionMax) {
      throw new PrimError(
        "resource_exhausted",
        `Cannot resume in ${channels.size} channels: a session may be in ${this.#options.channelsPerSessionMax} rooms`,
        { reason: "TOO_MANY_CHANNELS" },
      );
    }
    return Array.from(channels, (channel) => ({ channel, from: from.get(channel) }));
  }

  /** A repeated join changes nothing: live messages have been flowing all along. */
  async #joinedAlready(user: User, channel: ChannelId, from: Position | undefined): Promise<Joined> {
    if (from !== undefined) await this.#parts.delivery.reach({ channel, ...from });
    const position = this.#parts.delivery.position(channel);
    const recovered =
      from === undefined ? undefined : from.epoch === position.epoch && from.offset === position.offset;
    const read = await this.#parts.store.marked(channel, user.userId, position.epoch);
    return { channels: [{ channel, ...position, recovered, read }], replay: async () => {} };
  }

  /** The newest message of each sender between two marks, of the last few messages. */
  async #newlyRead(channel: ChannelId, reader: UserId, before: number, offset: number) {
    const after = Math.max(before, offset - READ_RECEIPTS_MAX);
    const page = await this.#parts.store.read(channel, { after, limit: READ_RECEIPTS_MAX });
    const newest = new Map<UserId, Message["id"]>();
    for (const message of page.messages) {
      if (message.offset <= offset && message.from !== reader) newest.set(message.from, message.id);
    }
    return newest;
  }

  /** Where the channel stands; one that no session here is in is asked for, and one that stands before the offset looked at. */
  async #positionOf(channel: ChannelId, offset: number): Promise<Position> {
    const { delivery } = this.#parts;
    await delivery.open(channel);
    try {
      await delivery.reach({ channel, epoch: delivery.position(channel).epoch, offset });
      return delivery.position(channel);
    } finally {
      delivery.close(channel);
    }
  }

  #refuseStranger(session: Caller, channel: ChannelId): void {
    if (this.#parts.membership.has(session, channel)) return;
    throw new PrimError("permission_denied", `Cannot use "${channel}": the session is no member of it`, {
      reason: "NOT_A_MEMBER",
    });
  }

  #refuseWhileDraining(): void {
    if (!this.#draining) return;
    throw new PrimError("unavailable", "Cannot take requests: this node is stopping", { reason: "DRAINING" });
  }
}

function refuseSecondLogin(session: Session): void {
  if (session.user === undefined) return;
  throw new PrimError("failed_precondition", "Cannot log in: the session is logged in already", {
    reason: "ALREADY_LOGGED_IN",
  });
}

function userOf(session: Caller): User {
  if (session.user !== undefined) return session.user;
  throw new PrimError("unauthenticated", "Cannot do this: the session is not logged in");
}
