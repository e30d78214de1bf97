/**
 * Session: one client connection that may be logged in.
 *
 * A million of them may be held, so there is nothing in here that most of them don't need: no
 * timer, no closure, no queue, and no list of rooms while the session is in its platform's room only.
 */
import type { ChannelId } from "../base/ids.ts";
import type { Connection } from "./connection.ts";
import type { User } from "./user.ts";

/** What a user shows of themselves, given at login. */
export interface Profile {
  readonly nickname?: string | undefined;
  readonly avatar?: string | undefined;
}

/**
 * Who asks something of the chat: a session, or a login that holds no connection (Chat.identify()). The latter is
 * a member of what every login is a member of, and is not online.
 */
export type Caller = Pick<Session, "user" | "profile" | "rooms">;

export class Session {
  /** Counts the sessions of this node; with the node's id it makes the session id. */
  readonly serial: number;
  readonly connection: Connection;
  /** Unix milliseconds. */
  readonly connectedAt: number;
  /** When the client last said anything, unix milliseconds. */
  heardAt: number;
  /** Unix milliseconds, 0 while not logged in. */
  loggedInAt = 0;
  /** Set while logged in. */
  user: User | undefined = undefined;
  profile: Profile | undefined = undefined;
  /** Rooms the session is a member of; undefined stands for "its platform's room". */
  rooms: Set<ChannelId> | undefined = undefined;
  closed = false;

  constructor(serial: number, connection: Connection, now: number) {
    this.serial = serial;
    this.connection = connection;
    this.connectedAt = now;
    this.heardAt = now;
  }
}
