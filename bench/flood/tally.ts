/**
 * Exactly once, counted without remembering every delivery: per message, how many connections got
 * it and the sum of their hashes. Counts and sums of all processes add up; if they are those of
 * the members, every member got it once. A message that one member got twice and another not at
 * all has the right count and the wrong sum.
 */
import { domainCount, domainOf, hashOf, isSteady, type Plan, peerOf, RoomsOf } from "./plan.ts";

/** Messages that one process may send in a run: 13 bytes each there, 8 bytes in each process that receives. */
export const MESSAGES_MAX = 2_000_000;

/** To whom a message went; the number says which room, connection or domain. */
export const TARGET = { room: 0, pair: 1, user: 2, domain: 3 } as const;
export type Target = (typeof TARGET)[keyof typeof TARGET];

/** What one process received of what one process sent, by the message's number there. */
export interface Received {
  readonly sender: number;
  readonly counts: Uint32Array;
  readonly sums: Uint32Array;
}

/** What one process sent. */
export interface Sent {
  readonly sender: number;
  readonly targets: Uint8Array;
  readonly numbers: Uint32Array;
  /** Connections that sent, for servers that leave the sender out. */
  readonly from: Uint32Array;
  /** 1: answered with success. */
  readonly answered: Uint8Array;
}

/** The deliveries to one process. */
export class Deliveries {
  readonly #bySender = new Map<number, { counts: Uint32Array; sums: Uint32Array; length: number }>();

  /** Message `number` of process `sender` came to the connection with this hash. */
  record(sender: number, number: number, hash: number): void {
    if (number >= MESSAGES_MAX) throw new Error(`Message number is out of range: ${number}`);
    let list = this.#bySender.get(sender);
    if (list === undefined) {
      list = { counts: new Uint32Array(64), sums: new Uint32Array(64), length: 0 };
      this.#bySender.set(sender, list);
    }
    if (number >= list.counts.length) {
      list.counts = grown(list.counts, number);
      list.sums = grown(list.sums, number);
    }
    if (number >= list.length) list.length = number + 1;
    list.counts[number] = (list.counts[number] as number) + 1;
    list.sums[number] = (list.sums[number] as number) + hash;
  }

  take(): Received[] {
    return [...this.#bySender].map(([sender, { counts, sums, length }]) => ({
      sender,
      counts: counts.slice(0, length),
      sums: sums.slice(0, length),
    }));
  }
}

/** The messages of one process. */
export class SentLog {
  readonly #sender: number;
  #targets = new Uint8Array(64);
  #numbers = new Uint32Array(64);
  #from = new Uint32Array(64);
  #answered = new Uint8Array(64);
  #length = 0;

  constructor(sender: number) {
    this.#sender = sender;
  }

  get full(): boolean {
    return this.#length >= MESSAGES_MAX;
  }

  /** @returns the message's number. */
  add(target: Target, number: number, from: number): number {
    const at = this.#length++;
    if (at >= this.#targets.length) {
      this.#targets = grown(this.#targets, at);
      this.#numbers = grown(this.#numbers, at);
      this.#from = grown(this.#from, at);
      this.#answered = grown(this.#answered, at);
    }
    this.#targets[at] = target;
    this.#numbers[at] = number;
    this.#from[at] = from;
    return at;
  }

  answered(at: number): void {
    this.#answered[at] = 1;
  }

  take(): Sent {
    const end = this.#length;
    return {
      sender: this.#sender,
      targets: this.#targets.slice(0, end),
      numbers: this.#numbers.slice(0, end),
      from: this.#from.slice(0, end),
      answered: this.#answered.slice(0, end),
    };
  }
}

export interface Verdict {
  readonly messages: number;
  /** Not answered with success; they may have been delivered once, or not. */
  readonly unanswered: number;
  /** Deliveries that answered messages owe. */
  readonly due: number;
  /** Deliveries of answered messages. */
  readonly delivered: number;
  readonly missing: number;
  readonly extra: number;
  /** Messages with as many deliveries as members, but not to each member once. */
  readonly misplaced: number;
  readonly exactlyOnce: boolean;
}

