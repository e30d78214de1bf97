/**
 * NodeLease: this node's claim to be alive, renewed every third of its life, and sooner again where that failed.
 *
 * A lease that ran out is a small death: others may have cleared away what this node had noted, and dropped what it
 * should have been told. So when it is taken again the node counts a new generation, and everything is asserted anew.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { withDeadline } from "../base/deadline.ts";
import { CLEAR_LOCK_MS } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { NodeRecord, NodeRegistry } from "../core/node-registry.ts";

export interface NodeLeaseParts {
  readonly registry: Pick<NodeRegistry, "renew" | "release">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the node is now, without its generation. */
  readonly describe: () => Omit<NodeRecord, "generation">;
  /** The lease was lost and is there again. */
  readonly onRegained: () => void;
}

export class NodeLease {
  readonly #parts: NodeLeaseParts;
  readonly #leaseMs: number;
  #generation = 1;
  /** When the last renewal that succeeded began: the lease lasts at least from there. */
  #renewedAt: number | undefined;
  /** Since the lease was held last it ran out, by our clock or the registry's. */
  #lost = false;
  #renewing: Promise<void> | undefined;
  #cancel: Cancel | undefined;
  #cancelRetry: Cancel | undefined;

  /** @param leaseMs LEASE_MS_MIN to LEASE_MS_MAX. */
  constructor(parts: NodeLeaseParts, leaseMs: number) {
    this.#parts = parts;
    this.#leaseMs = leaseMs;
  }

  /** Counts the leases of this node, from 1. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether others may take this node for alive: false before the first lease, and when it may have run out. */
  get isAlive(): boolean {
    return this.#renewedAt !== undefined && this.#parts.clock.monotonic() < this.#renewedAt + this.#leaseMs;
  }

  /**
   * Takes the lease, and keeps it from then on.
   *
   * @throws {PrimError} `unavailable` or `deadline_exceeded` if the registry is away; nothing is kept then.
   */
  async start(): Promise<void> {
    await this.#renewOnce();
    this.#cancel = this.#parts.clock.every(this.#leaseMs / 3, () => this.#tick());
  }

  /** Renews at once, to tell others of a new status. Never rejects: the next renewal tells it too. */
  async publish(): Promise<void> {
    await this.#renewing;
    await this.#renew();
  }

  /**
   * Gives the lease back. Never rejects: what can't be given back runs out.
   *
   * @param toldAll whether these may be its last words: the others have heard of everything.
   */
  async stop(toldAll: boolean): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#cancelRetry?.();
    const { clock, logger, describe } = this.#parts;
    const { nodeId } = describe();
    try {
      await withDeadline(clock, this.#leaseMs / 3, "release the lease", this.#release(toldAll));
    } catch (error) {
      logger.warn("node lease not released", { nodeId, error });
    }
  }

  async #release(toldAll: boolean): Promise<void> {
    const { registry, describe } = this.#parts;
    const record = { ...describe(), generation: this.#generation };
    // Only who has kept the lease knows that nobody has cleared away what it had noted, and dropped what it should have told.
    const mayTell = toldAll && this.isAlive && !this.#lost;
    // A renewal that came after the release would take the lease again.
    await this.#renewing;
    this.#renewedAt = undefined;
    if (mayTell) await registry.renew({ ...record, toldAll: true }, this.#leaseMs);
    await registry.release(record.nodeId);
  }

  #tick(): void {
    if (!this.isAlive && !this.#lost) {
      this.#lost = true;
      this.#parts.logger.error("node lease lost: the registry could not be reached for a whole lease");
    }
    if (this.#renewing === undefined) void this.#renew();
  }

  #renew(): Promise<void> {
    this.#renewing = this.#renewOnce()
      .catch((error: unknown) => {
        this.#parts.logger.warn("node lease not renewed", { error });
        this.#retrySoon();
      })
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  /** A third of a lease is too long to wait for a registry that was away for a moment: two such, and the lease is lost. */
  #retrySoon(): void {
    this.#cancelRetry?.();
    if (this.#cancel === undefined) return;
    this.#cancelRetry = this.#parts.clock.after(this.#leaseMs / 12, () => this.#tick());
  }

  async #renewOnce(): Promise<void> {
    const isFirst = this.#renewedAt === undefined && this.#generation === 1;
    const wasLost = this.#lost || (!isFirst && !this.isAlive);
    if (wasLost) this.#lost = true;
    const held = await this.#tell(wasLost ? this.#generation + 1 : this.#generation);
    if (isFirst) return;
    if (held && !wasLost) return;
    // Said once: whatever fails from here on, the next renewal knows.
    this.#lost = true;
    if (!wasLost) await this.#tell(this.#generation + 1);
    this.#lost = false;
    this.#generation += 1;
    this.#parts.logger.warn("node lease regained", { generation: this.#generation });
    this.#parts.onRegained();
  }

  /** Renews, and says whether the lease was held until then. */
  async #tell(generation: number): Promise<boolean> {
    const held = await this.#renewWith(generation);
    // It took long, since somebody was clearing after this node: where the lease was counted from is long ago.
    if (this.#parts.clock.monotonic() - (this.#renewedAt ?? 0) > this.#leaseMs / 3) {
      await this.#renewWith(generation);
    }
    return held;
  }

  async #renewWith(generation: number): Promise<boolean> {
    const { registry, clock, describe } = this.#parts;
    const startedAt = clock.monotonic();
    const renewal = registry.renew({ ...describe(), generation }, this.#leaseMs);
    // Who gives up sooner would miss the answer that says that the lease was lost; later it is known to be.
    const held = await withDeadline(clock, this.#leaseMs + CLEAR_LOCK_MS, "renew the lease", renewal);
    this.#renewedAt = startedAt;
    return held;
  }
}
