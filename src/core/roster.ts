/**
 * Roster: who is online on this node, and who is in a room, as lists and answers for those who ask from outside.
 *
 * Lists come in the order of the user ids, page by page from a given id on: a page is right whatever
 * came or went in between, and pages of several nodes can be merged.
 */
import type { AppPlatform, ChannelId, UserId } from "../base/ids.ts";
import { USER_LIST_PAGE_MAX } from "../base/limits.ts";
import type { Attendee } from "./attendance.ts";
import type { Hub } from "./hub.ts";
import type { Profile } from "./session.ts";
import type { User } from "./user.ts";

export interface UserPage {
  /** At most USER_LIST_PAGE_MAX, ascending by UTF-16 code units, each once. */
  readonly users: readonly UserId[];
  /** Users in the whole list; a user on several platforms counts once per platform. */
  readonly total: number;
  /** The `after` of the next page; undefined on the last. */
  readonly next: UserId | undefined;
}

export interface UserListQuery {
  /** One platform; undefined for all. */
  readonly appPlatform?: AppPlatform | undefined;
  /** A room instead of everybody. */
  readonly room?: ChannelId | undefined;
  /** Exclusive; undefined from the beginning. */
  readonly after?: UserId | undefined;
  /** 1 to USER_LIST_PAGE_MAX. */
  readonly limit?: number | undefined;
}

/** Somebody online, with the profile that their newest session came with. */
export interface ListedUser extends Attendee, Profile {}

export interface UserPageOfPlatforms {
  /** At most USER_LIST_PAGE_MAX, in the order of user ids and then platforms; one entry per platform. */
  readonly users: readonly ListedUser[];
  /** Entries in the whole list. */
  readonly total: number;
  /** True if there are more after the last one. */
  readonly more: boolean;
}

/** Like UserListQuery, for a list with one entry per platform. */
export interface PlatformListQuery extends Pick<UserListQuery, "appPlatform" | "room" | "limit"> {
  /** Exclusive; undefined from the beginning. */
  readonly after?: Attendee | undefined;
}

export class Roster {
  readonly #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Asks for one platform, or for any if it is undefined. */
  isOnline(userId: UserId, appPlatform: AppPlatform | undefined): boolean {
    if (appPlatform !== undefined) return this.#hub.find(appPlatform, userId) !== undefined;
    return this.#hub.findAll(userId).length > 0;
  }

  list(query: UserListQuery): UserPage {
    return userPage(this.#matching(query), query);
  }

  listByPlatform(query: PlatformListQuery): UserPageOfPlatforms {
    const { users, ...page } = platformPage(this.#matching(query), query);
    // Only users were offered.
    return { ...page, users: (users as readonly User[]).map(toListed) };
  }

  /** Who is logged in on a platform, in the order of their logins; the first `countMax` of them. */
  first(appPlatform: AppPlatform, countMax: number): UserId[] {
    return [...this.#hub.usersOf(appPlatform).keys().take(countMax)];
  }

  *#matching({ appPlatform, room }: PlatformListQuery | UserListQuery): Iterable<User> {
    if (room !== undefined) {
      for (const user of this.#hub.rooms.get(room)?.members.keys() ?? []) {
        if (appPlatform === undefined || user.appPlatform === appPlatform) yield user;
      }
      return;
    }
    const platforms = appPlatform === undefined ? this.#hub.platforms() : [appPlatform];
    for (const platform of platforms) yield* this.#hub.usersOf(platform).values();
  }
}

/** The page that a query asks for of a list in any order. */
export function userPage(list: Iterable<Attendee>, query: Pick<UserListQuery, "after" | "limit">): UserPage {
  const limit = Math.min(query.limit ?? USER_LIST_PAGE_MAX, USER_LIST_PAGE_MAX);
  const smallest = new Smallest<UserId>(limit + 1, query.after, byCodeUnits);
  let total = 0;
  for (const { userId } of list) {
    total += 1;
    smallest.offer(userId);
  }
  const users = smallest.take();
  const more = users.length > limit;
  if (more) users.length = limit;
  return { users, total, next: more ? users[limit - 1] : undefined };
}

/** The same with one entry per platform, for a list without repeats. */
export function platformPage(
  list: Iterable<Attendee>,
  query: Pick<PlatformListQuery, "after" | "limit">,
): UserPageOfPlatforms {
  const limit = Math.min(query.limit ?? USER_LIST_PAGE_MAX, USER_LIST_PAGE_MAX);
  const smallest = new Smallest<Attendee>(limit + 1, query.after, byUser);
  let total = 0;
  for (const user of list) {
    total += 1;
    smallest.offer(user);
  }
  const users = smallest.take();
  const more = users.length > limit;
  if (more) users.length = limit;
  return { users, total, more };
}

/** Makes one page of the pages of several nodes, for the same query and limit. */
export function mergeUsers(pages: readonly UserPage[], limit: number): UserPage {
  const all = [...new Set(pages.flatMap((page) => page.users))].sort(byCodeUnits);
  const users = all.slice(0, limit);
  const more = all.length > limit || pages.some((page) => page.next !== undefined);
  return { users, total: totalOf(pages), next: more ? users.at(-1) : undefined };
}

/** The same for pages with one entry per platform. */
export function mergeByPlatform(pages: readonly UserPageOfPlatforms[], limit: number): UserPageOfPlatforms {
  const sorted = pages.flatMap((page) => page.users).sort(byUser);
  const all = sorted.filter((user, index) => index === 0 || byUser(sorted[index - 1] ?? user, user) !== 0);
  const more = all.length > limit || pages.some((page) => page.more);
  return { users: all.slice(0, limit), total: totalOf(pages), more };
}

function totalOf(pages: readonly { readonly total: number }[]): number {
  return pages.reduce((sum, page) => sum + page.total, 0);
}

function toListed({ userId, appPlatform, sessions }: User): ListedUser {
  return { userId, appPlatform, ...sessions.at(-1)?.profile };
}

/** Keeps the smallest of many, in one pass and a few sorts of a small array. */
class Smallest<T> {
  readonly #limit: number;
  readonly #after: T | undefined;
  readonly #compare: (a: T, b: T) => number;
  #kept: T[] = [];
  #ceiling: T | undefined;

  constructor(limit: number, after: T | undefined, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#after = after;
    this.#compare = compare;
  }

  offer(item: T): void {
    if (this.#after !== undefined && this.#compare(item, this.#after) <= 0) return;
    if (this.#ceiling !== undefined && this.#compare(item, this.#ceiling) >= 0) return;
    this.#kept.push(item);
    if (this.#kept.length < this.#limit * 4) return;
    this.take();
    if (this.#kept.length === this.#limit) this.#ceiling = this.#kept[this.#limit - 1];
  }

  take(): T[] {
    this.#kept = [...new Set(this.#kept.sort(this.#compare))].slice(0, this.#limit);
    return this.#kept;
  }
}

function byUser(a: Attendee, b: Attendee): number {
  return byCodeUnits(a.userId, b.userId) || a.appPlatform - b.appPlatform;
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
