/**
 * NodeRegistry: which nodes there are, and which of them live.
 *
 * A node lives while it renews its lease; one that is killed announces nothing and is dead when its lease has run
 * out. What it left behind, its interests and its users' attendance, is cleared away by one of the living.
 */
import type { ChannelId, NodeId } from "../base/ids.ts";
import type { Attendee } from "./attendance.ts";

export interface NodeRecord {
  readonly nodeId: NodeId;
  /** host:port at which peers reach its RPC port. */
  readonly rpcAddress: string;
  readonly version: string;
  /** Oldest and newest way of speaking over a link that it understands. */
  readonly linkVersions: readonly [oldest: number, newest: number];
  readonly status: "starting" | "serving" | "draining";
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Counts how often the node had to take a lease anew, from 1. */
  readonly generation: number;
  readonly load: { readonly connections: number; readonly sessions: number };
  /** The last words of a node that stops: the others have heard of all that it stored, and need not read their logs. */
  readonly toldAll?: true;
}

export interface LivingNode extends NodeRecord {
  /** When the lease runs out, unix milliseconds by the registry's clock. */
  readonly leaseExpiresAt: number;
}

export interface NodesSeen {
  /** The registry's clock at that moment, unix milliseconds. */
  readonly now: number;
  /** Whoever asks is among them, in the order of the ids. */
  readonly living: readonly LivingNode[];
  /** Leases that ran out, and whose remains are not cleared yet. */
  readonly dead: readonly NodeId[];
  /** Those of the dead whose last words were that they had told everything. */
  readonly toldAll: readonly NodeId[];
}

/** What the death of a node meant for a room. */
export interface Gone {
  readonly room: ChannelId;
  /** Whom the node had in the room, and who are there through no other node; none where nobody looked, see clear(). */
  readonly users: readonly Attendee[];
  /** Users in the room now. */
  readonly members: number;
  /** Nodes other than the one that clears that are interested in the room. */
  readonly nodes: readonly NodeId[];
}

export interface NodeRegistry {
  /**
   * Takes or renews the lease of a node, and says what it is.
   *
   * Once it has answered nobody clears away what the node notes from then on. While another node is still clearing after
   * it, it is refused instead, but the lease is there: at most for CLEAR_LOCK_MS, if that one died. Call it again then.
   *
   * @param leaseMs LEASE_MS_MIN to LEASE_MS_MAX.
   * @returns false if there was none: it is new, or it had run out, and others may have cleared away what the node had
   *   noted. After a call that failed it is false if the lease had run out by that call or since.
   * @throws {PrimError} `invalid_argument` on a lease out of range; `unavailable`, the lease may have been renewed.
   */
  renew(record: NodeRecord, leaseMs: number): Promise<boolean>;

  /** @throws {PrimError} `unavailable`. */
  list(): Promise<NodesSeen>;

  /**
   * Ends the lease of a node that stops in order. It counts as dead at once, and after LEFT_GRACE_MS another clears after it: by
   * then its users have come back elsewhere, and did not go. Repeating it is safe.
   *
   * @throws {PrimError} `unavailable`; then the lease runs out by itself.
   */
  release(nodeId: NodeId): Promise<void>;

  /**
   * Clears away what a dead node left: each piece at most once, however many nodes try. It does nothing while another node
   * is at it, and stops when the node lives again. When nothing is left, list() forgets the node.
   *
   * A piece is cleared before it is yielded: if the caller dies, the few pieces under way then are announced by nobody.
   *
   * @param lookMax as in Attendance.enter(): where more users were in the room, all are cleared at once and `users` is empty.
   * @yields rooms from which users are gone, for the caller to announce; a room may come more than once, with other users.
   * @throws {PrimError} `unavailable`; whoever calls next goes on.
   */
  clear(nodeId: NodeId, lookMax: number): AsyncIterable<Gone>;

  /**
   * What nodes of this cluster show each other; made by the first.
   *
   * @throws {PrimError} `unavailable`.
   */
  secret(): Promise<string>;
}
