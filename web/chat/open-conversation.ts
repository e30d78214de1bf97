/**
 * OpenConversation: the one that is looked at: who is in it, how far it is read, and more of its history at either end.
 */
import type { Target } from "../../src/client/index.ts";
import type { Announcement, OpenState } from "./chat-state.ts";
import type { Conversation } from "./conversation.ts";
import { OpenStateMaker } from "./open-state.ts";
import { type People, Roster } from "./roster.ts";
import type { ServerApi } from "./server-api.ts";
import { TYPING_PERIOD_MS } from "./typists.ts";

export interface OpenConversationParts {
  readonly server: Pick<ServerApi, "people">;
  readonly now: () => number;
  /** Whether somebody looks at the page and would type into it. */
  readonly isLookedAt: () => boolean;
  /** Everything in it has been read now. */
  readonly wasRead: (conversation: Conversation) => void;
  /** These are online. */
  readonly areHere: (names: ReadonlySet<string>) => void;
  readonly changed: () => void;
}

/** Messages of a person's conversation that one look back brings, if it takes this many pages of the inbox at most. */
const DIRECT_OLDER_MIN = 20;
const INBOX_PAGES_MAX = 10;
/** A page of the inbox, which holds everybody's messages. */
const INBOX_PAGE = 500;

export class OpenConversation {
  readonly #parts: OpenConversationParts;
  readonly #maker = new OpenStateMaker();
  #conversation: Conversation | undefined;
  #roster: Roster | undefined;
  #people: People | undefined;
  #atEnd = false;
  #announcement: Announcement | undefined;
  #typingToldAt = Number.NEGATIVE_INFINITY;

  constructor(parts: OpenConversationParts) {
    this.#parts = parts;
  }

  get conversation(): Conversation | undefined {
    return this.#conversation;
  }

  /** Of the room, if it is one. */
  get roster(): Roster | undefined {
    return this.#roster;
  }

  /** The newest message of somebody else that came while it was open. */
  get announcement(): Announcement | undefined {
    return this.#announcement;
  }

  set announcement(announcement: Announcement) {
    this.#announcement = announcement;
  }

  /** Where the user writes to. */
  get target(): Target | undefined {
    const conversation = this.#conversation;
    if (conversation === undefined) return undefined;
    return conversation.kind === "direct" ? { userId: conversation.name } : { channel: conversation.id };
  }

  /** Its end is on the screen, and somebody looks. */
  get isWatched(): boolean {
    return this.#atEnd && this.#parts.isLookedAt();
  }

  /** Looks at another one, or at none. */
  show(conversation: Conversation | undefined): void {
    this.#leave();
    this.#conversation = conversation;
    if (conversation === undefined) return;
    conversation.timeline.wake();
    this.markNew();
    if (conversation.kind !== "room") return;
    this.#roster = new Roster({
      read: () => this.#parts.server.people(conversation.id),
      onChange: ({ names, count }) => {
        if (this.#conversation !== conversation) return;
        this.#people = { names: new Set(names), count };
        this.#parts.areHere(names);
        this.#parts.changed();
      },
    });
  }

  /** What is unread now is new to the reader. */
  markNew(): void {
    const conversation = this.#conversation;
    if (conversation !== undefined) {
      conversation.seenUpTo = conversation.unread > 0 ? conversation.readUpTo : undefined;
    }
  }

  /** @param atEnd whether the end is on the screen. */
  watching(atEnd: boolean): void {
    this.#atEnd = atEnd;
    this.look();
  }

  /** Marks what is seen as read. */
  look(): void {
    const conversation = this.#conversation;
    if (conversation === undefined || !this.isWatched || !conversation.timeline.loaded) return;
    if (conversation.head <= conversation.readUpTo) return;
    conversation.readUpTo = conversation.head;
    this.#parts.wasRead(conversation);
  }

  /** Reads what is there to begin with. */
  async load(): Promise<void> {
    if (this.#conversation?.kind === "direct") await this.older();
    else await this.#conversation?.timeline.load();
  }

  /** Looks back: in an inbox until this person's part of it has grown by a screen, or for a while. */
  async older(): Promise<void> {
    const conversation = this.#conversation;
    if (conversation === undefined) return;
    const { timeline, kind } = conversation;
    if (kind !== "direct") return timeline.older();
    await timeline.load();
    const wanted = conversation.messages.length + DIRECT_OLDER_MIN;
    for (let page = 0; page < INBOX_PAGES_MAX; page++) {
      if (!timeline.olderLeft || conversation.messages.length >= wanted) return;
      await timeline.older(INBOX_PAGE);
    }
  }

  /** @returns whether it is time to tell others that the user writes. */
  isTypingNews(): boolean {
    const now = this.#parts.now();
    if (now - this.#typingToldAt < TYPING_PERIOD_MS) return false;
    this.#typingToldAt = now;
    return true;
  }

  /** The user has sent what they wrote. */
  sent(): void {
    this.#typingToldAt = Number.NEGATIVE_INFINITY;
    if (this.#conversation !== undefined) this.#conversation.seenUpTo = undefined;
  }

  state(me: string): OpenState | undefined {
    return this.#conversation && this.#maker.make(this.#conversation, me, this.#people);
  }

  #leave(): void {
    this.#roster?.close();
    this.#roster = undefined;
    this.#people = undefined;
    this.#announcement = undefined;
    this.#atEnd = false;
    const conversation = this.#conversation;
    if (conversation !== undefined && conversation.kind !== "direct") conversation.timeline.rest();
  }
}
