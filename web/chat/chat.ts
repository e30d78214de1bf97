/**
 * Chat: the page's model. It holds the SDK's client, puts what arrives into conversations, and makes of them what the view
 * shows. It knows no React and no element.
 */
import type {
  ChannelPosition,
  Draft,
  JoinedChannel,
  Message,
  PresenceEvent,
  PrimClient,
  ReadEvent,
  StatusEvent,
  Target,
  TypingEvent,
} from "../../src/client/index.ts";
import { PrimClientError } from "../../src/client/index.ts";
import { ChangeSignal } from "./change-signal.ts";
import type { Announcement, ChatState, ConnectionState } from "./chat-state.ts";
import { Conversation, directId, EVERYBODY, kindOfId, nameOfId, roomId } from "./conversation.ts";
import { OpenStateMaker } from "./open-state.ts";
import { Outgoing } from "./outgoing.ts";
import { Presence } from "./presence.ts";
import { ReadMarks } from "./read-marks.ts";
import { type People, Roster } from "./roster.ts";
import type { SavedChats, SavedConversation } from "./saved-chats.ts";
import type { ServerApi } from "./server-api.ts";
import { Timeline } from "./timeline.ts";
import { TYPING_PERIOD_MS, Typists } from "./typists.ts";

export interface ChatParts {
  readonly client: PrimClient;
  readonly server: Pick<ServerApi, "people" | "isOnline">;
  readonly saved: SavedChats;
  readonly appPlatform: number;
  /** Rooms that are offered to everybody. */
  readonly offered: readonly string[];
  readonly now: () => number;
  /** Whether somebody looks at the page, and whether they would type into it. */
  readonly isShown: () => boolean;
  readonly hasFocus: () => boolean;
}

/** Messages of a person's conversation that one look back brings, if it takes this many pages of the inbox at most. */
const DIRECT_OLDER_MIN = 20;
const INBOX_PAGES_MAX = 10;
/** A page of the inbox, which holds everybody's messages. */
const INBOX_PAGE = 500;
const SAVE_AFTER_MS = 500;

