/**
 * Announcer: tells a room who comes and goes.
 *
 * Up to `announceMax` members everyone is announced by name. Beyond it that would cost members times
 * members, so one `members` frame carries the count and the newest names, once a second at most
 * and less often the bigger the room is.
 */
import type { Clock } from "../base/clock.ts";
import type { ChannelId, UserId } from "../base/ids.ts";
import {
  MEMBERS_DELIVERIES_PER_SECOND,
  MEMBERS_FRAME_PERIOD_MS,
  MEMBERS_NEWEST_MAX,
} from "../base/limits.ts";
import type { Fanout } from "./connection.ts";
import type { Hub } from "./hub.ts";
import type { Profile } from "./session.ts";
import type { User } from "./user.ts";

export class Announcer {
  readonly #hub: Hub;
  readonly #fanout: Fanout;
  readonly #clock: Clock;
  readonly #announceMax: number;
  #muted = false;
  /** Rooms with a `members` frame on its way, with the newest who came. */
  readonly #gathering = new Map<ChannelId, User[]>();

  constructor(hub: Hub, fanout: Fanout, clock: Clock, announceMax: number) {
    this.#hub = hub;
    this.#fanout = fanout;
    this.#clock = clock;
    this.#announceMax = announceMax;
  }

  /** True if the room is so big that its members are not told of each other one by one. */
  isBig(channel: ChannelId): boolean {
    return this.#membersOf(channel) > this.#announceMax;
  }

  /** Says nothing from now on: a node that stops takes all its sessions along, and nobody here is left to tell. */
  mute(): void {
    this.#muted = true;
  }

  /** Call it after the hub knows, and before the newcomer is subscribed: everybody else is told. */
  entered(channel: ChannelId, user: User, profile: Profile | undefined): void {
    if (this.#muted) return;
    if (this.isBig(channel)) this.#gather(channel, user);
    else this.#announce("enter", channel, user, profile);
  }

  /** Call it after the hub knows and the leaver is unsubscribed. */
  exited(channel: ChannelId, user: User, profile: Profile | undefined): void {
    if (this.#muted) return;
    if (this.isBig(channel)) this.#gather(channel, undefined);
    else this.#announce("exit", channel, user, profile);
  }

  #announce(kind: "enter" | "exit", channel: ChannelId, user: User, profile: Profile | undefined): void {
    const { userId: from, appPlatform } = user;
    this.#fanout.publish(channel, { kind, channel, from, appPlatform, ...profile });
  }

  #gather(channel: ChannelId, newcomer: User | undefined): void {
    let newest = this.#gathering.get(channel);
    if (newest === undefined) {
      newest = [];
      this.#gathering.set(channel, newest);
      const deliveriesMs = (this.#membersOf(channel) / MEMBERS_DELIVERIES_PER_SECOND) * 1_000;
      this.#clock.after(Math.max(MEMBERS_FRAME_PERIOD_MS, deliveriesMs), () => this.#flush(channel));
    }
    if (newcomer === undefined) return;
    newest.push(newcomer);
    if (newest.length > MEMBERS_NEWEST_MAX) newest.shift();
  }

  #flush(channel: ChannelId): void {
    const gathered = this.#gathering.get(channel) ?? [];
    this.#gathering.delete(channel);
    const members = this.#hub.rooms.get(channel)?.members;
    if (members === undefined) return;
    const newest: UserId[] = [];
    for (const user of gathered) if (members.has(user)) newest.push(user.userId);
    this.#fanout.publish(channel, { kind: "members", channel, count: members.size, newest });
  }

  #membersOf(channel: ChannelId): number {
    return this.#hub.rooms.get(channel)?.members.size ?? 0;
  }
}
