/**
 * Attendance: which users are in which room, on whichever node they are connected.
 *
 * A node notes its own users and nobody else's; a user is in a room while some node has noted them. What a
 * node that died had noted stays until another node cleared it away (node-registry.ts), and counts until then.
 * One node alone needs none of this: its hub knows.
 */
import type { AppPlatform, ChannelId, NodeId, UserId } from "../base/ids.ts";

/** A user on one platform, without their sessions. */
export interface Attendee {
  readonly userId: UserId;
  readonly appPlatform: AppPlatform;
}

/** What a coming or going meant for the whole room. */
export interface Attended {
  /** True if with this the user came to the room, or went, as others see it: they were, or are, there through no node. */
  readonly changed: boolean;
  /** Users in the room afterwards, of all nodes; who is there through two nodes may count twice. */
  readonly members: number;
  /** Other nodes interested in the room; perhaps none where `changed` is false. */
  readonly nodes: readonly NodeId[];
}

export interface Attendance {
  /**
   * Notes that a user is in a room through this node. Repeating it is safe, and changes nothing. Calls for one room
   * take effect in their order.
   *
   * @param lookMax above so many members nobody looks whether the user is there through another node, and
   *   `changed` is false: who asks announces nobody by name then.
   * @throws {PrimError} `unavailable` if the store is away or too much waits for it; it may have been noted.
   */
  enter(room: ChannelId, user: Attendee, lookMax: number): Promise<Attended>;

  /** Ends enter(). Repeating it is safe; the same rules and errors. */
  exit(room: ChannelId, user: Attendee, lookMax: number): Promise<Attended>;

  /** @throws {PrimError} `unavailable`. */
  count(room: ChannelId): Promise<number>;
}
