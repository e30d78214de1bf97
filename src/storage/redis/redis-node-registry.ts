/**
 * RedisNodeRegistry: nodes, their leases and the secret they share, in Redis.
 *
 * Redis's clock decides who lives: a lease is a key that runs out, and no node's clock is asked. A lease bears
 * a mark that its taker chose, so that an answer that got lost does not hide that the lease was a new one.
 */
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import { type NodeId, newMark, newSecret } from "../../base/ids.ts";
import {
  CLEAR_LOCK_MS,
  CLEAR_STOPPED_MS_MAX,
  CLEAR_STOPPED_PERIOD_MS,
  LEASE_MS_MAX,
  LEASE_MS_MIN,
  LEFT_GRACE_MS,
} from "../../base/limits.ts";
import type { Gone, LivingNode, NodeRecord, NodeRegistry, NodesSeen } from "../../core/node-registry.ts";
import { storeFailed } from "./call-gate.ts";
import { Clearing } from "./clearing.ts";
import type { RedisConnection } from "./redis-connection.ts";
import {
  clearLockKey,
  LIST,
  leaseKey,
  leasesPrefix,
  RELEASE,
  RENEW,
  recordsKey,
  secretKey,
} from "./registry-scripts.ts";

export interface RedisNodeRegistryOptions {
  /** This node. */
  readonly nodeId: NodeId;
  readonly clock: Clock;
  /** Default LEASE_MS_MIN; tests have no time for that. */
  readonly leaseMsMin?: number;
  /** Default CLEAR_LOCK_MS, likewise. */
  readonly clearLockMs?: number;
  /** Default LEFT_GRACE_MS, likewise. */
  readonly leftGraceMs?: number;
}

export class RedisNodeRegistry implements NodeRegistry {
  readonly #redis: RedisConnection;
  readonly #nodeId: NodeId;
  readonly #clock: Clock;
  readonly #leaseMsMin: number;
  readonly #clearLockMs: number;
  readonly #leftGraceMs: number;
  /** The lease that renew() last told of, by the node that has it: one node, in a process of its own. */
  readonly #marks = new Map<NodeId, string>();

  constructor(redis: RedisConnection, options: RedisNodeRegistryOptions) {
    const { nodeId, clock, leaseMsMin, clearLockMs, leftGraceMs } = options;
    this.#redis = redis;
    this.#leftGraceMs = leftGraceMs ?? LEFT_GRACE_MS;
    this.#nodeId = nodeId;
    this.#clock = clock;
    this.#leaseMsMin = leaseMsMin ?? LEASE_MS_MIN;
    this.#clearLockMs = clearLockMs ?? CLEAR_LOCK_MS;
  }

  async renew(record: NodeRecord, leaseMs: number): Promise<boolean> {
    if (!Number.isInteger(leaseMs) || leaseMs < this.#leaseMsMin || leaseMs > LEASE_MS_MAX) {
      throw new PrimError(
        "invalid_argument",
        `Cannot take a lease of ${leaseMs} ms: it must be ${this.#leaseMsMin} to ${LEASE_MS_MAX}`,
      );
    }
    const { nodeId } = record;
    const { keyPrefix } = this.#redis;
    const keys = [recordsKey(keyPrefix), leaseKey(keyPrefix, nodeId), clearLockKey(keyPrefix, nodeId)];
    const newLease = newMark();
    const deadline = this.#clock.monotonic() + CLEAR_STOPPED_MS_MAX;
    for (;;) {
      const args = [nodeId, JSON.stringify(record), leaseMs, newLease];
      const [mark, clearingMs] = (await this.#redis.evaluate(RENEW, keys, args)) as [string, number];
      if (mark === this.#marks.get(nodeId)) return true;
      // Who clears finds the lease at its next step, or is dead, and then its lock runs out.
      if (clearingMs === 0) {
        this.#marks.set(nodeId, mark);
        return false;
      }
      if (this.#clock.monotonic() > deadline) {
        throw storeFailed("Cannot take the lease yet: another node clears away what this one had noted");
      }
      await new Promise<void>((resolve) => this.#clock.after(CLEAR_STOPPED_PERIOD_MS, resolve));
    }
  }

  async list(): Promise<NodesSeen> {
    const { keyPrefix } = this.#redis;
    const answer = await this.#redis.evaluate(LIST, [recordsKey(keyPrefix)], [leasesPrefix(keyPrefix)]);
    const [now, ...fields] = answer as [number, ...(string | number)[]];
    const living: LivingNode[] = [];
    const dead: NodeId[] = [];
    const toldAll: NodeId[] = [];
    for (let index = 0; index < fields.length; index += 3) {
      const leaseMs = Number(fields[index + 2]);
      const record = JSON.parse(String(fields[index + 1])) as NodeRecord;
      if (leaseMs >= 0) {
        living.push({ ...record, leaseExpiresAt: now + leaseMs });
        continue;
      }
      dead.push(fields[index] as NodeId);
      if (record.toldAll === true) toldAll.push(record.nodeId);
    }
    living.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    return { now, living, dead: dead.sort(), toldAll };
  }

  async release(nodeId: NodeId): Promise<void> {
    const { keyPrefix } = this.#redis;
    const keys = [leaseKey(keyPrefix, nodeId), clearLockKey(keyPrefix, nodeId)];
    await this.#redis.evaluate(RELEASE, keys, [this.#leftGraceMs]);
    this.#marks.delete(nodeId);
  }

  clear(nodeId: NodeId, lookMax: number): AsyncIterable<Gone> {
    const options = { nodeId, clearedBy: this.#nodeId, lookMax, lockMs: this.#clearLockMs };
    return new Clearing(this.#redis, options).run();
  }

  async secret(): Promise<string> {
    const key = secretKey(this.#redis.keyPrefix);
    await this.#redis.command("SET", key, newSecret(), "NX");
    const secret = await this.#redis.command("GET", key);
    if (typeof secret === "string") return secret;
    throw storeFailed("Cannot read the secret of the nodes: Redis has lost it just now");
  }
}
