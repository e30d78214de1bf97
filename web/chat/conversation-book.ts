/**
 * ConversationBook: the conversations of one user: rooms, people, and what is said to everybody. It knows where a message
 * belongs, and how far each conversation was read when the server or an earlier visit says so. It asks nobody anything
 * but for history and for sending.
 */
import type {
  ChannelPosition,
  JoinedChannel,
  Message,
  PrimClient,
  ReadEvent,
} from "../../src/client/index.ts";
import { Conversation, directId, EVERYBODY, kindOfId, nameOfId, type Summary } from "./conversation.ts";
import { Outgoing } from "./outgoing.ts";
import type { SavedChat, SavedChats, SavedConversation } from "./saved-chats.ts";
import { Timeline } from "./timeline.ts";
import { Typists } from "./typists.ts";

export interface ConversationBookParts {
  readonly client: Pick<PrimClient, "history" | "send" | "positions">;
  readonly saved: SavedChats;
  /** Rooms that are offered to everybody. */
  readonly offered: readonly string[];
  readonly now: () => number;
  readonly changed: () => void;
}

export class ConversationBook {
  readonly #parts: ConversationBookParts;
  readonly #conversations = new Map<string, Conversation>();
  #me = "";
  #inbox: Timeline;
  #summaries: readonly Summary[] = [];

  constructor(parts: ConversationBookParts) {
    this.#parts = parts;
    this.#inbox = this.#newTimeline(() => this.inboxChannel);
  }

  get me(): string {
    return this.#me;
  }

  get inboxChannel(): string {
    return `inbox:${this.#me}`;
  }

  get inbox(): Timeline {
    return this.#inbox;
  }

