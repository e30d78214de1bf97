/**
 * ClusterBed: nodes of one cluster for the contract suites, each with what it shares with the others.
 */
import { PrimError } from "../../src/base/errors.ts";
import type { AppPlatform, ChannelId, NodeId, UserId } from "../../src/base/ids.ts";
import type { Attendance, Attendee } from "../../src/core/attendance.ts";
import type { ChannelLog } from "../../src/core/channel-log.ts";
import type { Gone, NodeRecord, NodeRegistry } from "../../src/core/node-registry.ts";
import { eventually } from "../deadline.ts";

/** As short a lease as the beds allow. */
export const SHORT_LEASE_MS = 20;
/** The lease of a node that is to live as long as its test. */
export const LONG_LEASE_MS = 100_000;
/** Somebody who clears and dies blocks others for so long. */
export const SHORT_LOCK_MS = 1_000;

export interface BedNode {
  readonly nodeId: NodeId;
  /** Grants leases from SHORT_LEASE_MS on. */
  readonly registry: NodeRegistry;
  /** With locks of SHORT_LOCK_MS, to clear after nodes whose clearer died. */
  readonly impatient: NodeRegistry;
  readonly attendance: Attendance;
  readonly log: Pick<ChannelLog, "join" | "leave" | "interested">;
}

export interface ClusterBed {
  /** A node of the cluster that is empty at the start of each test; it has no lease yet. */
  open(nodeId: string): Promise<BedNode>;
  /** Names of all that lies in the store. */
  keys(): Promise<string[]>;
  /** Ends all nodes, and forgets all. */
  clear(): Promise<void>;
}

export const room = (name: string | number): ChannelId => `room:${name}` as ChannelId;

export function attendee(userId: string, appPlatform = 101): Attendee {
  return { userId: userId as UserId, appPlatform: appPlatform as AppPlatform };
}

export function record(node: BedNode, over: Partial<NodeRecord> = {}): NodeRecord {
  return {
    nodeId: node.nodeId,
    rpcAddress: "10.0.0.1:9001",
    version: "0.1.0",
    linkVersions: [1, 2],
    status: "serving",
    startedAt: 1_700_000_000_000,
    generation: 1,
    load: { connections: 3, sessions: 2 },
    ...over,
  };
}

/** Opens nodes that live as long as the test. */
export async function openLiving<const Ids extends readonly string[]>(
  bed: ClusterBed,
  ...nodeIds: Ids
): Promise<{ [Index in keyof Ids]: BedNode }> {
  const nodes = await Promise.all(nodeIds.map((nodeId) => bed.open(nodeId)));
  for (const node of nodes) await node.registry.renew(record(node), LONG_LEASE_MS);
  return nodes as { [Index in keyof Ids]: BedNode };
}

/** Lets the lease of a node run out, as if the node had been killed. */
export async function die(node: BedNode): Promise<void> {
  await node.registry.renew(record(node), SHORT_LEASE_MS);
  await eventually(
    () => node.registry.list(),
    ({ dead }) => dead.includes(node.nodeId),
    "the lease to run out",
  );
}

/** As nodes do: renews until it is not refused because somebody still clears after the node. */
export async function comeBack(node: BedNode): Promise<boolean> {
  const renew = () =>
    node.registry.renew(record(node, { generation: 2 }), LONG_LEASE_MS).catch((error: unknown) => {
      if (error instanceof PrimError && error.code === "unavailable") return undefined;
      throw error;
    });
  const kept = await eventually(renew, (answer) => answer !== undefined, "the clearer to stop");
  return kept === true;
}

export async function allOf(pieces: AsyncIterable<Gone>): Promise<Gone[]> {
  const all: Gone[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

/** Who is gone from where, in an order of its own. */
export function namesOf(pieces: readonly Gone[]): string[] {
  return pieces
    .flatMap((gone) => gone.users.map((user) => `${gone.room} ${user.appPlatform} ${user.userId}`))
    .sort();
}

/** Names that would break keys, scripts or lists that were put together carelessly. */
export const ODD_NAMES = [
  "a:b",
  ":",
  "101:ann",
  "{",
  "}",
  "{x}",
  "a b  c",
  "*?[a]\\",
  "'\"`",
  "马远",
  "👩‍👩‍👧",
  "-1",
  "__proto__",
  "nil",
  "é".repeat(32),
  "x".repeat(64),
];
