/**
 * The part of the composition root that makes a node one of several: what it notes in Redis, and its links to the others.
 */
import { readFileSync } from "node:fs";
import type { Clock } from "./base/clock.ts";
import type { NodeId } from "./base/ids.ts";
import type { Logger } from "./base/logger.ts";
import { advertisedAddress } from "./cluster/advertised-address.ts";
import { Cluster } from "./cluster/cluster.ts";
import { NodeQuestions } from "./cluster/node-questions.ts";
import { Undertaker } from "./cluster/undertaker.ts";
import type { Config } from "./config/settings.ts";
import type { Announcer } from "./core/announcer.ts";
import type { Attendance } from "./core/attendance.ts";
import type { Fanout } from "./core/connection.ts";
import type { Delivery } from "./core/delivery.ts";
import type { PeerQuestions } from "./core/directory.ts";
import type { KickCommand } from "./core/kick.ts";
import type { LivingNode, NodeRecord } from "./core/node-registry.ts";
import type { Peers } from "./core/peers.ts";
import { Resyncer } from "./core/resyncer.ts";
import type { Roster } from "./core/roster.ts";
import { NodeService } from "./gen/prim/v1/node_pb.ts";
import { RedisAttendance } from "./storage/redis/redis-attendance.ts";
import type { RedisConnection } from "./storage/redis/redis-connection.ts";
import { RedisNodeRegistry } from "./storage/redis/redis-node-registry.ts";
import { rpcService } from "./transport/rpc/rpc-handlers.ts";
import type { RpcInterfaceParts } from "./transport/rpc/rpc-interface.ts";
import type { ForwardCall } from "./transport/rpc/token-routing.ts";

export interface AppClusterParts {
  readonly config: Config;
  readonly redis: RedisConnection;
  readonly nodeId: NodeId;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly roster: Roster;
  readonly delivery: Delivery;
  /** Has the open channels joined again. */
  readonly resyncer: Resyncer;
  /** To the connections of this node. */
  readonly fanout: Fanout;
  readonly announcer: () => Announcer;
  readonly kick: (command: KickCommand) => number;
  readonly status: () => NodeRecord["status"];
  readonly load: () => NodeRecord["load"];
}

export interface AppCluster {
  readonly peers: Peers;
  readonly attendance: Attendance;
  readonly questions: PeerQuestions;
  /** What is served to other nodes. */
  readonly rpc: NonNullable<RpcInterfaceParts["peers"]>;
  /** Other nodes that live, as far as is known here. */
  others(): number;
  /** Peers with a link from here. */
  linkedPeers(): number;
  /** The living nodes; this one is among them. @throws {PrimError} `unavailable`. */
  nodes(): Promise<readonly LivingNode[]>;
  /** Call it when the port stands on which `rpc` is served. @throws {PrimError} `unavailable`, `deadline_exceeded`. */
  start(rpcPort: number): Promise<void>;
  /** Tells the others what the node does now. */
  publishStatus(): void;
  /** Call it when the sessions are gone and before the port closes. Repeating it is safe. */
  stop(): Promise<void>;
}

export function createAppCluster(parts: AppClusterParts): AppCluster {
  const { config, redis, nodeId, version, clock, logger, roster, delivery, resyncer, fanout } = parts;
  const leaseMs = config.cluster.leaseSeconds * 1_000;
  const registry = new RedisNodeRegistry(redis, { nodeId, clock });
  const attendance = new RedisAttendance(redis, { nodeId, clock });
  const finder = new Resyncer(() => delivery.findMissed(), clock, logger);
  const attender = new Resyncer(() => parts.announcer().attendAgain(), clock, logger);
  redis.onBack(() => {
    attender.look();
    if (!started) return;
    // The lease may have run out meanwhile, and what was stored without an answer was told to nobody.
    void cluster.publishStatus();
    cluster.peers.lookAgain();
  });
  let started = false;
  const undertaker = new Undertaker(
    {
      registry,
      dead: () => cluster.living.dead,
      announce: (gone) => parts.announcer().gone(gone),
      clock,
      logger,
    },
    config.room.announceMax,
  );
  const { tlsCa } = config.cluster;
  const cluster = new Cluster(
    {
      registry,
      own: { roster, kick: parts.kick },
      clock,
      logger,
      receiver: {
        deliver: (message) => delivery.deliver(message),
        publishLocally: (channel, push) => fanout.publish(channel, push),
      },
      // Who was taken for dead may be interested in nothing any more; else only messages can be missing.
      resync: (reasons) => (reasons.includes("lease regained") ? resyncer : finder).look(),
      onRegained: () => attender.look(),
      onDied: (dead) => undertaker.clear(dead),
      status: parts.status,
      load: parts.load,
    },
    {
      nodeId,
      version,
      startedAt: clock.now(),
      leaseMs,
      ...(config.rpc.tlsCert === ""
        ? {}
        : { tls: { ca: tlsCa === "" ? undefined : readFileSync(tlsCa, "utf8") } }),
    },
  );
  // A call of ChatService comes with its bytes, since the doors parse nothing.
  const forward: ForwardCall = (node, { url, method, header, body, signal }) =>
    cluster.forward(node, { url, method, header, signal, body: body as AsyncIterable<Uint8Array> });
  return {
    peers: cluster.peers,
    attendance,
    questions: new NodeQuestions(cluster.calls),
    rpc: { service: rpcService(NodeService, cluster.service), gate: cluster.gate, forward },
    others: () => cluster.living.others.length,
    linkedPeers: () => [...cluster.peers.states.values()].filter(({ isOpen }) => isOpen).length,
    nodes: async () => (await registry.list()).living,
    async start(rpcPort) {
      const { advertise } = config.cluster;
      started = true;
      await cluster.start(advertisedAddress({ advertise, host: config.app.host, rpcPort }));
      undertaker.start(leaseMs);
    },
    publishStatus() {
      if (started) void cluster.publishStatus();
    },
    async stop() {
      undertaker.stop();
      attender.stop();
      finder.stop();
      if (!started) return;
      started = false;
      await cluster.stop();
    },
  };
}
