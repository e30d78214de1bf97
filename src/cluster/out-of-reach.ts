/**
 * OutOfReach: the living peers from which messages may not come, because a link with them is broken. Until it is
 * mended this node looks at its log now and then: a network that parts two nodes but neither of them from the
 * store must not keep their users apart.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import { OUT_OF_REACH_RESYNC_MS } from "../base/limits.ts";

/** `in`: its link to this node. `out`: the link of this node to it. */
export type Way = "in" | "out";

export class OutOfReach {
  readonly #clock: Clock;
  readonly #resync: () => void;
  readonly #ways: Readonly<Record<Way, Set<NodeId>>> = { in: new Set(), out: new Set() };
  #cancel: Cancel | undefined;

  /** @param resync called every OUT_OF_REACH_RESYNC_MS while somebody is out of reach. */
  constructor(clock: Clock, resync: () => void) {
    this.#clock = clock;
    this.#resync = resync;
  }

  /** Peers to whom or from whom the way is broken. */
  get peers(): ReadonlySet<NodeId> {
    return this.#ways.in.union(this.#ways.out);
  }

  broken(nodeId: NodeId, way: Way): void {
    this.#ways[way].add(nodeId);
    this.#cancel ??= this.#clock.every(OUT_OF_REACH_RESYNC_MS, this.#resync);
  }

  mended(nodeId: NodeId, way: Way): void {
    this.#ways[way].delete(nodeId);
    if (this.#ways.in.size === 0 && this.#ways.out.size === 0) this.stop();
  }

  /** The node is dead or has stopped: nothing will come from it. */
  gone(nodeId: NodeId): void {
    this.mended(nodeId, "in");
    this.mended(nodeId, "out");
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
