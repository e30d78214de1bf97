/**
 * OpsService: what operators look at and turn, in terms of the core. The contract is proto/prim/v1/ops.proto.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import type { AppPlatform, NodeId, UserId } from "../../base/ids.ts";
import { DRAIN_MS_MAX } from "../../base/limits.ts";
import type { AdjustableLogger, LogLevel } from "../../base/logger.ts";
import { parseChannelId } from "../../core/channel.ts";
import type { Wire } from "../../core/connection.ts";
import type { LivingNode, NodeRecord } from "../../core/node-registry.ts";
import type { NodeStateReporter, SessionEntry } from "../../core/node-state.ts";
import {
  LogLevel as LevelOnWire,
  type NodeSchema,
  type NodeStateSchema,
  NodeStatus,
  type OpsService,
  type SessionInfoSchema,
  SessionWire,
} from "../../gen/prim/v1/ops_pb.ts";
import { decodePageToken, encodePageToken, sessionPlace } from "./page-token.ts";

/** What the parts of a node count for themselves, since the start. */
export interface NodeCounts {
  /** Client frames and calls taken. */
  readonly requests: number;
  /** Messages stored. */
  readonly messages: number;
  /** Pushes handed to sessions. */
  readonly deliveries: number;
  /** Streams ended for being read too slowly. */
  readonly slowClosed: number;
}

export interface OpsServiceParts {
  readonly reporter: NodeStateReporter;
  readonly counts: () => NodeCounts;
  readonly storage: {
    readonly name: "memory" | "sqlite" | "redis";
    /** Whether the store answers; never rejects. */
    readonly answers: () => Promise<boolean>;
  };
  /** The living nodes; undefined where there is only one. */
  readonly nodes: (() => Promise<readonly LivingNode[]>) | undefined;
  /** Living peers that this node has a link to. */
  readonly peersLinked: () => number;
  /** host:port of the RPC port, as peers reach it. */
  readonly rpcAddress: () => string;
  readonly logger: AdjustableLogger;
  readonly clock: Clock;
  /** Begins to stop the process; repeating it is safe. */
  readonly requestStop: (graceMs: number) => void;
}

const PAGE_SIZE_DEFAULT = 100;
const WATCH_PERIOD_MS_DEFAULT = 1_000;

const WIRES: Readonly<Record<Wire, SessionWire>> = {
  websocket_json: SessionWire.WEBSOCKET_JSON,
  websocket_protobuf: SessionWire.WEBSOCKET_PROTOBUF,
  stream: SessionWire.RPC,
};

const STATUSES: Readonly<Record<NodeRecord["status"], NodeStatus>> = {
  starting: NodeStatus.STARTING,
  serving: NodeStatus.SERVING,
  draining: NodeStatus.DRAINING,
};

const LEVELS: Readonly<Record<LogLevel, LevelOnWire>> = {
  debug: LevelOnWire.DEBUG,
  info: LevelOnWire.INFO,
  warn: LevelOnWire.WARN,
  error: LevelOnWire.ERROR,
  // The interface has no word for it.
  silent: LevelOnWire.UNSPECIFIED,
};

