/**
 * For tests: the cluster part of a node, with a real RPC port, and a note of all that reaches it.
 */
import { systemClock } from "../../src/base/clock.ts";
import { type AppPlatform, type ChannelId, type NodeId, newNodeId } from "../../src/base/ids.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { Cluster } from "../../src/cluster/cluster.ts";
import type { LinkVersions } from "../../src/cluster/link-items.ts";
import type { ResyncReason } from "../../src/cluster/resync.ts";
import type { Message } from "../../src/core/message.ts";
import type { NodeRecord, NodeRegistry } from "../../src/core/node-registry.ts";
import type { Push } from "../../src/core/pushes.ts";
import { NodeService } from "../../src/gen/prim/v1/node_pb.ts";
import { drainingError } from "../../src/transport/rpc/errors.ts";
import { createPeerHandlers, rpcService } from "../../src/transport/rpc/rpc-handlers.ts";
import { RpcServer, type RpcServerOptions } from "../../src/transport/rpc/rpc-server.ts";
import { TrustedProxies } from "../../src/transport/trusted-proxies.ts";
import { eventually } from "../deadline.ts";

export interface ClusterNodeOptions {
  readonly nodeId?: NodeId;
  readonly leaseMs?: number;
  readonly logger?: Logger;
  readonly linkVersions?: LinkVersions;
  readonly tls?: RpcServerOptions["tls"];
  /** Certificates to trust; clear text if absent. */
  readonly ca?: string;
  /** Where others are told to find it, if not at its own port. */
  readonly address?: (port: number) => Promise<string> | string;
  /** Called for each message; a promise is waited for. */
  readonly onMessage?: (message: Message) => void | Promise<void>;
}

export class ClusterNode implements AsyncDisposable {
  readonly nodeId: NodeId;
  readonly cluster: Cluster;
  /** Users who are online here, on platform 101. */
  readonly online = new Set<string>();
  readonly messages: Message[] = [];
  readonly pushes: { readonly channel: ChannelId; readonly push: Push }[] = [];
  readonly resyncs: ResyncReason[] = [];
  readonly deaths: NodeId[] = [];
  regained = 0;
  status: NodeRecord["status"] = "serving";
  rpcAddress = "";
  readonly #draining = new AbortController();
  #server: RpcServer | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(registry: NodeRegistry, options: ClusterNodeOptions) {
    this.nodeId = options.nodeId ?? newNodeId();
    const { onMessage, leaseMs = 10_000, linkVersions } = options;
    this.cluster = new Cluster(
      {
        registry,
        own: {
          roster: {
            isOnline: (userId, platform) =>
              this.online.has(userId) && (platform === undefined || platform === (101 as AppPlatform)),
            list: () => ({ users: [], total: 0, next: undefined }),
            listByPlatform: () => ({ users: [], total: 0, more: false }),
          },
          kick: () => 0,
        },
        logger: options.logger ?? silentLogger,
        receiver: {
          deliver: (message) => {
            this.messages.push(message);
            return onMessage?.(message);
          },
          publishLocally: (channel, push) => void this.pushes.push({ channel, push }),
        },
        resync: (reasons) => void this.resyncs.push(...reasons),
        onRegained: () => {
          this.regained += 1;
        },
        onDied: (nodeId) => void this.deaths.push(nodeId),
        status: () => this.status,
        load: () => ({ connections: 0, sessions: 0 }),
      },
      {
        nodeId: this.nodeId,
        version: "test",
        startedAt: Date.now(),
        leaseMs,
        ...(linkVersions === undefined ? {} : { linkVersions }),
        ...(options.tls === undefined ? {} : { tls: { ca: options.ca } }),
      },
    );
  }

  static async start(registry: NodeRegistry, options: ClusterNodeOptions = {}): Promise<ClusterNode> {
    const node = new ClusterNode(registry, options);
    const logger = options.logger ?? silentLogger;
    const { service, gate } = node.cluster;
    const server = await RpcServer.listen({
      handlers: createPeerHandlers(rpcService(NodeService, service), gate, {
        log: logger,
        clock: systemClock,
        draining: node.#draining.signal,
      }),
      hostname: "127.0.0.1",
      port: 0,
      tls: options.tls,
      proxies: new TrustedProxies([]),
      log: logger,
      clock: systemClock,
    });
    node.#server = server;
    node.rpcAddress = (await options.address?.(server.port)) ?? `127.0.0.1:${server.port}`;
    await node.cluster.start(node.rpcAddress);
    return node;
  }

  /** HTTP/2 connections to this node now. */
  get connections(): number {
    return this.#server?.connections ?? 0;
  }

  say(to: readonly ClusterNode[], ...messages: readonly Message[]): void {
    const nodes = to.map(({ nodeId }) => nodeId);
    for (const message of messages) this.cluster.peers.forward(nodes, message);
  }

  /** Waits until so many messages have come. */
  async received(count: number): Promise<void> {
    await eventually(
      () => this.messages.length,
      (length) => length >= count,
      `${count} messages`,
    );
  }

  /** As an app stops, without the draining of its sessions. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Closes the port, but leaves the lease and the links: what others see of a network that is gone. */
  async closePort(): Promise<void> {
    await this.#server?.stop(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    await this.cluster.stop();
    this.#draining.abort(drainingError());
    await this.#server?.stop(500);
  }
}
