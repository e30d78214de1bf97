/** Which store a node has, by its configuration: Redis if it is told of one, else a file, or nothing but memory. */
import type { Clock } from "./base/clock.ts";
import type { NodeId } from "./base/ids.ts";
import type { Logger } from "./base/logger.ts";
import { redisAddressOf } from "./config/redis-address.ts";
import { type Config, MEMORY_ONLY } from "./config/settings.ts";
import type { Store } from "./core/channel-log.ts";
import { MemoryStore } from "./storage/memory/memory-store.ts";
import { RedisConnection } from "./storage/redis/redis-connection.ts";
import { RedisStore } from "./storage/redis/redis-store.ts";
import { SqliteStore } from "./storage/sqlite/sqlite-store.ts";

export interface AppStore {
  /** For operators. */
  readonly name: "memory" | "sqlite" | "redis";
  readonly store: Store;
  /** What the store is on, for all else that is kept there; closed after the store. */
  readonly redis: RedisConnection | undefined;
}

/** @throws {PrimError} `failed_precondition` or `unavailable` if the data directory or Redis can't be had. */
export async function openAppStore(
  config: Config,
  nodeId: NodeId,
  clock: Clock,
  log: Logger,
): Promise<AppStore> {
  const bounds = { countMax: config.history.countMax, ageMs: config.history.ageSeconds * 1_000 };
  const address = redisAddressOf(config);
  if (address !== undefined) {
    const { keyPrefix, timeoutMs } = config.redis;
    const redis = await RedisConnection.open({ address, keyPrefix, callTimeoutMs: timeoutMs, clock, log });
    return { name: "redis", store: new RedisStore({ connection: redis, nodeId, clock, ...bounds }), redis };
  }
  const { dataDir } = config.app;
  return dataDir === MEMORY_ONLY
    ? { name: "memory", store: new MemoryStore({ clock, ...bounds }), redis: undefined }
    : { name: "sqlite", store: SqliteStore.open(dataDir, { clock, log, ...bounds }), redis: undefined };
}
