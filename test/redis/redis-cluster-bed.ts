/**
 * RedisClusterBed: the nodes of the contract suites on a real Redis, alone or a Redis Cluster.
 */
import { systemClock } from "../../src/base/clock.ts";
import type { NodeId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { RedisAddress } from "../../src/storage/redis/redis-address.ts";
import { RedisAttendance } from "../../src/storage/redis/redis-attendance.ts";
import { RedisConnection } from "../../src/storage/redis/redis-connection.ts";
import { RedisNodeRegistry } from "../../src/storage/redis/redis-node-registry.ts";
import { RedisStore } from "../../src/storage/redis/redis-store.ts";
import { type BedNode, type ClusterBed, SHORT_LEASE_MS, SHORT_LOCK_MS } from "../contract/cluster-bed.ts";

/** Nobody waits for it but who tests that: the machine may be slow. */
const CALL_TIMEOUT_MS = 10_000;

export class RedisClusterBed implements ClusterBed {
  readonly #address: () => Promise<RedisAddress>;
  readonly #connections: RedisConnection[] = [];

  constructor(address: () => Promise<RedisAddress>) {
    this.#address = address;
  }

  async connect(callTimeoutMs = CALL_TIMEOUT_MS): Promise<RedisConnection> {
    const connection = await connectTo(await this.#address(), callTimeoutMs);
    this.#connections.push(connection);
    return connection;
  }

  async open(name: string, callTimeoutMs?: number): Promise<BedNode> {
    return redisNode(await this.connect(callTimeoutMs), name);
  }

  async keys(): Promise<string[]> {
    const connection = await this.connect();
    const found = await Promise.all(connection.servers().map((server) => server.command("KEYS", "*")));
    return (found as string[][]).flat().sort();
  }

  async clear(): Promise<void> {
    const connection = await this.connect();
    await Promise.all(connection.servers().map((server) => server.command("FLUSHALL")));
    for (const each of this.#connections.splice(0)) await each.close();
  }
}

export function connectTo(address: RedisAddress, callTimeoutMs = CALL_TIMEOUT_MS): Promise<RedisConnection> {
  const parts = { clock: systemClock, log: silentLogger };
  return RedisConnection.open({ address, keyPrefix: "prim:", callTimeoutMs, ...parts });
}

/** A node as the application puts it together, but for its short leases and that nobody waits for it when it has left. */
export function redisNode(connection: RedisConnection, name: string): BedNode {
  const nodeId = name as NodeId;
  const options = { nodeId, clock: systemClock, leaseMsMin: SHORT_LEASE_MS, leftGraceMs: 0 };
  return {
    nodeId,
    registry: new RedisNodeRegistry(connection, options),
    impatient: new RedisNodeRegistry(connection, { ...options, clearLockMs: SHORT_LOCK_MS }),
    attendance: new RedisAttendance(connection, options),
    log: new RedisStore({ connection, nodeId, clock: systemClock, countMax: 1_000, ageMs: 60_000 }),
  };
}
