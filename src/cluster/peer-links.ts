/**
 * PeerLinks: what happens here goes to the peers that are interested, over one link each.
 *
 * An item is made once for all of them, and only if somebody takes it. A node that is named and not known, because
 * it has just started, is looked for once; what is meant for it waits meanwhile. One that isn't found is dead:
 * nobody has to be told.
 */
import type { ChannelId, NodeId } from "../base/ids.ts";
import { HELD_ITEMS_MAX, NODES_MISSED_MAX, UNKNOWN_NODES_MAX } from "../base/limits.ts";
import type { Message } from "../core/message.ts";
import type { LivingNode } from "../core/node-registry.ts";
import type { Peers } from "../core/peers.ts";
import type { Push } from "../core/pushes.ts";
import { messageText, pushText } from "./link-items.ts";
import type { LivingNodes } from "./living-nodes.ts";
import type { PeerLink, PeerLinkState } from "./peer-link.ts";

/** Items for a node that is being looked for. */
interface Held {
  readonly items: string[];
  /** Items that found no room. */
  dropped: number;
}

export class PeerLinks implements Peers {
  readonly #self: NodeId;
  readonly #living: LivingNodes;
  readonly #newLink: (node: LivingNode) => PeerLink;
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #held = new Map<NodeId, Held>();
  /** Nodes that were not there when something was meant for them. Should one come, it is told to read its log. */
  readonly #missed = new Set<NodeId>();
  #stopped = false;

  /** @param newLink makes the link to a peer; it is not opened yet. */
  constructor(self: NodeId, living: LivingNodes, newLink: (node: LivingNode) => PeerLink) {
    this.#self = self;
    this.#living = living;
    this.#newLink = newLink;
  }

  /** Each peer that something was said to, since it lives. */
  get states(): ReadonlyMap<NodeId, PeerLinkState> {
    return new Map([...this.#links].map(([nodeId, link]) => [nodeId, link.state]));
  }

  forward(nodes: readonly NodeId[], message: Message): void {
    this.#say(nodes, () => messageText(message));
  }

  relay(nodes: readonly NodeId[], channel: ChannelId, push: Push): void {
    this.#say(nodes, () => pushText(channel, push));
  }

  /**
   * Has all living peers read their logs: something may be stored that nobody told them of, as when the store was away
   * before it had answered.
   */
  lookAgain(): void {
    if (this.#stopped) return;
    for (const { nodeId } of this.#living.others) this.#linkTo(nodeId)?.lookAgain();
  }

  /**
   * The node lives. Had something been meant for it while it didn't, it is told at once to read its log: it may have
   * read it before that was stored, and nothing more might ever be meant for it.
   */
  appeared(nodeId: NodeId): void {
    if (!this.#stopped && this.#missed.has(nodeId)) this.#linkTo(nodeId);
  }

  /** The node is no more: nothing is kept for it. */
  drop(nodeId: NodeId): void {
    const link = this.#links.get(nodeId);
    if (link === undefined) return;
    link.drop();
    this.#links.delete(nodeId);
    this.#miss(nodeId);
  }

  /**
   * Sends what waits, says goodbye, and takes nothing more. Repeating it is safe.
   *
   * @returns whether all peers have taken everything that was said to them.
   */
  async close(): Promise<boolean> {
    this.#stopped = true;
    const isHeld = this.#held.size > 0;
    this.#held.clear();
    const told = await Promise.all([...this.#links.values()].map((link) => link.close()));
    return !isHeld && told.every(Boolean);
  }

  #say(nodes: readonly NodeId[], make: () => string): void {
    if (this.#stopped) return;
    let item: string | undefined;
    for (const nodeId of nodes) {
      if (nodeId === this.#self) continue;
      const link = this.#linkTo(nodeId);
      if (link?.isDropping) {
        link.miss(1);
        continue;
      }
      item ??= make();
      if (link === undefined) this.#hold(nodeId, item);
      else link.say(item);
    }
  }

  #linkTo(nodeId: NodeId): PeerLink | undefined {
    const known = this.#links.get(nodeId);
    if (known !== undefined) return known;
    const node = this.#living.find(nodeId);
    if (node === undefined) return undefined;
    const link = this.#newLink(node);
    this.#links.set(nodeId, link);
    if (this.#missed.delete(nodeId)) link.miss(1);
    return link;
  }

  #hold(nodeId: NodeId, item: string): void {
    if (this.#missed.has(nodeId)) return;
    let held = this.#held.get(nodeId);
    if (held === undefined) {
      if (this.#living.dead.has(nodeId) || this.#held.size >= UNKNOWN_NODES_MAX) {
        this.#miss(nodeId);
        return;
      }
      held = { items: [], dropped: 0 };
      this.#held.set(nodeId, held);
      void this.#living.look().then(() => this.#release(nodeId));
    }
    if (held.items.length < HELD_ITEMS_MAX) held.items.push(item);
    else held.dropped += 1;
  }

  #release(nodeId: NodeId): void {
    const held = this.#held.get(nodeId);
    this.#held.delete(nodeId);
    if (held === undefined || this.#stopped) return;
    const link = this.#linkTo(nodeId);
    if (link === undefined) {
      this.#miss(nodeId);
      return;
    }
    for (const item of held.items) link.say(item);
    if (held.dropped > 0) link.miss(held.dropped);
  }

  #miss(nodeId: NodeId): void {
    // Who was dead for so many others' deaths will hardly come back; if so it has regained its lease, and reads its log.
    const [oldest] = this.#missed;
    if (oldest !== undefined && this.#missed.size >= NODES_MISSED_MAX) this.#missed.delete(oldest);
    this.#missed.add(nodeId);
  }
}
