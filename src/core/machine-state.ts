/**
 * MachineState: the nodes of one machine as one, in numbers and on demand in lists.
 */

import { assert } from "../base/errors.ts";
import type { ChannelId } from "../base/ids.ts";
import { DEBUG_LIST_MAX } from "../base/limits.ts";
import type { NodeState, RoomEntry, SessionEntry } from "./node-state.ts";

/** What one of the nodes says of itself. */
export interface NodeReport {
  readonly state: NodeState;
  readonly sessions: readonly SessionEntry[];
  readonly rooms: readonly RoomEntry[];
}

export interface MachineState extends NodeState {
  /** Each node by itself, in the order of their ids; absent where there is only one. */
  readonly workers?: readonly NodeState[];
}

export interface MachineReport {
  readonly state: MachineState;
  /** At most DEBUG_LIST_MAX. */
  readonly sessions: readonly SessionEntry[];
  /** At most DEBUG_LIST_MAX; a room with members on several nodes has all of them. */
  readonly rooms: readonly RoomEntry[];
}

/** @param reports one or more. */
export function machineReport(reports: readonly NodeReport[]): MachineReport {
  const [own] = reports;
  assert(own !== undefined, "a machine has a node");
  if (reports.length === 1) return own;
  const states = reports.map(({ state }) => state).sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  return {
    state: { ...sumOf(own.state, states), workers: states },
    sessions: reports.flatMap(({ sessions }) => sessions).slice(0, DEBUG_LIST_MAX),
    rooms: roomsOf(reports),
  };
}

/** Numbers that count are added up; a user on two nodes counts twice, and so does a channel. */
function sumOf(own: NodeState, states: readonly NodeState[]): NodeState {
  const sum = (read: (state: NodeState) => number) => states.reduce((total, state) => total + read(state), 0);
  const worst = (read: (state: NodeState) => number) => Math.max(...states.map(read));
  return {
    ...own,
    startedAt: Math.min(...states.map((state) => state.startedAt)),
    uptimeSeconds: worst((state) => state.uptimeSeconds),
    draining: states.every((state) => state.draining),
    cpuSeconds: sum((state) => state.cpuSeconds),
    memory: {
      rssBytes: sum((state) => state.memory.rssBytes),
      heapUsedBytes: sum((state) => state.memory.heapUsedBytes),
    },
    eventLoopLagMs: {
      p50: worst((state) => state.eventLoopLagMs.p50),
      p99: worst((state) => state.eventLoopLagMs.p99),
      max: worst((state) => state.eventLoopLagMs.max),
    },
    connections: sum((state) => state.connections),
    sessions: sum((state) => state.sessions),
    users: sum((state) => state.users),
    rooms: sum((state) => state.rooms),
    channels: sum((state) => state.channels),
    sendsUnderWay: sum((state) => state.sendsUnderWay),
  };
}

function roomsOf(reports: readonly NodeReport[]): RoomEntry[] {
  const members = new Map<ChannelId, number>();
  for (const room of reports.flatMap(({ rooms }) => rooms)) {
    members.set(room.channel, (members.get(room.channel) ?? 0) + room.members);
  }
  return Array.from(members, ([channel, count]) => ({ channel, members: count })).slice(0, DEBUG_LIST_MAX);
}
