/**
 * Who is who in a flood. Connection `i` of all has a name, a node and rooms that follow from its
 * number alone, so that client processes and the coordinator agree on every room's members
 * without telling each other.
 */

/** Plain data: it travels to every client process. */
export interface Plan {
  /** Six letters and digits: messages and users of another flood are not taken for this one's. */
  readonly runId: string;
  readonly connections: number;
  /** Connections of one client process; process `p` has those from `p * perProcess` on. */
  readonly perProcess: number;
  /** WebSocket addresses; connection `i` goes to number `i % nodes.length`. */
  readonly nodes: readonly string[];
  /** True if the nodes are one cluster: a message reaches members on all of them. */
  readonly cluster: boolean;
  readonly spelling: Spelling;
  readonly format: "json" | "protobuf";
  readonly appPlatform: number;
  /** Rooms over all; 0 for none but the platform's. */
  readonly rooms: number;
  /** Rooms that each connection joins, at most ROOMS_EACH_MAX. */
  readonly roomsEach: number;
  readonly distribution: Distribution;
  readonly heartbeatMs: number;
  /** One in so many connections takes no part in the exact count of deliveries (it comes and goes, or doesn't read); 0: none. */
  readonly unsteadyEvery: number;
  /** Clients remember their positions, and resume from them. */
  readonly resume: boolean;
  /** Begin of the run: what timesUs and dueUs count from, in milliseconds since 1970 with fractions. */
  readonly originMs: number;
}

export type Spelling = "prim" | "reference";
/** `even`: rooms of equal size. `zipf`: the n-th room is joined 1/n as often as the first. */
export type Distribution = "even" | "zipf";

export const ROOMS_EACH_MAX = 8;

/** Connections between one pair of addresses: the kernel lends out some 28,000 ports for them by default. */
const PER_ADDRESS_PAIR_MAX = 20_000;

/**
 * Whether each client process needs a source address of its own, because there are more connections to
 * one node than one address has ports. Only loopback has addresses to choose from.
 */
export function needsSources(nodes: readonly string[], connections: number): boolean {
  const loopback = nodes.every((url) => new URL(url).hostname.startsWith("127."));
  return loopback && connections / nodes.length > PER_ADDRESS_PAIR_MAX;
}

/** 15 bytes at a million connections: the reference system takes user ids of less than 20. */
export function userOf(plan: Plan, index: number): string {
  return `f${plan.runId}-${index}`;
}

export function roomName(plan: Plan, room: number): string {
  return `room:f${plan.runId}-${room}`;
}

export function nodeOf(plan: Plan, index: number): number {
  return index % plan.nodes.length;
}

/** Parts of the flood that can't reach each other: one in a cluster, else one per node. */
export function domainCount(plan: Plan): number {
  return plan.cluster ? 1 : plan.nodes.length;
}

export function domainOf(plan: Plan, index: number): number {
  return index % domainCount(plan);
}

/** A room lies in one domain, so its members can all reach each other. */
export function roomsPerDomain(plan: Plan): number {
  return Math.floor(plan.rooms / domainCount(plan));
}

/** Whom this connection writes to one to one, and who writes back; itself if it has nobody. */
export function peerOf(plan: Plan, index: number): number {
  const domains = domainCount(plan);
  const place = Math.floor(index / domains);
  const peer = (place ^ 1) * domains + (index % domains);
  return peer < plan.connections ? peer : index;
}

export function isSteady(plan: Plan, index: number): boolean {
  if (plan.unsteadyEvery === 0) return true;
  // By hash, so that it has nothing to do with nodes and rooms; one for sure, however few there are.
  return index !== 1 && hashOf(~index) % plan.unsteadyEvery !== 0;
}

/** The rooms of connections; a class for the table that Zipf's distribution needs. */
export class RoomsOf {
  readonly #plan: Plan;
  readonly #rooms: number;
  /** Share of joins that go to this room or one before it. */
  readonly #cumulative: Float64Array;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#rooms = roomsPerDomain(plan);
    this.#cumulative = new Float64Array(plan.distribution === "zipf" ? this.#rooms : 0);
    let sum = 0;
    for (let room = 0; room < this.#cumulative.length; room++) {
      sum += 1 / (room + 1);
      this.#cumulative[room] = sum;
    }
  }

  /** @returns numbers of different rooms, `roomsEach` of them or as many as there are. */
  of(index: number): number[] {
    const count = Math.min(this.#plan.roomsEach, this.#rooms);
    const first = domainOf(this.#plan, index) * this.#rooms;
    const rooms: number[] = [];
    for (let at = 0; at < count; at++) {
      let room = first + this.#pick(index, at);
      while (rooms.includes(room)) room = room + 1 < first + this.#rooms ? room + 1 : first;
      rooms.push(room);
    }
    return rooms;
  }

  #pick(index: number, at: number): number {
    if (this.#plan.distribution === "even") {
      const place = Math.floor(index / domainCount(this.#plan));
      return (place + at * Math.ceil(this.#rooms / this.#plan.roomsEach)) % this.#rooms;
    }
    const total = this.#cumulative[this.#rooms - 1] as number;
    const wanted = (hashOf(index * ROOMS_EACH_MAX + at) / 2 ** 32) * total;
    let low = 0;
    let high = this.#rooms - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cumulative[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** A well-mixed 32-bit number of a connection's number: sums of these tell sets of connections apart. */
export function hashOf(index: number): number {
  let mixed = (index + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
