/**
 * Cluster: what a node does to be one of several, put together: its lease, its view of the others, the links both
 * ways, and calls. It owns the order in which these begin and end, and what brings a look at all open channels.
 */
import type { UniversalClientRequest, UniversalClientResponse } from "@connectrpc/connect/protocol";
import { type Clock, systemClock } from "../base/clock.ts";
import { withDeadline } from "../base/deadline.ts";
import { assert } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { type Random, systemRandom } from "../base/random.ts";
import type { LivingNode, NodeRecord, NodeRegistry } from "../core/node-registry.ts";
import type { LinkReceiver } from "./inbound-link.ts";
import { InboundLinks } from "./inbound-links.ts";
import { LINK_VERSIONS, type LinkVersions } from "./link-items.ts";
import { LinkOpenings } from "./link-openings.ts";
import { LivingNodes } from "./living-nodes.ts";
import { NodeLease } from "./node-lease.ts";
import { createNodeService, createPeerGate, type OwnAnswers } from "./node-service.ts";
import { OutOfReach } from "./out-of-reach.ts";
import { PeerCalls } from "./peer-calls.ts";
import { type PeerConnectionOptions, PeerConnections } from "./peer-connections.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerLinks } from "./peer-links.ts";
import { Resync, type ResyncReason } from "./resync.ts";

export interface ClusterParts {
  readonly registry: NodeRegistry;
  /** What this node answers to those who ask. */
  readonly own: OwnAnswers;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger: Logger;
  /** Where things go that peers say: Delivery.deliver() and the fan-out of this node. */
  readonly receiver: LinkReceiver;
  /**
   * Looks at all open channels again: something may have been missed. One look at a time, if it returns a promise.
   */
  readonly resync: (reasons: readonly ResyncReason[]) => void | Promise<void>;
  /** The lease was lost and is there again: everything this node has noted with others must be noted anew. */
  readonly onRegained: () => void;
  /** A node is dead: somebody has to clear away what it left (NodeRegistry.clear). */
  readonly onDied: (nodeId: NodeId) => void;
  readonly status: () => NodeRecord["status"];
  readonly load: () => NodeRecord["load"];
}

export interface ClusterOptions {
  readonly nodeId: NodeId;
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** LEASE_MS_MIN to LEASE_MS_MAX. */
  readonly leaseMs: number;
  readonly tls?: PeerConnectionOptions["tls"];
  /** What this node understands; those of this version if absent. */
  readonly linkVersions?: LinkVersions;
}

export class Cluster {
  /** NodeService and its gate, to be served on the RPC port. */
  readonly service: ReturnType<typeof createNodeService>;
  readonly gate: ReturnType<typeof createPeerGate>;
  readonly living: LivingNodes;
  readonly #parts: ClusterParts;
  readonly #options: ClusterOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #versions: LinkVersions;
  readonly #lease: NodeLease;
  readonly #inbound: InboundLinks;
  readonly #outOfReach: OutOfReach;
  readonly #resync: Resync;
  readonly #links: PeerLinks;
  readonly #calls: PeerCalls;
  readonly #openings = new LinkOpenings();
  #connections: PeerConnections | undefined;
  #secret: string | undefined;
  #rpcAddress = "";
  #linksOpened = 0;

