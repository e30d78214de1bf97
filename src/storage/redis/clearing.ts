/**
 * Clearing: one attempt to clear away what a dead node left in Redis.
 *
 * What a node leaves is found by looking at the name of every key there is (SCAN, on each server). An index per
 * node of its channels would be found at once, but lies in another hash slot than the channels: it could not change in one step
 * with them, every login would write it, and a million inboxes would be kept twice, all for the sake of deaths, which are rare.
 * A scan of a million keys is a thousand short commands.
 *
 * It goes in steps. Before each it asks for leave, which is refused if the node lives or another is clearing. Leave is
 * a lock that runs out, and the scripts of a step do nothing when the time is over, so nobody clears any more when the next one
 * has the lock or the node has come back. What was cleared is gone from Redis, so whoever comes next goes on with the rest.
 */
import { type ChannelId, type NodeId, newMark } from "../../base/ids.ts";
import { CLEAR_KEYS_PER_STEP, CLEAR_ROOMS_AT_ONCE, CLEAR_USERS_AT_ONCE } from "../../base/limits.ts";
import type { Gone } from "../../core/node-registry.ts";
import { countsKey, readAttendee, roomOfUsersKey, usersKey } from "./attendance-keys.ts";
import { isNodesKey, nodesKey } from "./channel-keys.ts";
import { layoutOf } from "./layout.ts";
import type { RedisConnection, RedisServer } from "./redis-connection.ts";
import {
  CLEAR_INTEREST,
  CLEAR_ROOM,
  clearLockKey,
  FORGET,
  leaseKey,
  MAY_CLEAR,
  recordsKey,
  STOP_CLEARING,
} from "./registry-scripts.ts";

export interface ClearingOptions {
  /** Of the dead node. */
  readonly nodeId: NodeId;
  readonly clearedBy: NodeId;
  readonly lookMax: number;
  /** How long leave to clear lasts; a step may begin in its first half. */
  readonly lockMs: number;
}

/** What clearing a part of a room came to. */
interface Piece {
  readonly gone: Gone | undefined;
  /** False if the node has more users there. */
  readonly done: boolean;
}

export class Clearing {
  readonly #redis: RedisConnection;
  readonly #nodeId: NodeId;
  readonly #clearedBy: NodeId;
  readonly #lookMax: number;
  readonly #lockMs: number;
  readonly #mark = newMark();
  /** Records, lease, lock. */
  readonly #keys: readonly [string, string, string];

  constructor(redis: RedisConnection, { nodeId, clearedBy, lookMax, lockMs }: ClearingOptions) {
    const { keyPrefix } = redis;
    this.#redis = redis;
    this.#nodeId = nodeId;
    this.#clearedBy = clearedBy;
    this.#lookMax = lookMax;
    this.#lockMs = lockMs;
    this.#keys = [recordsKey(keyPrefix), leaseKey(keyPrefix, nodeId), clearLockKey(keyPrefix, nodeId)];
  }

