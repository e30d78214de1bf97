/**
 * Conversation: a room, a person, or what is said to everybody, with all that the page knows of it. A person's is
 * the part of the own inbox that goes to and fro between the two; so all of them share one timeline.
 */
import type { Message } from "../../src/client/index.ts";
import { Notices } from "./notices.ts";
import type { Outgoing } from "./outgoing.ts";
import { Readers } from "./readers.ts";
import type { Timeline } from "./timeline.ts";
import type { Typists } from "./typists.ts";

export type ConversationKind = "room" | "direct" | "all";

/** What a list of conversations shows of one. */
export interface Summary {
  readonly id: string;
  readonly kind: ConversationKind;
  /** The room without "room:", the other user, or "all". */
  readonly name: string;
  /** False for a room that is only offered. */
  readonly joined: boolean;
  /** Messages that came since it was last read. */
  readonly unread: number;
  readonly last: Message | undefined;
  /** Something the user wrote here was refused. */
  readonly failed: boolean;
  readonly typing: readonly string[];
  /** Of the other user; undefined if it is not known. */
  readonly online: boolean | undefined;
}

export interface ConversationParts {
  readonly kind: ConversationKind;
  readonly name: string;
  readonly timeline: Timeline;
  readonly outgoing: Outgoing;
  readonly typists: Typists;
}

const ROOM = "room:";
const DIRECT = "user:";
/** The channel that everybody is in. */
export const EVERYBODY = "all";

export function roomId(name: string): string {
  return ROOM + name;
}

export function directId(userId: string): string {
  return DIRECT + userId;
}

export function kindOfId(id: string): ConversationKind {
  if (id.startsWith(ROOM)) return "room";
  return id.startsWith(DIRECT) ? "direct" : "all";
}

export function nameOfId(id: string): string {
  return kindOfId(id) === "all" ? id : id.slice(ROOM.length);
}

export class Conversation {
  readonly id: string;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly timeline: Timeline;
  readonly outgoing: Outgoing;
  readonly typists: Typists;
  readonly notices = new Notices();
  readonly readers = new Readers();
  joined = false;
  online: boolean | undefined;
  /** The user has read up to here. */
  readUpTo = 0;
  /** Where the mark "new" stands: after what had been seen when something came. */
  seenUpTo: number | undefined;
  #source: readonly Message[] | undefined;
  #filtered: readonly Message[] = [];
  #summary: Summary | undefined;

  constructor({ kind, name, timeline, outgoing, typists }: ConversationParts) {
    this.id = kind === "room" ? roomId(name) : kind === "direct" ? directId(name) : EVERYBODY;
    this.kind = kind;
    this.name = name;
    this.timeline = timeline;
    this.outgoing = outgoing;
    this.typists = typists;
  }

  /** The same array until something changes. */
  get messages(): readonly Message[] {
    const all = this.timeline.messages;
    if (this.kind !== "direct") return all;
    if (all !== this.#source) {
      const before = this.#filtered;
      const filtered = all.filter((message) => this.holds(message));
      const same = filtered.length === before.length && filtered.every((one, index) => one === before[index]);
      this.#filtered = same ? before : filtered;
      this.#source = all;
    }
    return this.#filtered;
  }

  /** Whether a message of the inbox belongs to this person's conversation. */
  holds({ from, target }: Message): boolean {
    return from === this.name || target === this.name;
  }

  /** The newest offset in it. */
  get head(): number {
    return this.kind === "direct" ? (this.messages.at(-1)?.offset ?? 0) : this.timeline.head;
  }

  get unread(): number {
    if (!this.joined) return 0;
    if (this.kind !== "direct") return Math.max(0, this.timeline.head - this.readUpTo);
    return this.messages.filter(({ from, offset }) => from === this.name && offset > this.readUpTo).length;
  }

  /** The oldest message that the user has not read. */
  get firstUnread(): number | undefined {
    return this.messages.find(({ from, offset }) => from === this.name && offset > this.readUpTo)?.offset;
  }

  /** What was known of it was another user's. */
  forgetUser(): void {
    this.readUpTo = 0;
    this.seenUpTo = undefined;
    this.joined = false;
    this.notices.clear();
    this.readers.clear();
    this.timeline.lost("", 0);
  }

  /** The same object until something in it changes. */
  summary(): Summary {
    const { id, kind, name, joined, unread, online } = this;
    const failed = this.outgoing.messages.some(({ state }) => state === "failed");
    const last = joined ? this.messages.at(-1) : undefined;
    const made = { id, kind, name, joined, unread, last, failed, typing: this.typists.names, online };
    if (this.#summary === undefined || !isSame(this.#summary, made)) this.#summary = made;
    return this.#summary;
  }
}

function isSame(one: Summary, other: Summary): boolean {
  return (Object.keys(one) as (keyof Summary)[]).every((key) => one[key] === other[key]);
}
