/**
 * ServerList: which nodes there are, in the reference system's list of servers and in a list of prim's own beside it.
 *
 * Prim's nodes stand in both, with the same time; so an entry of the reference system's list that is younger than prim's, or
 * missing there, is an old node, even on an address that a prim had before. A node whose entry is too old is gone.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import {
  OLD_NODES_FRESH_MS,
  OLD_NODES_MAX,
  REFERENCE_ALIVE_SECONDS,
  REFERENCE_REGISTER_MS,
  REFERENCE_RETRY_MS,
  REFERENCE_SERVERS_SECONDS,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import { toSeconds } from "./online-record.ts";
import type { RedisPort } from "./redis-port.ts";

const SERVERS_KEY = "acc:hash:servers";
const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}$/;

export interface ServerListParts {
  readonly redis: RedisPort;
  /** What prim's own keys begin with. */
  readonly keyPrefix: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ServerList {
  readonly #parts: ServerListParts;
  readonly #ownKey: string;
  #address: string | undefined;
  #cancelTimer: Cancel | undefined;
  #oldNodes: ReadonlySet<string> = new Set();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<ReadonlySet<string>> | undefined;

  constructor(parts: ServerListParts) {
    this.#parts = parts;
    this.#ownKey = `${parts.keyPrefix}interop:nodes`;
  }

  /**
   * Enters this node, and again every REFERENCE_REGISTER_MS. Resolves after the first attempt, whether or not Redis took it.
   *
   * @param address ip:rpcPort, IPv4: an entry of another form would make the reference system's nodes refuse the whole list.
   */
  async register(address: string): Promise<void> {
    this.#address = address;
    await this.#enter(address);
  }

  /** Enters a registered node again at once: Redis may have lost the entry. */
  async renew(): Promise<void> {
    if (this.#address !== undefined) await this.#enter(this.#address);
  }

  /** Takes this node out of the lists. Repeating it is safe; if Redis is away, the entry runs out by itself. */
  async unregister(): Promise<void> {
    const address = this.#address;
    this.#address = undefined;
    this.#cancelTimer?.();
    if (address === undefined) return;
    const { redis, log } = this.#parts;
    try {
      await redis.command("HDEL", SERVERS_KEY, address);
      await redis.command("HDEL", this.#ownKey, address);
    } catch (error) {
      log.warn("reference server list not left", { address, error });
    }
  }

  /** Addresses of the old nodes that live, at most OLD_NODES_MAX; what was known before if Redis is away. It never fails. */
  oldNodes(): Promise<ReadonlySet<string>> {
    if (this.#looking !== undefined) return this.#looking;
    const { clock } = this.#parts;
    if (clock.monotonic() - this.#lookedAt < OLD_NODES_FRESH_MS) return Promise.resolve(this.#oldNodes);
    this.#looking = this.#look().finally(() => {
      this.#lookedAt = clock.monotonic();
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #enter(address: string): Promise<void> {
    const { redis, clock, log } = this.#parts;
    const now = toSeconds(clock.now());
    let waitMs = REFERENCE_REGISTER_MS;
    try {
      // Prim's own list first: in between nobody takes this node for an old one.
      for (const key of [this.#ownKey, SERVERS_KEY]) {
        await redis.command("HSET", key, address, now);
        await redis.command("EXPIRE", key, REFERENCE_SERVERS_SECONDS);
      }
      await this.#forgetNodesBefore(now - REFERENCE_SERVERS_SECONDS);
    } catch (error) {
      log.warn("reference server list not written", { address, error });
      waitMs = REFERENCE_RETRY_MS;
    }
    if (this.#address !== address) return;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(waitMs, () => void this.#enter(address));
  }

  async #forgetNodesBefore(seconds: number): Promise<void> {
    const { redis } = this.#parts;
    const gone = [...(await this.#read(this.#ownKey))].filter(([, at]) => at < seconds);
    if (gone.length > 0) await redis.command("HDEL", this.#ownKey, ...gone.map(([address]) => address));
  }

  async #look(): Promise<ReadonlySet<string>> {
    const { clock, log } = this.#parts;
    try {
      const [servers, prims] = await Promise.all([this.#read(SERVERS_KEY), this.#read(this.#ownKey)]);
      const since = toSeconds(clock.now()) - REFERENCE_ALIVE_SECONDS;
      const old = [...servers].filter(
        ([address, at]) => at > since && (prims.get(address) ?? 0) < at && ADDRESS.test(address),
      );
      this.#oldNodes = new Set(old.slice(0, OLD_NODES_MAX).map(([address]) => address));
    } catch (error) {
      log.warn("reference server list not read", { error });
    }
    return this.#oldNodes;
  }

  /** @returns unix seconds by address. */
  async #read(key: string): Promise<Map<string, number>> {
    const flat = (await this.#parts.redis.command("HGETALL", key)) as readonly string[];
    const times = new Map<string, number>();
    for (let index = 0; index + 1 < flat.length; index += 2) {
      times.set(String(flat[index]), Number(flat[index + 1]));
    }
    return times;
  }
}