export function createOpsService(parts: OpsServiceParts): ServiceImpl<typeof OpsService> {
  const { reporter, logger, clock } = parts;
  return {
    getState: async () => ({ state: await stateInit(parts) }),

    async listNodes() {
      const living = await parts.nodes?.();
      if (living !== undefined)
        return { nodes: living.map((node) => nodeInit(node, reporter.state().nodeId)) };
      const { nodeId, startedAt, draining, connections, sessions } = reporter.state();
      const status = statusOf(draining);
      const self = {
        nodeId,
        rpcAddress: parts.rpcAddress(),
        status,
        startedAtMs: BigInt(startedAt),
        self: true,
        version: reporter.state().version,
        generation: 1,
        connections: BigInt(connections),
        sessions: BigInt(sessions),
      };
      return { nodes: [self] };
    },

    listSessions(request) {
      const { userId, appPlatform, channel, wire, backlogBytesMin, pageSize, pageToken } = request;
      const page = reporter.findSessions({
        userId: userId === "" ? undefined : (userId as UserId),
        appPlatform: appPlatform === 0 ? undefined : (appPlatform as AppPlatform),
        channel: channel === "" ? undefined : parseChannelId(channel),
        wire: keyOf(WIRES, wire),
        backlogBytesMin: backlogBytesMin === 0n ? undefined : Number(backlogBytesMin),
        after: decodePageToken(pageToken, sessionPlace)?.[0] ?? 0,
        limit: pageSize || PAGE_SIZE_DEFAULT,
      });
      const next = page.next === undefined ? undefined : [page.next];
      return { sessions: page.sessions.map(sessionInit), nextPageToken: encodePageToken(next) };
    },

    getSession({ sessionId }) {
      const found = reporter.session(sessionId);
      if (found === undefined)
        throw new PrimError("not_found", "Cannot show the session: it is not on this node");
      return { session: { ...sessionInit(found.entry), channels: [...found.channels] } };
    },

    async *watchState({ periodMs }, { signal }) {
      while (!signal.aborted) {
        yield { state: await stateInit(parts) };
        await pause(clock, periodMs || WATCH_PERIOD_MS_DEFAULT, signal);
      }
    },

    setLogLevel({ level }) {
      const previous = LEVELS[logger.level];
      const next = keyOf(LEVELS, level);
      if (next !== undefined) logger.setLevel(next);
      return { previous };
    },

    drain({ graceMs }) {
      const { sessions } = reporter.state();
      parts.requestStop(graceMs || DRAIN_MS_MAX);
      return { sessions: BigInt(sessions) };
    },
  };
}

async function stateInit(parts: OpsServiceParts): Promise<MessageInitShape<typeof NodeStateSchema>> {
  const storageOk = await parts.storage.answers();
  const state = parts.reporter.state();
  const counts = parts.counts();
  return {
    nodeId: state.nodeId,
    version: state.version,
    status: statusOf(state.draining),
    startedAtMs: BigInt(state.startedAt),
    connections: BigInt(state.connections),
    sessions: BigInt(state.sessions),
    users: BigInt(state.users),
    channels: BigInt(state.channels),
    requestsTotal: BigInt(counts.requests),
    messagesTotal: BigInt(counts.messages),
    deliveriesTotal: BigInt(counts.deliveries),
    slowClosedTotal: BigInt(counts.slowClosed),
    appendsWaiting: BigInt(state.sendsUnderWay),
    rssBytes: BigInt(state.memory.rssBytes),
    heapBytes: BigInt(state.memory.heapUsedBytes),
    loopLagMs: state.eventLoopLagMs.max,
    storage: parts.storage.name,
    storageOk,
    peersLinked: parts.peersLinked(),
  };
}

function nodeInit(node: LivingNode, self: NodeId): MessageInitShape<typeof NodeSchema> {
  const { nodeId, rpcAddress, status, startedAt, leaseExpiresAt, version, generation, load } = node;
  return {
    nodeId,
    rpcAddress,
    status: STATUSES[status],
    startedAtMs: BigInt(startedAt),
    leaseExpiresAtMs: BigInt(leaseExpiresAt),
    self: nodeId === self,
    version,
    generation,
    connections: BigInt(load.connections),
    sessions: BigInt(load.sessions),
  };
}

function sessionInit(entry: SessionEntry): MessageInitShape<typeof SessionInfoSchema> {
  return {
    sessionId: entry.sessionId,
    userId: entry.userId ?? "",
    appPlatform: entry.appPlatform ?? 0,
    wire: WIRES[entry.wire],
    remoteAddress: entry.remoteAddress,
    connectedAtMs: BigInt(entry.connectedAt),
    heardAtMs: BigInt(entry.heardAt),
    backlogBytes: BigInt(entry.backlogBytes),
    channelCount: entry.channelCount,
  };
}

function statusOf(draining: boolean): NodeStatus {
  return draining ? NodeStatus.DRAINING : NodeStatus.SERVING;
}

/** The name that stands for a value; undefined for 0, which stands for nothing said. */
function keyOf<K extends string, V extends number>(table: Readonly<Record<K, V>>, value: V): K | undefined {
  if (value === 0) return undefined;
  return (Object.keys(table) as K[]).find((key) => table[key] === value);
}

/** Resolves after the time, or when the call ends. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
