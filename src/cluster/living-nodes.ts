/**
 * LivingNodes: this node's view of who lives, from the registry, every third of a lease and whenever a lease is about to run
 * out; and at once, if somebody names a node that it doesn't know. While the registry is away the last view holds, and nobody
 * dies; nor in the first lease after it: leases ran out with nobody there to renew them.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { withDeadline } from "../base/deadline.ts";
import type { NodeId } from "../base/ids.ts";
import { LIVING_LOOK_MS_MIN } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { LivingNode, NodeRegistry, NodesSeen } from "../core/node-registry.ts";

export interface LivingNodesParts {
  readonly registry: Pick<NodeRegistry, "list">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What others want to hear of; never about this node itself. */
export interface LivingNodesListener {
  appeared?(node: LivingNode): void;
  /**
   * Its lease ran out; said once for each death, also of one that was dead when this node first looked. A node that
   * vanished without having said that it drains counts as dead: somebody else may have cleared it away. So does one
   * that has left in order and is not cleared away yet.
   *
   * @param toldAll its last words were that the others have heard of all that it stored.
   */
  died?(nodeId: NodeId, toldAll: boolean): void;
  /** It has stopped in an orderly way, and is cleared away. */
  left?(nodeId: NodeId): void;
}

export class LivingNodes {
  readonly #self: NodeId;
  readonly #parts: LivingNodesParts;
  readonly #leaseMs: number;
  readonly #listeners: LivingNodesListener[] = [];
  #living = new Map<NodeId, LivingNode>();
  #dead: ReadonlySet<NodeId> = new Set();
  #looking: Promise<boolean> | undefined;
  /** The look after the one under way. */
  #next: Promise<boolean> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;
  /** Of the look at the moment when the next lease runs out. */
  #cancelDue: Cancel | undefined;
  /** The registry was away when it was last asked. */
  #blind = false;
  /** Until then nobody dies. */
  #sparedUntil = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(self: NodeId, parts: LivingNodesParts, leaseMs: number) {
    this.#self = self;
    this.#parts = parts;
    this.#leaseMs = leaseMs;
  }

  /** The others that live, in the order of their ids. */
  get others(): readonly LivingNode[] {
    return [...this.#living.values()].filter(({ nodeId }) => nodeId !== this.#self);
  }

  /** Nodes whose lease ran out and that nobody has cleared away yet. */
  get dead(): ReadonlySet<NodeId> {
    return this.#dead;
  }

  /** @returns undefined if it is dead, has left, or is not known yet: look() finds out. */
  find(nodeId: NodeId): LivingNode | undefined {
    return this.#living.get(nodeId);
  }

  listen(listener: LivingNodesListener): void {
    this.#listeners.push(listener);
  }

  /** Looks, and keeps looking. Never rejects: with the registry away the first view is empty. */
  async start(): Promise<void> {
    this.#cancel = this.#parts.clock.every(this.#leaseMs / 3, () => void this.look());
    await this.look();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancelDue?.();
  }

  /**
   * Looks at a time after this call. Calls share a look; two looks begin at least LIVING_LOOK_MS_MIN apart.
   *
   * @returns false if the registry was away, and the view is the one before.
   */
  look(): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(false);
    this.#next ??= this.#lookNext();
    return this.#next;
  }

  async #lookNext(): Promise<boolean> {
    await this.#looking;
    const { clock } = this.#parts;
    const waitMs = this.#lookedAt + LIVING_LOOK_MS_MIN - clock.monotonic();
    if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    this.#next = undefined;
    this.#lookedAt = clock.monotonic();
    this.#looking = this.#lookNow();
    return this.#looking;
  }

  async #lookNow(): Promise<boolean> {
    const { registry, clock, logger } = this.#parts;
    try {
      const seen = await withDeadline(clock, this.#leaseMs / 3, "list the nodes", registry.list());
      if (this.#stopped) return true;
      if (this.#blind) this.#sparedUntil = clock.monotonic() + this.#leaseMs;
      this.#blind = false;
      this.#update(...this.#spare(seen), new Set(seen.toldAll));
      this.#lookWhenDue(seen);
      return true;
    } catch (error) {
      this.#blind = true;
      logger.warn("nodes not listed", { error });
      return false;
    }
  }

  /** Who lived before the registry was away gets time to renew the lease that ran out meanwhile. */
  #spare({ living, dead }: NodesSeen): [readonly LivingNode[], ReadonlySet<NodeId>] {
    if (this.#parts.clock.monotonic() >= this.#sparedUntil) return [living, new Set(dead)];
    const spared = dead.flatMap((nodeId) => this.#living.get(nodeId) ?? []);
    const left = dead.filter((nodeId) => !this.#living.has(nodeId));
    return [[...living, ...spared], new Set(left)];
  }

  /** Who renews in time has two thirds of a lease left: only of others it is known that they may die before the next look. */
  #lookWhenDue({ now, living }: NodesSeen): void {
    const { clock } = this.#parts;
    this.#cancelDue?.();
    const dueMs = Math.min(...living.map(({ leaseExpiresAt }) => leaseExpiresAt - now));
    if (dueMs < this.#leaseMs / 3) this.#cancelDue = clock.after(dueMs + 1, () => void this.look());
  }

  #update(living: readonly LivingNode[], dead: ReadonlySet<NodeId>, toldAll: ReadonlySet<NodeId>): void {
    const before = this.#living;
    const deadBefore = this.#dead;
    this.#living = new Map(living.map((node) => [node.nodeId, node]));
    this.#dead = dead;
    for (const node of before.values()) {
      if (this.#living.has(node.nodeId) || node.nodeId === this.#self) continue;
      if (node.status === "draining" && !dead.has(node.nodeId)) this.#left(node.nodeId);
      else this.#died(node.nodeId, toldAll.has(node.nodeId), node.status);
    }
    for (const nodeId of dead) {
      if (!deadBefore.has(nodeId) && !before.has(nodeId) && nodeId !== this.#self)
        this.#died(nodeId, toldAll.has(nodeId));
    }
    for (const node of living) {
      if (before.has(node.nodeId) || node.nodeId === this.#self) continue;
      this.#parts.logger.info("node appeared", { peer: node.nodeId, rpcAddress: node.rpcAddress });
      for (const listener of this.#listeners) listener.appeared?.(node);
    }
  }

  #died(nodeId: NodeId, toldAll: boolean, status?: LivingNode["status"]): void {
    if (status === "draining") this.#parts.logger.info("node left", { peer: nodeId });
    else this.#parts.logger.warn("node died", { peer: nodeId });
    for (const listener of this.#listeners) listener.died?.(nodeId, toldAll);
  }

  #left(nodeId: NodeId): void {
    this.#parts.logger.info("node left", { peer: nodeId });
    for (const listener of this.#listeners) listener.left?.(nodeId);
  }
}