  constructor(parts: ClusterParts, options: ClusterOptions) {
    this.#parts = parts;
    this.#options = options;
    const { registry, logger } = parts;
    const { nodeId, leaseMs } = options;
    this.#clock = parts.clock ?? systemClock;
    this.#random = parts.random ?? systemRandom;
    this.#versions = options.linkVersions ?? LINK_VERSIONS;
    const timed = { registry, clock: this.#clock, logger };
    this.#resync = new Resync(this.#clock, logger, parts.resync);
    this.#outOfReach = new OutOfReach(this.#clock, () => this.#resync.request("peer out of reach"));
    this.#lease = new NodeLease(
      { ...timed, describe: () => this.#describe(), onRegained: () => this.#onRegained() },
      leaseMs,
    );
    this.living = new LivingNodes(nodeId, timed, leaseMs);
    this.living.listen({ died: (id, toldAll) => this.#onDied(id, toldAll), left: (id) => this.#forget(id) });
    this.#inbound = new InboundLinks(nodeId, this.#versions, {
      clock: this.#clock,
      logger,
      receiver: parts.receiver,
      onOpen: (id) => this.#outOfReach.mended(id, "in"),
      onBroken: (id) => this.#onBroken(id),
      onMissed: () => this.#resync.request("peer dropped messages"),
    });
    this.#links = new PeerLinks(nodeId, this.living, (node) => this.#newLink(node));
    this.living.listen({ appeared: (node) => this.#links.appeared(node.nodeId) });
    this.#calls = new PeerCalls({
      self: nodeId,
      living: this.living,
      clientOf: (node) => this.#connectionsOpen().to(node).client,
      clock: this.#clock,
      random: this.#random,
      logger,
    });
    this.service = createNodeService(nodeId, this.#inbound, parts.own);
    this.gate = createPeerGate(() => this.#secret);
  }

  /** To other nodes, what happens here. */
  get peers(): PeerLinks {
    return this.#links;
  }

  /** Questions to other nodes. */
  get calls(): PeerCalls {
    return this.#calls;
  }

  /**
   * Hands a call on to another node as it is.
   *
   * @returns undefined if the node does not live or can't be reached.
   */
  async forward(
    nodeId: NodeId,
    request: UniversalClientRequest,
  ): Promise<UniversalClientResponse | undefined> {
    if (this.living.find(nodeId) === undefined) await this.living.look();
    const node = this.living.find(nodeId);
    if (node === undefined) return undefined;
    try {
      return await this.#connectionsOpen().to(node).forward(request);
    } catch (error) {
      this.#parts.logger.debug("call not handed on", { peer: nodeId, error });
      return undefined;
    }
  }

  /** Whether others take this node for alive. */
  get isAlive(): boolean {
    return this.#lease.isAlive;
  }

  /**
   * Makes this node one of the cluster, once its RPC port is open.
   *
   * @param rpcAddress host:port at which peers reach it.
   * @throws {PrimError} `unavailable` or `deadline_exceeded` if the registry is away.
   */
  async start(rpcAddress: string): Promise<void> {
    const { registry } = this.#parts;
    this.#rpcAddress = rpcAddress;
    const secret = await withDeadline(
      this.#clock,
      this.#options.leaseMs,
      "get the secret",
      registry.secret(),
    );
    this.#secret = secret;
    this.#connections = new PeerConnections({ secret, tls: this.#options.tls });
    await this.#lease.start();
    await this.living.start();
  }

  /** Tells the others the status at once: that this node drains, for example. */
  publishStatus(): Promise<void> {
    return this.#lease.publish();
  }

  /**
   * Leaves the cluster: sends what waits, says goodbye, and gives the lease back. To be called when the sessions are
   * gone and before the RPC port closes. Takes at most LINK_CLOSE_MS_MAX and a third of a lease. Never rejects.
   */
  async stop(): Promise<void> {
    this.living.stop();
    this.#resync.stop();
    this.#outOfReach.stop();
    const toldAll = await this.#links.close();
    this.#inbound.stop();
    await this.#lease.stop(toldAll);
    this.#connections?.close();
  }

  #describe(): Omit<NodeRecord, "generation"> {
    const { nodeId, version, startedAt } = this.#options;
    const linkVersions = this.#versions;
    const [status, load] = [this.#parts.status(), this.#parts.load()];
    return { nodeId, version, startedAt, linkVersions, rpcAddress: this.#rpcAddress, status, load };
  }

  #newLink(node: LivingNode): PeerLink {
    const { nodeId } = node;
    const connection = this.#connectionsOpen().to(node);
    return new PeerLink(nodeId, {
      clock: this.#clock,
      random: this.#random,
      logger: this.#parts.logger,
      open: connection.openLink,
      openings: this.#openings,
      hello: () => this.#hello(),
      onReach: (reached) => this.#outOfReach[reached ? "mended" : "broken"](nodeId, "out"),
      onSilence: () => connection.reset(),
    });
  }

  #hello() {
    this.#linksOpened += 1;
    const [versionOldest, versionNewest] = this.#versions;
    const { generation } = this.#lease;
    const serial = BigInt(this.#linksOpened);
    return { nodeId: this.#options.nodeId, versionOldest, versionNewest, generation, serial };
  }

  #onBroken(nodeId: NodeId): void {
    // Who is no more sends nothing; that it died is looked at when it is known.
    if (this.living.find(nodeId) !== undefined) this.#outOfReach.broken(nodeId, "in");
    this.#resync.request("link broken");
  }

  #onDied(nodeId: NodeId, toldAll: boolean): void {
    const hadLeft = toldAll || this.#inbound.saidGoodbye(nodeId);
    this.#forget(nodeId);
    // What it stored last it may not have told anybody. After its last words, or a goodbye, it had nothing left to tell.
    if (!hadLeft) this.#resync.request("peer died");
    this.#parts.onDied(nodeId);
  }

  #forget(nodeId: NodeId): void {
    this.#links.drop(nodeId);
    this.#inbound.forget(nodeId);
    this.#outOfReach.gone(nodeId);
    this.#connections?.drop(nodeId);
  }

  #onRegained(): void {
    this.#resync.request("lease regained");
    this.#parts.onRegained();
  }

  #connectionsOpen(): PeerConnections {
    assert(this.#connections !== undefined, "peers are known after the start only");
    return this.#connections;
  }
}
