/**
 * Hub: the sessions, users and rooms of this node.
 *
 * It owns who is logged in here and who is in which room, and nothing else: it pushes nothing and
 * stores nothing. No step grows with the number of sessions, users or members, except the lists.
 */
import { assert } from "../base/errors.ts";
import type { AppPlatform, ChannelId, UserId } from "../base/ids.ts";
import { platformRoom } from "./channel.ts";
import type { Connection } from "./connection.ts";
import { type Caller, Session } from "./session.ts";
import type { User } from "./user.ts";

/** A room with members on this node. */
export interface Room {
  readonly channel: ChannelId;
  /** Each member with the number of their sessions that are in the room. */
  readonly members: Map<User, number>;
}

/** Told of logins on this node, in the turn in which they happen. */
export interface UserObserver {
  /** A session of the user logged in; the user may have others. */
  loggedIn(user: User): void;
  /** The user's last session on this node is gone. */
  wentOffline(user: User): void;
}

export class Hub {
  readonly #sessions = new Set<Session>();
  readonly #users = new Map<AppPlatform, Map<UserId, User>>();
  readonly #rooms = new Map<ChannelId, Room>();
  #serial = 0;
  #loggedIn = 0;
  #observer: UserObserver | undefined;
  readonly #onArrival: () => void;

  /** @param onArrival called for each session that comes, and again when it logs in. */
  constructor(onArrival: () => void = () => {}) {
    this.#onArrival = onArrival;
  }

  /** From now on the observer is told; there is one at most. */
  observe(observer: UserObserver): void {
    assert(this.#observer === undefined, "one observes the hub");
    this.#observer = observer;
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  get rooms(): ReadonlyMap<ChannelId, Room> {
    return this.#rooms;
  }

  /** Sessions that are logged in. */
  get loggedIn(): number {
    return this.#loggedIn;
  }

  /** Users, each counted once per platform. */
  get userCount(): number {
    let count = 0;
    for (const users of this.#users.values()) count += users.size;
    return count;
  }

  add(connection: Connection, now: number): Session {
    this.#serial += 1;
    const session = new Session(this.#serial, connection, now);
    this.#sessions.add(session);
    this.#onArrival();
    return session;
  }

  remove(session: Session): void {
    this.#sessions.delete(session);
  }

  /** The users of one platform, in the order of their logins. */
  usersOf(appPlatform: AppPlatform): ReadonlyMap<UserId, User> {
    return this.#users.get(appPlatform) ?? NO_USERS;
  }

  find(appPlatform: AppPlatform, userId: UserId): User | undefined {
    return this.#users.get(appPlatform)?.get(userId);
  }

  /** The same user id on every platform it is online on; platforms are few. */
  findAll(userId: UserId): User[] {
    const found: User[] = [];
    for (const users of this.#users.values()) {
      const user = users.get(userId);
      if (user !== undefined) found.push(user);
    }
    return found;
  }

  platforms(): IterableIterator<AppPlatform> {
    return this.#users.keys();
  }

  /** Makes the session one of the user's. */
  bind(session: Session, appPlatform: AppPlatform, userId: UserId): User {
    assert(session.user === undefined, "a session is bound once");
    let users = this.#users.get(appPlatform);
    if (users === undefined) {
      users = new Map();
      this.#users.set(appPlatform, users);
    }
    let user = users.get(userId);
    if (user === undefined) {
      user = { appPlatform, userId, sessions: [] };
      users.set(userId, user);
    }
    user.sessions.push(session);
    session.user = user;
    this.#loggedIn += 1;
    this.#onArrival();
    this.#observer?.loggedIn(user);
    return user;
  }

  /** Takes the session from its user; the user is forgotten with the last one. */
  unbind(session: Session): void {
    const user = session.user;
    assert(user !== undefined, "only a bound session is unbound");
    user.sessions.splice(user.sessions.indexOf(session), 1);
    session.user = undefined;
    this.#loggedIn -= 1;
    if (user.sessions.length > 0) return;
    this.#users.get(user.appPlatform)?.delete(user.userId);
    this.#observer?.wentOffline(user);
  }

  /** @returns true if this is the user's first session in the room on this node. */
  enter(channel: ChannelId, user: User): boolean {
    let room = this.#rooms.get(channel);
    if (room === undefined) {
      room = { channel, members: new Map() };
      this.#rooms.set(channel, room);
    }
    const sessions = room.members.get(user) ?? 0;
    room.members.set(user, sessions + 1);
    return sessions === 0;
  }

  /** @returns true if this was the user's last session in the room on this node. */
  exit(channel: ChannelId, user: User): boolean {
    const room = this.#rooms.get(channel);
    const sessions = room?.members.get(user);
    assert(room !== undefined && sessions !== undefined, "only a member exits");
    if (sessions > 1) {
      room.members.set(user, sessions - 1);
      return false;
    }
    room.members.delete(user);
    if (room.members.size === 0) this.#rooms.delete(channel);
    return true;
  }
}

const NO_USERS: ReadonlyMap<UserId, User> = new Map();

/** The rooms a logged-in session is in. */
export function roomsOf(session: Caller): Iterable<ChannelId> {
  if (session.rooms !== undefined) return session.rooms;
  return session.user === undefined ? [] : [platformRoom(session.user.appPlatform)];
}

/** True if the session is in the room; its platform's room counts until it left it. */
export function isInRoom(session: Caller, channel: ChannelId): boolean {
  if (session.rooms !== undefined) return session.rooms.has(channel);
  return session.user !== undefined && platformRoom(session.user.appPlatform) === channel;
}