export class Chat {
  readonly #parts: ChatParts;
  readonly #signal = new ChangeSignal(() => this.#compose());
  readonly #conversations = new Map<string, Conversation>();
  readonly #openState = new OpenStateMaker();
  readonly #presence: Presence;
  readonly #marks: ReadMarks;
  #inbox: Timeline;
  #me = "";
  #connection: ConnectionState = { kind: "connecting" };
  #lost = false;
  #nameRefused = false;
  #open: Conversation | undefined;
  #roster: Roster | undefined;
  #people: People | undefined;
  /** The end of the open conversation is on the screen. */
  #atEnd = false;
  #announcement: Announcement | undefined;
  #typingToldAt = Number.NEGATIVE_INFINITY;
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #state: ChatState;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    this.#inbox = this.#newTimeline(() => this.#inboxChannel);
    this.#presence = new Presence({
      ask: (userId) => parts.server.isOnline(userId),
      isAwake: () => parts.isShown() && this.#connection.kind === "online",
      changed: (userId, online) => this.#setOnline(userId, online),
    });
    this.#marks = new ReadMarks({
      readUpTo: (channel) => this.#readable(channel),
      tell: (channel, offset) => parts.client.markRead(channel, offset),
    });
    this.#listen(parts.client);
    this.#state = this.#newState();
  }

  get state(): ChatState {
    return this.#state;
  }

  /** Hears of changes of `state`. @returns stops hearing. */
  readonly subscribe = (listener: () => void): (() => void) => this.#signal.listen(listener);

  /** Logs in under a name; whoever was logged in before is logged out. */
  logIn(name: string): void {
    if (name === this.#me && this.#connection.kind === "online") return;
    this.save();
    if (this.#parts.client.userId !== undefined) this.#parts.client.logout();
    if (name !== this.#me) this.#become(name);
    this.#nameRefused = false;
    this.#connection = { kind: "connecting" };
    const credentials = { userId: name, appPlatform: this.#parts.appPlatform };
    this.#parts.client.login(credentials, { deadlineMs: Number.POSITIVE_INFINITY }).then(
      ({ channels }) => this.#loggedIn(channels),
      (error: unknown) => this.#refused(name, error),
    );
    this.#signal.raise();
    this.#signal.flush();
  }

  /** Shows a conversation; a room is joined if need be. Undefined shows none. */
  open(id: string | undefined): void {
    const conversation = id === undefined ? undefined : this.#conversation(id);
    if (conversation === this.#open && conversation?.joined !== false) return;
    this.#leaveOpen();
    this.#open = conversation;
    this.#atEnd = false;
    if (conversation !== undefined) this.#enterOpen(conversation);
    this.#watchPeople();
    this.#saveSoon();
    this.#signal.raise();
    this.#signal.flush();
  }

  /** Leaves a room, or takes a person off the list; the messages stay where they are. */
  leave(id: string): void {
    const conversation = this.#conversations.get(id);
    if (conversation === undefined) return;
    if (conversation === this.#open) this.open(undefined);
    if (conversation.kind === "room") {
      this.#parts.client.leave(id).catch(() => {}); // Not in it, or away: nothing of it is shown any more.
      conversation.forgetUser();
      if (!this.#parts.offered.includes(id)) this.#conversations.delete(id);
    } else {
      this.#conversations.delete(id);
    }
    this.#saveSoon();
    this.#changed();
  }

  /** @returns false if too much waits to be sent already. */
  send(content: Omit<Draft, "channel" | "userId">): boolean {
    const conversation = this.#open;
    if (conversation === undefined) return false;
    if (!conversation.timeline.attached) void this.#quietly(conversation.timeline.latest());
    const draft = { ...content, ...targetOf(conversation) } as Draft;
    const taken = conversation.outgoing.send(draft, crypto.getRandomValues(new Uint32Array(4)).join("-"));
    conversation.seenUpTo = undefined;
    this.#typingToldAt = Number.NEGATIVE_INFINITY;
    this.#signal.flush();
    return taken;
  }

  sendAgain(seq: string): void {
    this.#open?.outgoing.retry(seq);
  }

  throwAway(seq: string): void {
    this.#open?.outgoing.forget(seq);
  }

  /** The user writes: others are told now and then. */
  typing(): void {
    const conversation = this.#open;
    const now = this.#parts.now();
    if (conversation === undefined || now - this.#typingToldAt < TYPING_PERIOD_MS) return;
    this.#typingToldAt = now;
    this.#parts.client.typing(targetOf(conversation)).catch(() => {}); // Away, or too many to tell: it is a courtesy.
  }

  /** Whether the end of the open conversation is on the screen, and somebody looks at it. */
  watching(atEnd: boolean): void {
    this.#atEnd = atEnd;
    if (atEnd) this.#markRead();
  }

  older(): Promise<void> {
    const conversation = this.#open;
    if (conversation === undefined) return Promise.resolve();
    if (conversation.kind !== "direct") return this.#quietly(conversation.timeline.older());
    return this.#quietly(this.#olderOf(conversation));
  }

  newer(): Promise<void> {
    return this.#quietly(this.#open?.timeline.newer());
  }

  latest(): Promise<void> {
    return this.#quietly(this.#open?.timeline.latest());
  }

  /** The network may be back, or the page is looked at again. */
  wake(): void {
    this.#parts.client.wake();
    this.#presence.look();
    if (this.#atEnd) this.#markRead();
  }

  #listen(client: PrimClient): void {
    client.on("status", (event) => this.#statusChanged(event));
    client.on("message", (message) => this.#take(message));
    client.on("enter", (event) => this.#entered(event));
    client.on("exit", (event) => this.#exited(event));
    client.on("members", ({ channel, count }) => {
      if (channel === this.#open?.id) this.#roster?.counted(count);
    });
    client.on("typing", (event) => this.#someoneTypes(event));
    client.on("read", (event) => this.#wasRead(event));
    client.on("notice", ({ notice }) => {
      if (notice !== "draining") return;
      this.#connection = { kind: "draining" };
      this.#changed();
    });
    client.on("resumed", ({ channel, recovered, epoch, offset }) => {
      if (recovered) return;
      const timeline =
        channel === this.#inboxChannel ? this.#inbox : this.#conversations.get(channel)?.timeline;
      timeline?.lost(epoch, offset);
      void this.#quietly(timeline?.load());
    });
  }

  #statusChanged({ status, retryInMs = 0, error }: StatusEvent): void {
    if (status === "online") {
      this.#connection = { kind: "online" };
      this.#roster?.refresh();
      this.#presence.look();
      if (this.#lost) void this.#quietly(this.#open?.timeline.load());
      this.#lost = false;
    } else if (status === "offline") {
      this.#connection = { kind: "offline", retryAt: this.#parts.now() + retryInMs };
      this.#lost = true;
    } else if (status === "closed") {
      this.#connection = { kind: "refused", reason: error?.reason ?? "closed" };
    } else if (this.#connection.kind !== "refused") {
      this.#connection = { kind: "connecting" };
    }
    this.#changed();
  }

  /** Another user: rooms stay in the list, everything that was known of them goes. */
  #become(name: string): void {
    const openId = this.#open?.id;
    this.#leaveOpen();
    this.#open = undefined;
    this.#me = name;
    this.#inbox = this.#newTimeline(() => this.#inboxChannel);
    this.#marks.clear();
    const rooms = [...this.#conversations.values()].filter(({ kind, joined }) => kind === "room" && joined);
    for (const room of rooms) room.forgetUser();
    const kept = new Set(rooms);
    for (const [id, one] of this.#conversations) if (!kept.has(one)) this.#conversations.delete(id);
    for (const id of this.#parts.offered) this.#conversation(id);
    const saved = this.#parts.saved.load(name);
    for (const { id } of saved.conversations) this.#conversation(id).joined = true;
    for (const room of rooms) room.joined = true;
    const platformRoom = this.#platformRoom;
    this.#conversation(platformRoom).joined = true;
    const known = [openId, saved.open].find((id) => id !== undefined && this.#conversations.has(id));
    this.open(known ?? platformRoom);
  }

  #loggedIn(channels: readonly JoinedChannel[]): void {
    this.#connection = { kind: "online" };
    for (const channel of channels) this.#joined(channel);
    const answered = new Set(channels.map(({ channel }) => channel));
    for (const [id, { kind, joined }] of this.#conversations) {
      if (kind === "room" && joined && !answered.has(id)) this.#join(id);
    }
    this.#roster?.refresh();
    void this.#quietly(this.#inbox.load());
    this.#saveSoon();
    this.#changed();
  }

  #refused(name: string, error: unknown): void {
    const reason = error instanceof PrimClientError ? error.reason : "unknown";
    // Logged out to log in under another name: that login has an outcome of its own.
    if (name !== this.#me || reason === "not_logged_in") return;
    this.#connection = { kind: "refused", reason };
    this.#nameRefused = reason === "illegal_user_id" || reason === "unauthorized";
    this.#changed();
  }

  #join(id: string): void {
    this.#parts.client.join(id).then(
      (joined) => this.#joined(joined),
      () => {
        const conversation = this.#conversations.get(id);
        if (conversation !== undefined) conversation.joined = false;
        this.#changed();
      },
    );
  }

  /** The server says where a channel stands, and how far the user has read it. */
  #joined({ channel, epoch, offset, read }: JoinedChannel): void {
    const saved = new Map(this.#parts.saved.load(this.#me).conversations.map((one) => [one.id, one]));
    if (read !== undefined) this.#marks.known(channel, read);
    if (channel === this.#inboxChannel) {
      this.#inbox.joined(epoch, offset);
      for (const one of this.#conversations.values()) {
        if (one.kind === "direct") this.#restore(one, epoch, read ?? 0, saved.get(one.id));
      }
      return;
    }
    const conversation = this.#conversation(channel);
    conversation.joined = channel !== EVERYBODY || offset > 0;
    conversation.timeline.joined(epoch, offset);
    const known = saved.get(channel);
    // A room that is new to the user counts from now on.
    const from = read ?? (known?.epoch === epoch ? 0 : offset);
    this.#restore(conversation, epoch, from, known);
    void this.#quietly(conversation.timeline.load());
    this.#saveSoon();
    this.#changed();
  }

  #restore(conversation: Conversation, epoch: string, readUpTo: number, saved?: SavedConversation): void {
    const { readUpTo: own, readBy } = saved?.epoch === epoch ? saved : { readUpTo: 0, readBy: 0 };
    conversation.readUpTo = Math.max(conversation.readUpTo, readUpTo, own);
    conversation.readers.restore(readBy);
    if (conversation === this.#open && conversation.unread > 0)
      conversation.seenUpTo ??= conversation.readUpTo;
  }

  #take(message: Message): void {
    const { channel, from, target, offset, seq } = message;
    const isOwn = from === this.#me;
    const isInbox = channel === this.#inboxChannel;
    const id = isInbox ? directId(isOwn ? target : from) : channel;
    const conversation = this.#conversation(id);
    conversation.joined = true;
    const wasRead = conversation.unread === 0;
    conversation.timeline.take(message);
    conversation.typists.stopped(from);
    if (isOwn) {
      conversation.outgoing.forget(seq);
      conversation.readUpTo = Math.max(conversation.readUpTo, offset);
    } else if (conversation === this.#open) {
      if (!this.#isWatched && wasRead) conversation.seenUpTo = conversation.readUpTo;
      this.#announcement = { key: message.id, from: message.nickname ?? from, text: message.msg };
    }
    if (isInbox && !isOwn) this.#setOnline(from, true);
    if (conversation === this.#open && this.#isWatched) this.#markRead();
    if (isInbox) this.#watchPeople();
  }

  #entered({ channel, from }: PresenceEvent): void {
    if (channel === this.#open?.id) this.#roster?.entered(from);
    this.#setOnline(from, true);
    const conversation = this.#conversations.get(channel);
    if (from !== this.#me) conversation?.notices.came(from, conversation.timeline.head);
    this.#changed();
  }

  #exited({ channel, from }: PresenceEvent): void {
    if (channel === this.#open?.id) this.#roster?.left(from);
    const conversation = this.#conversations.get(channel);
    if (from !== this.#me) conversation?.notices.left(from, conversation.timeline.head);
    conversation?.typists.stopped(from);
    // They may be somewhere else still.
    if (this.#conversations.has(directId(from))) this.#presence.look();
    this.#changed();
  }

  #someoneTypes({ channel, from }: TypingEvent): void {
    if (from === this.#me) return;
    const id = channel === this.#inboxChannel ? directId(from) : channel;
    this.#conversations.get(id)?.typists.typing(from);
  }

  #wasRead({ channel, from, offset, id }: ReadEvent): void {
    if (channel === this.#inboxChannel && from !== this.#me) {
      const conversation = this.#conversations.get(directId(from));
      const message = conversation?.messages.find((one) => one.id === id);
      if (message !== undefined) conversation?.readers.mark(from, message.offset);
    } else if (offset !== undefined) {
      const isInbox = channel === this.#inboxChannel;
      for (const conversation of this.#conversations.values()) {
        if (isInbox ? conversation.kind !== "direct" : conversation.id !== channel) continue;
        if (from === this.#me) conversation.readUpTo = Math.max(conversation.readUpTo, offset);
        else conversation.readers.mark(from, offset);
      }
    }
    this.#saveSoon();
    this.#changed();
  }

  #enterOpen(conversation: Conversation): void {
    conversation.timeline.wake();
    const { id, kind, unread, readUpTo } = conversation;
    conversation.seenUpTo = unread > 0 ? readUpTo : undefined;
    if (!conversation.joined) {
      conversation.joined = true;
      if (kind === "room" && this.#connection.kind === "online") this.#join(id);
    } else if (this.#connection.kind === "online") {
      void this.#quietly(kind === "direct" ? this.#olderOf(conversation) : conversation.timeline.load());
    }
    if (kind !== "room") return;
    this.#roster = new Roster({
      read: () => this.#parts.server.people(id),
      onChange: (people) => {
        if (this.#open !== conversation) return;
        this.#people = { names: new Set(people.names), count: people.count };
        for (const name of people.names) this.#setOnline(name, true);
        this.#changed();
      },
    });
    if (this.#connection.kind === "online") this.#roster.refresh();
  }

  #leaveOpen(): void {
    this.#roster?.close();
    this.#roster = undefined;
    this.#people = undefined;
    this.#announcement = undefined;
    if (this.#open !== undefined && this.#open.kind !== "direct") this.#open.timeline.rest();
  }

  /** Looks back in the inbox until this person's part of it has grown by a screen, or for a while. */
  async #olderOf(conversation: Conversation): Promise<void> {
    const { timeline } = conversation;
    await timeline.load();
    const wanted = conversation.messages.length + DIRECT_OLDER_MIN;
    for (let page = 0; page < INBOX_PAGES_MAX; page++) {
      if (!timeline.olderLeft || conversation.messages.length >= wanted) return;
      await timeline.older(INBOX_PAGE);
    }
  }

  #markRead(): void {
    const conversation = this.#open;
    if (conversation === undefined || !this.#isWatched) return;
    const { head, readUpTo, kind, id } = conversation;
    if (head <= readUpTo || !conversation.timeline.loaded) return;
    conversation.readUpTo = head;
    this.#marks.changed(kind === "direct" ? this.#inboxChannel : id);
    this.#saveSoon();
    this.#changed();
  }

  get #isWatched(): boolean {
    return this.#atEnd && this.#parts.isShown() && this.#parts.hasFocus();
  }

  #readable(channel: string): number {
    if (channel !== this.#inboxChannel) return this.#conversations.get(channel)?.readUpTo ?? 0;
    const unread = [...this.#conversations.values()].flatMap((one) =>
      one.kind === "direct" ? (one.firstUnread ?? []) : [],
    );
    return unread.length === 0 ? this.#inbox.head : Math.min(...unread) - 1;
  }

  #setOnline(userId: string, online: boolean): void {
    const conversation = this.#conversations.get(directId(userId));
    if (conversation === undefined || conversation.online === online) return;
    conversation.online = online;
    this.#changed();
  }

  #watchPeople(): void {
    const people = [...this.#conversations.values()].filter(({ kind }) => kind === "direct");
    people.sort((a, b) => Number(b === this.#open) - Number(a === this.#open) || b.head - a.head);
    this.#presence.watch(people.map(({ name }) => name));
  }

  #conversation(id: string): Conversation {
    const existing = this.#conversations.get(id);
    if (existing !== undefined) return existing;
    const kind = kindOfId(id);
    const timeline = kind === "direct" ? this.#inbox : this.#newTimeline(() => id);
    const conversation = new Conversation({
      kind,
      name: nameOfId(id),
      timeline,
      outgoing: new Outgoing({
        send: (draft, seq) => this.#parts.client.send(draft, { seq }),
        isShown: (place) => this.#isShown(place),
        now: this.#parts.now,
        changed: () => this.#changed(),
      }),
      typists: new Typists(this.#parts.now, () => this.#changed()),
    });
    if (kind === "direct") conversation.joined = true;
    this.#conversations.set(id, conversation);
    return conversation;
  }

  #newTimeline(channel: () => string): Timeline {
    const timeline: Timeline = new Timeline({
      history: (range) => this.#parts.client.history(channel(), range),
      changed: () => {
        if (timeline === this.#inbox) this.#meetPeople();
        this.#changed();
      },
    });
    return timeline;
  }

  /** Whoever has written to the user, or was written to, is in the list. */
  #meetPeople(): void {
    for (const { from, target } of this.#inbox.messages)
      this.#conversation(directId(from === this.#me ? target : from));
  }

  #isShown({ channel, epoch, offset }: ChannelPosition): boolean {
    const place = this.#parts.client.positions.find((one) => one.channel === channel);
    return place === undefined || place.epoch !== epoch || place.offset >= offset;
  }

  get #inboxChannel(): string {
    return `inbox:${this.#me}`;
  }

  get #platformRoom(): string {
    return roomId(String(this.#parts.appPlatform));
  }

  async #quietly(work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
    } catch {
      // Away for too long: it is read again when somebody scrolls, or with the next connection.
    }
  }

  #changed(): void {
    this.#signal.raise();
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  /** Remembers the conversations for the next visit, now. */
  save(): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    if (this.#me === "") return;
    const conversations = [...this.#conversations.values()]
      .filter(({ joined }) => joined)
      .map(({ id, timeline, readUpTo, readers }) => ({
        id,
        epoch: timeline.epoch,
        readUpTo,
        readBy: readers.furthest,
      }));
    this.#parts.saved.save(this.#me, { conversations, open: this.#open?.id });
  }

  #compose(): void {
    this.#state = this.#newState();
  }

  #newState(): ChatState {
    const before = this.#state as ChatState | undefined; // Undefined while it is made for the first time.
    const summaries = [...this.#conversations.values()]
      .map((one) => one.summary())
      .filter(({ kind, joined }) => kind !== "all" || joined)
      .sort((a, b) => Number(b.joined) - Number(a.joined) || (b.last?.sentAt ?? 0) - (a.last?.sentAt ?? 0));
    const old = before?.conversations;
    const isSame = old?.length === summaries.length && summaries.every((one, index) => one === old[index]);
    return {
      me: this.#me,
      connection: this.#connection,
      lost: this.#lost,
      nameRefused: this.#nameRefused,
      conversations: isSame ? old : summaries,
      unreadTotal: summaries.reduce((sum, { unread }) => sum + unread, 0),
      open: this.#open && this.#openState.make(this.#open, this.#me, this.#people),
      announcement: this.#announcement,
    };
  }
}

function targetOf({ kind, id, name }: Conversation): Target {
  return kind === "direct" ? { userId: name } : { channel: id };
}
