/**
 * Roster: who is online, and who is in a room, as lists and answers for those who ask from outside.
 *
 * Lists come in the order of the user ids, page by page from a given id on: a page is right whatever
 * came or went in between, and pages of several nodes can be merged.
 */
import type { AppPlatform, ChannelId, UserId } from "../base/ids.ts";
import { USER_LIST_PAGE_MAX } from "../base/limits.ts";
import type { Hub } from "./hub.ts";

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
    const limit = Math.min(query.limit ?? USER_LIST_PAGE_MAX, USER_LIST_PAGE_MAX);
    const smallest = new SmallestIds(limit + 1, query.after);
    let total = 0;
    for (const userId of this.#matching(query)) {
      total += 1;
      smallest.offer(userId);
    }
    const users = smallest.take();
    const more = users.length > limit;
    if (more) users.length = limit;
    return { users, total, next: more ? users[limit - 1] : undefined };
  }

  *#matching({ appPlatform, room }: UserListQuery): Iterable<UserId> {
    if (room !== undefined) {
      for (const user of this.#hub.rooms.get(room)?.members.keys() ?? []) {
        if (appPlatform === undefined || user.appPlatform === appPlatform) yield user.userId;
      }
      return;
    }
    const platforms = appPlatform === undefined ? this.#hub.platforms() : [appPlatform];
    for (const platform of platforms) yield* this.#hub.usersOf(platform).keys();
  }
}

/** Keeps the smallest ids of many, in one pass and a few sorts of a small array. */
class SmallestIds {
  readonly #limit: number;
  readonly #after: UserId | undefined;
  #ids: UserId[] = [];
  #ceiling: UserId | undefined;

  constructor(limit: number, after: UserId | undefined) {
    this.#limit = limit;
    this.#after = after;
  }

  offer(id: UserId): void {
    if (this.#after !== undefined && id <= this.#after) return;
    if (this.#ceiling !== undefined && id >= this.#ceiling) return;
    this.#ids.push(id);
    if (this.#ids.length < this.#limit * 4) return;
    this.take();
    if (this.#ids.length === this.#limit) this.#ceiling = this.#ids[this.#limit - 1];
  }

  take(): UserId[] {
    this.#ids = [...new Set(this.#ids.sort(byCodeUnits))].slice(0, this.#limit);
    return this.#ids;
  }
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
