/**
 * For tests: the registry of nodes in the memory of this process, with the clock it is given. It can be away.
 */
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { PrimError } from "../../src/base/errors.ts";
import type { NodeId } from "../../src/base/ids.ts";
import type { Gone, NodeRecord, NodeRegistry, NodesSeen } from "../../src/core/node-registry.ts";

export class RegistryInMemory implements NodeRegistry {
  readonly #clock: Clock;
  readonly #leases = new Map<NodeId, { readonly record: NodeRecord; expiresAt: number }>();
  /** Calls since the start. */
  lists = 0;
  renewals: NodeRecord[] = [];
  /** While true every call fails. */
  isAway = false;
  /** While true calls are not answered at all. */
  isFrozen = false;
  /** While set, calls are answered when it is resolved. */
  delay: PromiseWithResolvers<void> | undefined;
  theSecret = "s3cret-of-the-cluster";

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async renew(record: NodeRecord, leaseMs: number): Promise<boolean> {
    await this.#reach();
    this.renewals.push(record);
    const held = this.#leases.get(record.nodeId);
    const now = this.#clock.now();
    this.#leases.set(record.nodeId, { record, expiresAt: now + leaseMs });
    return held !== undefined && held.expiresAt > now;
  }

  async list(): Promise<NodesSeen> {
    this.lists += 1;
    await this.#reach();
    const now = this.#clock.now();
    const all = [...this.#leases.values()].toSorted((a, b) => (a.record.nodeId < b.record.nodeId ? -1 : 1));
    const dead = all.filter(({ expiresAt }) => expiresAt <= now).map(({ record }) => record);
    return {
      now,
      living: all
        .filter(({ expiresAt }) => expiresAt > now)
        .map(({ record, expiresAt }) => ({ ...record, leaseExpiresAt: expiresAt })),
      dead: dead.map(({ nodeId }) => nodeId),
      toldAll: dead.filter(({ toldAll }) => toldAll === true).map(({ nodeId }) => nodeId),
    };
  }

  async release(nodeId: NodeId): Promise<void> {
    await this.#reach();
    this.expire(nodeId);
  }

  async *clear(nodeId: NodeId): AsyncGenerator<Gone> {
    await this.#reach();
    yield* []; // Nobody notes attendance here.
    if ((this.#leases.get(nodeId)?.expiresAt ?? 0) <= this.#clock.now()) this.#leases.delete(nodeId);
  }

  async secret(): Promise<string> {
    await this.#reach();
    return this.theSecret;
  }

  /** Ends the lease of a node without a word, as when its time was up. */
  expire(nodeId: NodeId): void {
    const lease = this.#leases.get(nodeId);
    if (lease !== undefined) lease.expiresAt = this.#clock.now();
  }

  async #reach(): Promise<void> {
    await this.delay?.promise;
    if (this.isFrozen) await new Promise(() => {});
    if (this.isAway) throw new PrimError("unavailable", "The registry is away");
  }
}
