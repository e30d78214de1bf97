/**
 * NodeState: what an operator wants to know of this node, in numbers, and on demand in lists.
 */
import type { Clock } from "../base/clock.ts";
import type { AppPlatform, ChannelId, NodeId, SessionId, UserId } from "../base/ids.ts";
import { DEBUG_LIST_MAX } from "../base/limits.ts";
import { BROADCAST, inboxOf } from "./channel.ts";
import type { Wire } from "./connection.ts";
import type { Delivery } from "./delivery.ts";
import { type Hub, roomsOf } from "./hub.ts";
import type { NodeReport } from "./machine-state.ts";
import type { Publisher } from "./publisher.ts";
import type { Session } from "./session.ts";

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

/** Which sessions; all that are given must hold. */
export interface SessionQuery {
  readonly userId?: UserId | undefined;
  readonly appPlatform?: AppPlatform | undefined;
  /** Members of this channel. */
  readonly channel?: ChannelId | undefined;
  readonly wire?: Wire | undefined;
  /** With at least so many bytes waiting to be read. */
  readonly backlogBytesMin?: number | undefined;
  /** Serial of the last session of the page before; 0 from the beginning. */
  readonly after: number;
  /** 1 to DEBUG_LIST_MAX. */
  readonly limit: number;
}

export interface SessionPage {
  /** In the order in which they were connected. */
  readonly sessions: readonly SessionEntry[];
  /** The `after` of the next page; undefined on the last. */
  readonly next: number | undefined;
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
  readonly wire: Wire;
  /** Bytes that wait for the client to read them. */
  readonly backlogBytes: number;
  /** Channels the session is a member of. */
  readonly channelCount: number;
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

  /** @param lists whether sessions and rooms are listed, or the lists stay empty. */
  report(lists: boolean): NodeReport {
    const { sessions, rooms } = lists ? { sessions: this.sessions(), rooms: this.rooms() } : NO_LISTS;
    return { state: this.state(), sessions, rooms };
  }

  /** The oldest sessions, at most DEBUG_LIST_MAX. */
  sessions(): SessionEntry[] {
    const entries: SessionEntry[] = [];
    for (const session of this.#parts.hub.sessions) {
      if (entries.length === DEBUG_LIST_MAX) break;
      entries.push(this.#entryOf(session));
    }
    return entries;
  }

  /** Looks through all sessions: some 10 ms for a million. */
  findSessions(query: SessionQuery): SessionPage {
    const found: Session[] = [];
    for (const session of this.#parts.hub.sessions) {
      if (session.serial <= query.after || !this.#matches(session, query)) continue;
      if (found.length === query.limit)
        return { sessions: this.#entriesOf(found), next: found.at(-1)?.serial };
      found.push(session);
    }
    return { sessions: this.#entriesOf(found), next: undefined };
  }

  /** One session with its channels; undefined if it is not here. */
  session(sessionId: string): { entry: SessionEntry; channels: readonly ChannelId[] } | undefined {
    for (const session of this.#parts.hub.sessions) {
      if (`${this.#nodeId}-${session.serial}` !== sessionId) continue;
      return { entry: this.#entryOf(session), channels: channelsOf(session) };
    }
    return undefined;
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

  #matches(session: Session, query: SessionQuery): boolean {
    const { userId, appPlatform, channel, wire, backlogBytesMin } = query;
    if (userId !== undefined && session.user?.userId !== userId) return false;
    if (appPlatform !== undefined && session.user?.appPlatform !== appPlatform) return false;
    if (wire !== undefined && session.connection.wire !== wire) return false;
    if (backlogBytesMin !== undefined && session.connection.backlogBytes < backlogBytesMin) return false;
    return channel === undefined || channelsOf(session).includes(channel);
  }

  #entriesOf(sessions: readonly Session[]): SessionEntry[] {
    return sessions.map((session) => this.#entryOf(session));
  }

  #entryOf(session: Session): SessionEntry {
    const { connection, user, connectedAt, loggedInAt, heardAt } = session;
    return {
      sessionId: `${this.#nodeId}-${session.serial}` as SessionId,
      remoteAddress: connection.remoteAddress,
      userId: user?.userId,
      appPlatform: user?.appPlatform,
      connectedAt,
      loggedInAt,
      heardAt,
      wire: connection.wire,
      backlogBytes: connection.backlogBytes,
      channelCount: channelsOf(session).length,
    };
  }
}

const NO_LISTS = { sessions: [], rooms: [] };

/** The channels the session is a member of, none before its login. */
function channelsOf(session: Session): ChannelId[] {
  if (session.user === undefined) return [];
  return [...roomsOf(session), inboxOf(session.user.userId), BROADCAST];
}