/** Holds what was received against what was sent, over all processes. */
export function verify(plan: Plan, sent: readonly Sent[], received: readonly Received[]): Verdict {
  const members = new Members(plan);
  const got = summed(sent, received);
  const verdict = { messages: 0, unanswered: 0, due: 0, delivered: 0, missing: 0, extra: 0, misplaced: 0 };
  for (const log of sent) {
    const { counts, sums } = got.get(log.sender) as Sums;
    verdict.messages += log.targets.length;
    for (let at = 0; at < log.targets.length; at++) {
      const want = members.of(log, at);
      const count = counts[at] as number;
      if (log.answered[at] === 0) {
        verdict.unanswered++;
        verdict.extra += Math.max(0, count - want.count);
        continue;
      }
      verdict.due += want.count;
      verdict.delivered += count;
      verdict.missing += Math.max(0, want.count - count);
      verdict.extra += Math.max(0, count - want.count);
      if (count === want.count && sums[at] !== want.sum) verdict.misplaced++;
    }
  }
  return { ...verdict, exactlyOnce: verdict.missing + verdict.extra + verdict.misplaced === 0 };
}

interface Sums {
  readonly counts: Uint32Array;
  readonly sums: Uint32Array;
}

interface Set32 {
  count: number;
  /** Sum of the hashes, modulo 2^32. */
  sum: number;
}

function summed(sent: readonly Sent[], received: readonly Received[]): Map<number, Sums> {
  const total = new Map<number, Sums>();
  for (const { sender, targets } of sent) {
    total.set(sender, { counts: new Uint32Array(targets.length), sums: new Uint32Array(targets.length) });
  }
  for (const { sender, counts, sums } of received) {
    const to = total.get(sender);
    if (to === undefined || counts.length > to.counts.length) {
      throw new Error(`Messages were received that nobody sent: process ${sender}`);
    }
    for (let at = 0; at < counts.length; at++) {
      to.counts[at] = (to.counts[at] as number) + (counts[at] as number);
      to.sums[at] = (to.sums[at] as number) + (sums[at] as number);
    }
  }
  return total;
}

/** Who has to get what, of the steady connections. */
class Members {
  readonly #plan: Plan;
  readonly #rooms: Set32[] = [];
  readonly #domains: Set32[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
    for (let room = 0; room < plan.rooms; room++) this.#rooms.push({ count: 0, sum: 0 });
    for (let domain = 0; domain < domainCount(plan); domain++) this.#domains.push({ count: 0, sum: 0 });
    const roomsOf = new RoomsOf(plan);
    for (let index = 0; index < plan.connections; index++) {
      if (!isSteady(plan, index)) continue;
      include(this.#domains[domainOf(plan, index)] as Set32, index);
      for (const room of roomsOf.of(index)) include(this.#rooms[room] as Set32, index);
    }
  }

  of(log: Sent, at: number): Set32 {
    const number = log.numbers[at] as number;
    switch (log.targets[at] as Target) {
      case TARGET.room:
        return this.#withoutSender(this.#rooms[number] as Set32, log.from[at] as number);
      case TARGET.pair:
        return this.#these([number, peerOf(this.#plan, number)]);
      case TARGET.user:
        return this.#these([number]);
      case TARGET.domain:
        return this.#domains[number] as Set32;
    }
  }

  /** The reference spelling is not pushed its own messages in a room. */
  #withoutSender(room: Set32, from: number): Set32 {
    if (this.#plan.spelling === "prim" || !isSteady(this.#plan, from)) return room;
    return { count: room.count - 1, sum: (room.sum - hashOf(from)) >>> 0 };
  }

  #these(indices: readonly number[]): Set32 {
    const set = { count: 0, sum: 0 };
    for (const index of new Set(indices)) if (isSteady(this.#plan, index)) include(set, index);
    return set;
  }
}

function include(set: Set32, index: number): void {
  set.count++;
  set.sum = (set.sum + hashOf(index)) >>> 0;
}

function grown<A extends Uint8Array | Uint32Array>(array: A, toHold: number): A {
  const wider = new (array.constructor as new (length: number) => A)(Math.max(array.length * 2, toHold + 1));
  wider.set(array);
  return wider;
}
