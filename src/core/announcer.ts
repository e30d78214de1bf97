/**
 * Announcer: tells a room who comes and goes.
 *
 * Up to `announceMax` members everyone is announced by name. Beyond it that would cost members times
 * members, so one `members` frame carries the count and the newest names, once a second at most
 * and less often the bigger the room is. With several nodes a user comes with their first session on any
 * of them and goes with their last; the attendance knows, and each node tells its own sessions the count.
 */
import type { Clock } from "../base/clock.ts";
import type { ChannelId, UserId } from "../base/ids.ts";
import {
  MEMBERS_DELIVERIES_PER_SECOND,
  MEMBERS_FRAME_PERIOD_MS,
  MEMBERS_NEWEST_MAX,
  OWED_EXITS_MAX,
  RESYNC_CHANNELS_AT_ONCE,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Attendance, Attendee } from "./attendance.ts";
import type { Hub } from "./hub.ts";
import type { Gone } from "./node-registry.ts";
import type { Profile } from "./session.ts";
import type { PlacedSignaller } from "./signaller.ts";
import type { User } from "./user.ts";

export interface AnnouncerParts {
  readonly hub: Hub;
  readonly signaller: PlacedSignaller;
  /** Undefined where there is only one node: then the hub knows all. */
  readonly attendance: Attendance | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #announceMax: number;
  #muted = false;
  /** Rooms with a `members` frame on its way, with the newest who came. */
  readonly #gathering = new Map<ChannelId, User[]>();
  /** Users of all nodes in the rooms of this node, as of the last coming or going here. */
  readonly #counts = new Map<ChannelId, number>();
  /** Who went while the store was away, with their rooms: they are noted still. */
  readonly #owedExits = new Set<{ readonly room: ChannelId; readonly user: User }>();

  constructor(parts: AnnouncerParts, announceMax: number) {
    this.#parts = parts;
    this.#announceMax = announceMax;
  }

  /** True if the room is so big that its members are not told of each other one by one. */
  isBig(channel: ChannelId): boolean {
    return this.#membersOf(channel) > this.#announceMax;
  }

  /**
   * Says nothing from now on: a node that stops takes all its sessions along. With several nodes the others say who
   * is gone, and who came back to one of them in time did not go at all.
   */
  mute(): void {
    this.#muted = true;
  }