  /** Call it once; see NodeRegistry.clear(). */
  async *run(): AsyncGenerator<Gone, void> {
    let unsure = false;
    try {
      if (yield* this.#clearAll()) await this.#redis.evaluate(FORGET, this.#keys, [this.#nodeId, this.#mark]);
    } catch (error) {
      unsure = true;
      throw error;
    } finally {
      // A script without an answer may yet run: then the lock stays until it has run out.
      if (!unsure) await this.#redis.evaluate(STOP_CLEARING, [this.#keys[2]], [this.#mark]);
    }
  }

  /** Returns true if it has looked at every key and cleared what is the node's. */
  async *#clearAll(): AsyncGenerator<Gone, boolean> {
    if ((await this.#mayClearUntil()) === 0) return false;
    const servers = this.#redis.servers();
    const layout = await layoutOf(servers, this.#redis.isCluster);
    for (const server of servers) {
      let cursor = "0";
      do {
        if ((await this.#mayClearUntil()) === 0) return false;
        const { next, keys } = await this.#scan(server, cursor);
        if (!(await this.#clearInterests(keys.filter((key) => isNodesKey(this.#redis.keyPrefix, key))))) {
          return false;
        }
        if (!(yield* this.#clearRooms(this.#roomsAmong(keys)))) return false;
        cursor = next;
      } while (cursor !== "0");
    }
    return layout !== undefined && layout === (await layoutOf(this.#redis.servers(), this.#redis.isCluster));
  }

  /** By Redis's clock, unix ms; 0 if this attempt is over. */
  async #mayClearUntil(): Promise<number> {
    const args = [this.#nodeId, this.#mark, this.#lockMs, this.#lockMs / 2];
    return Number(await this.#redis.evaluate(MAY_CLEAR, this.#keys, args));
  }

  async #scan(server: RedisServer, cursor: string): Promise<{ next: string; keys: string[] }> {
    // Of the keys of a channel only `nodes` and `at`: the others stay in Redis.
    const pattern = `${this.#redis.keyPrefix.replaceAll(/[?*[\]\\]/g, "\\$&")}{*}:[an]*`;
    const answer = await server.command("SCAN", cursor, "MATCH", pattern, "COUNT", CLEAR_KEYS_PER_STEP);
    const [next, keys] = answer as [string, string[]];
    return { next, keys };
  }

  #roomsAmong(keys: readonly string[]): ChannelId[] {
    return keys.flatMap((key) => roomOfUsersKey(this.#redis.keyPrefix, key, this.#nodeId) ?? []);
  }

  async #clearInterests(keys: string[]): Promise<boolean> {
    let todo = keys;
    while (todo.length > 0) {
      const until = await this.#mayClearUntil();
      if (until === 0) return false;
      const answers = await Promise.all(
        todo.map((key) => this.#redis.evaluate(CLEAR_INTEREST, [key], [until, this.#nodeId])),
      );
      todo = todo.filter((_, index) => answers[index] === null);
    }
    return true;
  }

  async *#clearRooms(rooms: ChannelId[]): AsyncGenerator<Gone, boolean> {
    let todo = rooms;
    while (todo.length > 0) {
      const until = await this.#mayClearUntil();
      if (until === 0) return false;
      const now = todo.slice(0, CLEAR_ROOMS_AT_ONCE);
      const outcomes = await Promise.allSettled(now.map((room) => this.#clearRoom(room, until)));
      const undone: ChannelId[] = [];
      for (const [index, room] of now.entries()) {
        const outcome = outcomes[index];
        if (outcome?.status !== "fulfilled") continue;
        if (outcome.value.gone !== undefined) yield outcome.value.gone;
        if (!outcome.value.done) undone.push(room);
      }
      const failure = outcomes.find((outcome) => outcome.status === "rejected");
      if (failure !== undefined) throw failure.reason;
      todo = [...undone, ...todo.slice(CLEAR_ROOMS_AT_ONCE)];
    }
    return true;
  }

  async #clearRoom(room: ChannelId, until: number): Promise<Piece> {
    const { keyPrefix } = this.#redis;
    const keys = [
      usersKey(keyPrefix, room, this.#nodeId),
      countsKey(keyPrefix, room),
      nodesKey(keyPrefix, room),
    ];
    const args = [until, this.#nodeId, this.#clearedBy, CLEAR_USERS_AT_ONCE, this.#lookMax];
    const answer = await this.#redis.evaluate(CLEAR_ROOM, keys, args);
    if (answer === null) return { gone: undefined, done: false };
    const [left, looked, cleared, members, users, nodes] = answer as [
      left: number,
      looked: number,
      cleared: number,
      members: number,
      users: string[],
      nodes: NodeId[],
    ];
    const isNews = looked === 1 ? users.length > 0 : cleared > 0;
    const gone = isNews ? { room, users: users.map(readAttendee), members, nodes } : undefined;
    return { gone, done: left === 0 };
  }
}
