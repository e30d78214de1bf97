/**
 * Undertaker: has what dead nodes left cleared away, and their users' rooms told.
 *
 * Every living node tries, the registry lets one of them; who tried in vain tries again while the registry lists the dead, so
 * that one who dies over it is followed by another.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Gone, NodeRegistry } from "../core/node-registry.ts";

export interface UndertakerParts {
  readonly registry: Pick<NodeRegistry, "clear">;
  /** Nodes that are dead now. */
  readonly dead: () => ReadonlySet<NodeId>;
  /** Tells a room who is gone. */
  readonly announce: (gone: Gone) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Undertaker {
  readonly #parts: UndertakerParts;
  readonly #lookMax: number;
  readonly #clearing = new Set<NodeId>();
  #cancel: Cancel | undefined;

  /** @param lookMax as in NodeRegistry.clear(). */
  constructor(parts: UndertakerParts, lookMax: number) {
    this.#parts = parts;
    this.#lookMax = lookMax;
  }

  /** @param periodMs between two looks at who is still not cleared away. */
  start(periodMs: number): void {
    this.#cancel = this.#parts.clock.every(periodMs, () => {
      for (const nodeId of this.#parts.dead()) this.clear(nodeId);
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Begins to clear after a node. Repeating it is safe. */
  clear(nodeId: NodeId): void {
    if (this.#clearing.has(nodeId)) return;
    this.#clearing.add(nodeId);
    void this.#clear(nodeId).finally(() => this.#clearing.delete(nodeId));
  }

  async #clear(nodeId: NodeId): Promise<void> {
    const { registry, announce, logger } = this.#parts;
    try {
      for await (const gone of registry.clear(nodeId, this.#lookMax)) announce(gone);
    } catch (error) {
      logger.warn("dead node not cleared away", { peer: nodeId, error });
    }
  }
}
