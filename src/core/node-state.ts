/**
 * NodeState: what an operator wants to know of this node, in numbers, and on demand in lists.
 */
import type { Clock } from "../base/clock.ts";
import type { AppPlatform, ChannelId, NodeId, SessionId, UserId } from "../base/ids.ts";
import { DEBUG_LIST_MAX } from "../base/limits.ts";
import type { Delivery } from "./delivery.ts";
import type { Hub } from "./hub.ts";
import type { Publisher } from "./publisher.ts";

/** What the process itself says; observe/ measures it. */
export interface ProcessState {
  readonly cpuCount: number;
  /** User and system time of this process since its start, in seconds. */
  readonly cpuSeconds: number;
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number };
  /** How late timers were in the last measuring period, in milliseconds. */
  readonly eventLoopLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface NodeState extends ProcessState {
  readonly nodeId: NodeId;
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly uptimeSeconds: number;
  readonly draining: boolean;
  /** Open connections, logged in or not. */
  readonly connections: number;
  /** Connections that are logged in. */
  readonly sessions: number;
  /** Users, each counted once per platform. */
  readonly users: number;
  readonly rooms: number;
  /** Channels of any kind with a session here. */
  readonly channels: number;
  /** Messages taken and not yet answered for. */
  readonly sendsUnderWay: number;
}

export interface SessionEntry {
  readonly sessionId: SessionId;
  readonly remoteAddress: string;
  readonly userId: UserId | undefined;
  readonly appPlatform: AppPlatform | undefined;
  /** Unix milliseconds; loggedInAt is 0 if it is not logged in. */
  readonly connectedAt: number;
  readonly loggedInAt: number;
  readonly heardAt: number;
}

export interface RoomEntry {
  readonly channel: ChannelId;
  readonly members: number;
}

export interface NodeStateParts {
  readonly clock: Clock;
  readonly hub: Hub;
  readonly delivery: Delivery;
  readonly publisher: Publisher;
  readonly measureProcess: () => ProcessState;
  readonly isDraining: () => boolean;
}

export class NodeStateReporter {
  readonly #parts: NodeStateParts;
  readonly #nodeId: NodeId;
  readonly #version: string;
  readonly #startedAt: number;
  readonly #startedMonotonic: number;

  constructor(parts: NodeStateParts, nodeId: NodeId, version: string) {
    this.#parts = parts;
    this.#nodeId = nodeId;
    this.#version = version;
    this.#startedAt = parts.clock.now();
    this.#startedMonotonic = parts.clock.monotonic();
  }

  state(): NodeState {
    const { clock, hub, delivery, publisher, measureProcess, isDraining } = this.#parts;
    return {
      ...measureProcess(),
      nodeId: this.#nodeId,
      version: this.#version,
      startedAt: this.#startedAt,
      uptimeSeconds: Math.floor((clock.monotonic() - this.#startedMonotonic) / 1_000),
      draining: isDraining(),
      connections: hub.sessions.size,
      sessions: hub.loggedIn,
      users: hub.userCount,
      rooms: hub.rooms.size,
      channels: delivery.channelCount,
      sendsUnderWay: publisher.underWay,
    };
  }

  /** The oldest sessions, at most DEBUG_LIST_MAX. */
  sessions(): SessionEntry[] {
    const entries: SessionEntry[] = [];
    for (const session of this.#parts.hub.sessions) {
      if (entries.length === DEBUG_LIST_MAX) break;
      entries.push({
        sessionId: `${this.#nodeId}-${session.serial}` as SessionId,
        remoteAddress: session.connection.remoteAddress,
        userId: session.user?.userId,
        appPlatform: session.user?.appPlatform,
        connectedAt: session.connectedAt,
        loggedInAt: session.loggedInAt,
        heardAt: session.heardAt,
      });
    }
    return entries;
  }

  /** At most DEBUG_LIST_MAX rooms. */
  rooms(): RoomEntry[] {
    const entries: RoomEntry[] = [];
    for (const { channel, members } of this.#parts.hub.rooms.values()) {
      if (entries.length === DEBUG_LIST_MAX) break;
      entries.push({ channel, members: members.size });
    }
    return entries;
  }
}
