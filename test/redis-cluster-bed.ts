/**
 * RedisClusterBed: the nodes of the contract suites on a real Redis, alone or a Redis Cluster.
 */
import { systemClock } from "../src/base/clock.ts";
import type { ChannelId, Epoch, NodeId } from "../src/base/ids.ts";
import { silentLogger } from "../src/base/logger.ts";
import { interestKey } from "../src/storage/redis/keys.ts";
import type { RedisAddress } from "../src/storage/redis/redis-address.ts";
import { RedisAttendance } from "../src/storage/redis/redis-attendance.ts";
import { RedisConnection } from "../src/storage/redis/redis-connection.ts";
import { RedisNodeRegistry } from "../src/storage/redis/redis-node-registry.ts";
import { type BedNode, type ClusterBed, SHORT_LEASE_MS, SHORT_LOCK_MS } from "./contract/cluster-bed.ts";
import type { RedisServer } from "./redis-server.ts";

export class RedisClusterBed implements ClusterBed {
  readonly #address: () => RedisAddress;
  readonly #connections: RedisConnection[] = [];

  /** @param address is asked when a test runs: the servers may start after the bed is made. */
  constructor(address: () => RedisAddress) {
    this.#address = address;
  }

  async connect(callTimeoutMs = 10_000): Promise<RedisConnection> {
    const redis = await RedisConnection.open({
      address: this.#address(),
      keyPrefix: "prim:",
      callTimeoutMs,
      clock: systemClock,
      log: silentLogger,
    });
    this.#connections.push(redis);
    return redis;
  }

  async open(name: string, callTimeoutMs?: number): Promise<BedNode> {
    return redisNode(await this.connect(callTimeoutMs), name as NodeId);
  }

  async keys(): Promise<string[]> {
    const redis = await this.connect();
    const found = await Promise.all(redis.servers().map((server) => server.command("KEYS", "*")));
    return (found as string[][]).flat().sort();
  }

  async clear(): Promise<void> {
    const redis = await this.connect();
    await Promise.all(redis.servers().map((server) => server.command("FLUSHALL")));
    for (const connection of this.#connections.splice(0)) await connection.close();
  }
}

export function redisNode(redis: RedisConnection, nodeId: NodeId): BedNode {
  const options = { nodeId, clock: systemClock, leaseMsMin: SHORT_LEASE_MS };
  return {
    nodeId,
    registry: new RedisNodeRegistry(redis, options),
    impatient: new RedisNodeRegistry(redis, { ...options, clearLockMs: SHORT_LOCK_MS }),
    attendance: new RedisAttendance(redis, options),
    log: {
      async join(channel: ChannelId) {
        await redis.command("SADD", interestKey(redis.keyPrefix, channel), nodeId);
        return { epoch: "" as Epoch, offset: 0 };
      },
      async leave(channel: ChannelId) {
        await redis.command("SREM", interestKey(redis.keyPrefix, channel), nodeId);
      },
      async interested(channel: ChannelId) {
        const nodes = await redis.command("SMEMBERS", interestKey(redis.keyPrefix, channel));
        return (nodes as NodeId[]).filter((node) => node !== nodeId);
      },
    },
  };
}

export function addressOf(servers: readonly RedisServer[]): RedisAddress {
  const mode = servers.length === 1 ? "standalone" : "cluster";
  return { mode, hosts: servers.map(({ host, port }) => ({ host, port })), database: 0 };
}