  /**
   * Call it after the hub knows, and before the newcomer is subscribed: everybody else is told.
   *
   * @returns what the newcomer's subscription must wait for, so that they are not told of themselves. It never fails.
   */
  entered(channel: ChannelId, user: User, profile: Profile | undefined): Promise<void> | undefined {
    if (this.#muted) return undefined;
    if (this.#parts.attendance !== undefined) {
      return this.#attend(this.#parts.attendance, "enter", channel, user, profile);
    }
    if (this.isBig(channel)) this.#gather(channel, user);
    else this.#announce("enter", channel, user, profile);
    return undefined;
  }

  /** Call it after the hub knows and the leaver is unsubscribed. */
  exited(channel: ChannelId, user: User, profile: Profile | undefined): void {
    if (this.#muted) return;
    if (this.#parts.attendance !== undefined) {
      void this.#attend(this.#parts.attendance, "exit", channel, user, profile);
      return;
    }
    if (this.isBig(channel)) this.#gather(channel, undefined);
    else this.#announce("exit", channel, user, profile);
  }

  /** A node died, and these users with it; nobody else says so. */
  gone({ room, users, members, nodes }: Gone): void {
    this.#count(room, members);
    if (this.isBig(room)) {
      this.#gather(room, undefined);
      return;
    }
    for (const { userId: from, appPlatform } of users) {
      this.#parts.signaller.signalTo(nodes, room, { kind: "exit", channel: room, from, appPlatform });
    }
  }

  /**
   * Notes all users of this node anew, after what was noted may have been lost: those who were missing have come again. And
   * those who went while it could not be noted have gone.
   *
   * @throws {PrimError} `unavailable`; repeating it is safe.
   */
  async attendAgain(): Promise<void> {
    const { attendance, hub } = this.#parts;
    if (attendance === undefined) return;
    let batch: Promise<void>[] = [];
    for (const { channel, members } of hub.rooms.values()) {
      for (const user of members.keys()) {
        batch.push(this.#noteEntry(attendance, channel, user, user.sessions[0]?.profile));
        if (batch.length < RESYNC_CHANNELS_AT_ONCE) continue;
        await Promise.all(batch);
        batch = [];
      }
    }
    for (const owed of this.#owedExits) batch.push(this.#payExit(attendance, owed));
    await Promise.all(batch);
  }

  async #payExit(
    attendance: Attendance,
    owed: { readonly room: ChannelId; readonly user: User },
  ): Promise<void> {
    const { room, user } = owed;
    const { hub } = this.#parts;
    const again = hub.find(user.appPlatform, user.userId);
    const isHere = again !== undefined && hub.rooms.get(room)?.members.has(again) === true;
    if (!isHere) await this.#noteExit(attendance, room, user, undefined);
    this.#owedExits.delete(owed);
  }

  async #noteExit(attendance: Attendance, room: ChannelId, user: User, profile: Profile | undefined) {
    const { changed, members, nodes } = await attendance.exit(room, user, this.#announceMax);
    this.#count(room, members);
    if (this.isBig(room)) this.#gather(room, undefined);
    else if (changed) this.#parts.signaller.signalTo(nodes, room, toPush("exit", room, user, profile));
  }

  async #noteEntry(attendance: Attendance, room: ChannelId, user: User, profile: Profile | undefined) {
    const { changed, members, nodes } = await attendance.enter(room, user, this.#announceMax);
    this.#count(room, members);
    if (this.isBig(room)) this.#gather(room, user);
    else if (changed) this.#parts.signaller.signalTo(nodes, room, toPush("enter", room, user, profile));
  }

  async #attend(
    attendance: Attendance,
    kind: "enter" | "exit",
    room: ChannelId,
    user: User,
    profile: Profile | undefined,
  ): Promise<void> {
    try {
      if (kind === "enter") await this.#noteEntry(attendance, room, user, profile);
      else await this.#noteExit(attendance, room, user, profile);
    } catch (error) {
      // When the store is back, attendAgain() notes who is here and who went.
      if (kind === "exit" && this.#owedExits.size < OWED_EXITS_MAX) this.#owedExits.add({ room, user });
      this.#parts.logger.warn("attendance not noted", { channel: room, kind, error });
    }
  }

  #announce(kind: "enter" | "exit", room: ChannelId, user: User, profile: Profile | undefined): void {
    this.#parts.signaller.signalHere(room, toPush(kind, room, user, profile));
  }

  #gather(channel: ChannelId, newcomer: User | undefined): void {
    let newest = this.#gathering.get(channel);
    if (newest === undefined) {
      newest = [];
      this.#gathering.set(channel, newest);
      // Of all nodes: so many are told by all of them together, however many nodes they are spread over.
      const deliveriesMs = (this.#membersOf(channel) / MEMBERS_DELIVERIES_PER_SECOND) * 1_000;
      this.#parts.clock.after(Math.max(MEMBERS_FRAME_PERIOD_MS, deliveriesMs), () => this.#flush(channel));
    }
    if (newcomer === undefined) return;
    newest.push(newcomer);
    if (newest.length > MEMBERS_NEWEST_MAX) newest.shift();
  }

  #flush(channel: ChannelId): void {
    const gathered = this.#gathering.get(channel) ?? [];
    this.#gathering.delete(channel);
    const members = this.#parts.hub.rooms.get(channel)?.members;
    if (members === undefined) return;
    const newest: UserId[] = [];
    for (const user of gathered) if (members.has(user)) newest.push(user.userId);
    const count = this.#membersOf(channel);
    this.#parts.signaller.signalHere(channel, { kind: "members", channel, count, newest });
  }

  /** Remembers how many there are, while somebody here wants to know. */
  #count(room: ChannelId, members: number): void {
    if (this.#parts.hub.rooms.has(room)) this.#counts.set(room, members);
    else this.#counts.delete(room);
  }

  #membersOf(channel: ChannelId): number {
    return this.#counts.get(channel) ?? this.#membersHere(channel);
  }

  #membersHere(channel: ChannelId): number {
    return this.#parts.hub.rooms.get(channel)?.members.size ?? 0;
  }
}

function toPush(kind: "enter" | "exit", channel: ChannelId, user: Attendee, profile: Profile | undefined) {
  const { userId: from, appPlatform } = user;
  return { kind, channel, from, appPlatform, ...profile } as const;
}
