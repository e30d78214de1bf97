/**
 * Directory: answers for the whole cluster: who is online, who is in a room, end their sessions.
 *
 * Each node knows its own users and asks the others for theirs: those that the user's inbox says are interested, or all
 * that live. An answer is complete, or says which nodes did not answer in time.
 */
import type { AppPlatform, NodeId, UserId } from "../base/ids.ts";
import { USER_LIST_PAGE_MAX } from "../base/limits.ts";
import type { Attendee } from "./attendance.ts";
import { inboxOf } from "./channel.ts";
import type { ChannelLog } from "./channel-log.ts";
import type { KickCommand } from "./kick.ts";
import {
  mergeByPlatform,
  mergeUsers,
  type PlatformListQuery,
  platformPage,
  type Roster,
  type UserListQuery,
  type UserPage,
  type UserPageOfPlatforms,
  userPage,
} from "./roster.ts";

/** What other nodes answered. */
export interface Gathered<T> {
  readonly answers: readonly T[];
  /** Living nodes that did not answer in time. */
  readonly silent: readonly NodeId[];
}

/** What nodes ask each other; who is dead is not asked. None of it fails: who does not answer is silent. */
export interface PeerQuestions {
  isOnline(
    nodes: readonly NodeId[],
    userId: UserId,
    appPlatform: AppPlatform | undefined,
  ): Promise<Gathered<boolean>>;

  /** Asks all that live. */
  listUsers(query: UserListQuery): Promise<Gathered<UserPage>>;

  /** Asks all that live. */
  listByPlatform(query: PlatformListQuery): Promise<Gathered<UserPageOfPlatforms>>;

  /** @returns sessions that were ended, by node. */
  kick(nodes: readonly NodeId[], command: KickCommand): Promise<Gathered<number>>;
}

/** A system beside prim that serves the same people. None of it fails: who cannot be asked is silent. */
export interface Neighbours {
  /** Undefined asks for any platform. */
  isOnline(userId: UserId, appPlatform: AppPlatform | undefined): Promise<boolean>;

  /** Who is online there: one list, in any order and without repeats, from each of its nodes. */
  listUsers(query: Pick<PlatformListQuery, "appPlatform" | "room">): Promise<Gathered<readonly Attendee[]>>;
}

/** An answer for the whole cluster. */
export interface Whole<T> {
  readonly value: T;
  /** Nodes whose part may be missing; empty if the answer is complete. */
  readonly silent: readonly NodeId[];
}

export interface DirectoryParts {
  readonly roster: Roster;
  readonly log: ChannelLog;
  /** Ends sessions on this node. */
  readonly kick: (command: KickCommand) => number;
  /** Undefined where there is only one node. */
  readonly peers: PeerQuestions | undefined;
  /** Undefined where prim is alone. */
  readonly neighbours?: Neighbours | undefined;
}

export class Directory {
  readonly #parts: DirectoryParts;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
  }

  /**
   * Asks for one platform, or for any if it is undefined.
   *
   * @throws {PrimError} `unavailable` if it cannot be told where to ask.
   */
  async isOnline(userId: UserId, appPlatform: AppPlatform | undefined): Promise<Whole<boolean>> {
    const answer = await this.isOnlineInCluster(userId, appPlatform);
    if (answer.value || this.#parts.neighbours === undefined) return answer;
    const value = await this.#parts.neighbours.isOnline(userId, appPlatform);
    return { value, silent: value ? [] : answer.silent };
  }

  /** As isOnline(), and a neighbour does not count. */
  async isOnlineInCluster(userId: UserId, appPlatform: AppPlatform | undefined): Promise<Whole<boolean>> {
    const { roster, log, peers } = this.#parts;
    if (roster.isOnline(userId, appPlatform)) return { value: true, silent: [] };
    if (peers === undefined) return { value: false, silent: [] };
    const nodes = await log.interested(inboxOf(userId));
    if (nodes.length === 0) return { value: false, silent: [] };
    const { answers, silent } = await peers.isOnline(nodes, userId, appPlatform);
    const value = answers.includes(true);
    return { value, silent: value ? [] : silent };
  }

  /** The total counts a user who is on two nodes twice. */
  async listUsers(query: UserListQuery): Promise<Whole<UserPage>> {
    const { roster, peers, neighbours } = this.#parts;
    const own = roster.list(query);
    if (peers === undefined && neighbours === undefined) return { value: own, silent: [] };
    const [ofPeers, beside] = await Promise.all([
      peers?.listUsers(query) ?? NOBODY,
      neighbours?.listUsers(query) ?? NOBODY,
    ]);
    const pages = [own, ...ofPeers.answers, ...beside.answers.map((list) => userPage(list, query))];
    return { value: mergeUsers(pages, limitOf(query)), silent: [...ofPeers.silent, ...beside.silent] };
  }

  /** Like listUsers(), with one entry per platform. */
  async listByPlatform(query: PlatformListQuery): Promise<Whole<UserPageOfPlatforms>> {
    const { roster, peers, neighbours } = this.#parts;
    const own = roster.listByPlatform(query);
    if (peers === undefined && neighbours === undefined) return { value: own, silent: [] };
    const [ofPeers, beside] = await Promise.all([
      peers?.listByPlatform(query) ?? NOBODY,
      neighbours?.listUsers(query) ?? NOBODY,
    ]);
    const pages = [own, ...ofPeers.answers, ...beside.answers.map((list) => platformPage(list, query))];
    return { value: mergeByPlatform(pages, limitOf(query)), silent: [...ofPeers.silent, ...beside.silent] };
  }

  /** Who is logged in on a platform on this node, at most `countMax`. */
  firstUsersHere(appPlatform: AppPlatform, countMax: number): UserId[] {
    return this.#parts.roster.first(appPlatform, countMax);
  }

  /**
   * Ends sessions of a user, wherever they are.
   *
   * @returns how many there were.
   * @throws {PrimError} `unavailable` if it cannot be told where to ask; sessions on this node have ended.
   */
  async kick(command: KickCommand): Promise<Whole<number>> {
    const { log, peers } = this.#parts;
    const here = this.#parts.kick(command);
    if (peers === undefined) return { value: here, silent: [] };
    const nodes = await log.interested(inboxOf(command.userId));
    if (nodes.length === 0) return { value: here, silent: [] };
    const { answers, silent } = await peers.kick(nodes, command);
    return { value: answers.reduce((sum, count) => sum + count, here), silent };
  }
}

const NOBODY: Gathered<never> = { answers: [], silent: [] };

function limitOf({ limit }: Pick<UserListQuery, "limit">): number {
  return Math.min(limit ?? USER_LIST_PAGE_MAX, USER_LIST_PAGE_MAX);
}