  get all(): readonly Conversation[] {
    return [...this.#conversations.values()];
  }

  find(id: string): Conversation | undefined {
    return this.#conversations.get(id);
  }

  /** The conversation under this id; a new one if there is none. */
  get(id: string): Conversation {
    const existing = this.#conversations.get(id);
    if (existing !== undefined) return existing;
    const kind = kindOfId(id);
    const { client, now, changed } = this.#parts;
    const conversation = new Conversation({
      kind,
      name: nameOfId(id),
      timeline: kind === "direct" ? this.#inbox : this.#newTimeline(() => id),
      outgoing: new Outgoing({
        send: (draft, seq) => client.send(draft, { seq }),
        isShown: (place) => this.#isShown(place),
        now,
        changed,
      }),
      typists: new Typists(now, changed),
    });
    if (kind === "direct") conversation.joined = true;
    this.#conversations.set(id, conversation);
    return conversation;
  }

  /** Takes a conversation off the list; one that is offered stays on it. */
  remove(id: string): void {
    const conversation = this.#conversations.get(id);
    if (conversation?.kind === "room") conversation.forgetUser();
    if (!this.#parts.offered.includes(id)) this.#conversations.delete(id);
  }

  /** Another user: rooms stay, what was known of them goes, and people are others. @returns what was saved of an earlier visit. */
  become(name: string): SavedChat {
    this.#me = name;
    this.#inbox = this.#newTimeline(() => this.inboxChannel);
    const rooms = this.all.filter(({ kind, joined }) => kind === "room" && joined);
    this.#conversations.clear();
    for (const room of rooms) {
      room.forgetUser();
      this.#conversations.set(room.id, room);
    }
    for (const id of this.#parts.offered) this.get(id);
    const saved = this.#parts.saved.load(name);
    for (const { id } of saved.conversations) this.get(id).joined = true;
    for (const room of rooms) room.joined = true;
    return saved;
  }

  /** A message arrived. @returns where it belongs, and whether everything there had been read before. */
  take(message: Message): { readonly conversation: Conversation; readonly wasRead: boolean } {
    const { channel, from, target, offset, seq } = message;
    const isOwn = from === this.#me;
    const id = channel === this.inboxChannel ? directId(isOwn ? target : from) : channel;
    const conversation = this.get(id);
    const wasRead = conversation.unread === 0;
    conversation.joined = true;
    conversation.timeline.take(message);
    conversation.typists.stopped(from);
    if (isOwn) {
      conversation.outgoing.forget(seq);
      conversation.readUpTo = Math.max(conversation.readUpTo, offset);
    }
    return { conversation, wasRead };
  }

  /** The server says where a channel stands, and how far the user has read it. */
  joined({ channel, epoch, offset, read }: JoinedChannel): void {
    const saved = new Map(this.#parts.saved.load(this.#me).conversations.map((one) => [one.id, one]));
    if (channel === this.inboxChannel) {
      this.#inbox.joined(epoch, offset);
      const people = this.all.filter(({ kind }) => kind === "direct");
      for (const one of people) restore(one, epoch, read ?? 0, saved.get(one.id));
      return;
    }
    const conversation = this.get(channel);
    conversation.joined = channel !== EVERYBODY || offset > 0;
    conversation.timeline.joined(epoch, offset);
    const known = saved.get(channel);
    // A room that is new to the user counts from now on.
    restore(conversation, epoch, read ?? (known?.epoch === epoch ? 0 : offset), known);
  }

  /** What was missed in a channel will not be delivered. @returns its timeline. */
  lost(channel: string, epoch: string, offset: number): Timeline | undefined {
    const timeline = channel === this.inboxChannel ? this.#inbox : this.find(channel)?.timeline;
    timeline?.lost(epoch, offset);
    return timeline;
  }

  /** Somebody has read: the user on another device, or others what is here. */
  wasRead({ channel, from, offset, id }: ReadEvent): void {
    const isInbox = channel === this.inboxChannel;
    if (isInbox && from !== this.#me) {
      const conversation = this.find(directId(from));
      const message = conversation?.messages.find((one) => one.id === id);
      if (message !== undefined) conversation?.readers.mark(from, message.offset);
      return;
    }
    if (offset === undefined) return;
    for (const conversation of this.all) {
      if (isInbox ? conversation.kind !== "direct" : conversation.id !== channel) continue;
      if (from === this.#me) conversation.readUpTo = Math.max(conversation.readUpTo, offset);
      else conversation.readers.mark(from, offset);
    }
  }

  /** How far a channel may be marked as read: an inbox up to the oldest message that was not, whoever wrote it. */
  readable(channel: string): number {
    if (channel !== this.inboxChannel) return this.find(channel)?.readUpTo ?? 0;
    const unread = this.all.flatMap((one) => (one.kind === "direct" ? (one.firstUnread ?? []) : []));
    return unread.length === 0 ? this.#inbox.head : Math.min(...unread) - 1;
  }

  /** Remembers the conversations for the next visit. */
  save(open: string | undefined): void {
    if (this.#me === "") return;
    const conversations = this.all
      .filter(({ joined }) => joined)
      .map(({ id, timeline, readUpTo, readers }): SavedConversation => {
        return { id, epoch: timeline.epoch, readUpTo, readBy: readers.furthest };
      });
    this.#parts.saved.save(this.#me, { conversations, open });
  }

  /** Latest first, offered rooms last; the same array until something changes. */
  summaries(): readonly Summary[] {
    const made = this.all
      .map((one) => one.summary())
      .filter(({ kind, joined }) => kind !== "all" || joined)
      .sort((a, b) => Number(b.joined) - Number(a.joined) || (b.last?.sentAt ?? 0) - (a.last?.sentAt ?? 0));
    const before = this.#summaries;
    const isSame = before.length === made.length && made.every((one, index) => one === before[index]);
    if (!isSame) this.#summaries = made;
    return this.#summaries;
  }

  #newTimeline(channel: () => string): Timeline {
    const timeline: Timeline = new Timeline({
      history: (range) => this.#parts.client.history(channel(), range),
      changed: () => {
        if (timeline === this.#inbox) this.#meetPeople();
        this.#parts.changed();
      },
    });
    return timeline;
  }

  /** Whoever has written to the user, or was written to, is in the list. */
  #meetPeople(): void {
    for (const { from, target } of this.#inbox.messages)
      this.get(directId(from === this.#me ? target : from));
  }

  /** Whether a channel has shown everything up to this place. */
  #isShown({ channel, epoch, offset }: ChannelPosition): boolean {
    const place = this.#parts.client.positions.find((one) => one.channel === channel);
    return place === undefined || place.epoch !== epoch || place.offset >= offset;
  }
}

function restore(
  conversation: Conversation,
  epoch: string,
  readUpTo: number,
  saved?: SavedConversation,
): void {
  const { readUpTo: own, readBy } = saved?.epoch === epoch ? saved : { readUpTo: 0, readBy: 0 };
  conversation.readUpTo = Math.max(conversation.readUpTo, readUpTo, own);
  conversation.readers.restore(readBy);
}
