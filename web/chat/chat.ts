/**
 * Chat: the page's model. It holds the SDK's client, puts what arrives into conversations, and makes of them what the view
 * shows. It knows no React and no element.
 */
import {
  type Draft,
  type JoinedChannel,
  type Message,
  type PresenceEvent,
  type PrimClient,
  PrimClientError,
  type StatusEvent,
} from "../../src/client/index.ts";
import { ChangeSignal } from "./change-signal.ts";
import type { ChatState, ConnectionState } from "./chat-state.ts";
import { directId, roomId } from "./conversation.ts";
import { ConversationBook } from "./conversation-book.ts";
import { OpenConversation } from "./open-conversation.ts";
import { Presence } from "./presence.ts";
import { ReadMarks } from "./read-marks.ts";
import type { SavedChats } from "./saved-chats.ts";
import type { ServerApi } from "./server-api.ts";

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

const SAVE_AFTER_MS = 500;

export class Chat {
  readonly #parts: ChatParts;
  readonly #signal = new ChangeSignal(() => {
    this.#state = this.#newState();
  });
  readonly #changed = (): void => this.#signal.raise();
  readonly #book: ConversationBook;
  readonly #open: OpenConversation;
  readonly #presence: Presence;
  readonly #marks: ReadMarks;
  #connection: ConnectionState = { kind: "connecting" };
  #lost = false;
  #nameRefused = false;
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #state: ChatState;

  constructor(parts: ChatParts) {
    const { client, server, now } = parts;
    this.#parts = parts;
    this.#book = new ConversationBook({ ...parts, changed: this.#changed });
    this.#presence = new Presence({
      ask: (userId) => server.isOnline(userId),
      isAwake: () => parts.isShown() && this.#connection.kind === "online",
      changed: (userId, online) => this.#setOnline(userId, online),
    });
    this.#marks = new ReadMarks({
      readUpTo: (channel) => this.#book.readable(channel),
      tell: (channel, offset) => client.markRead(channel, offset),
    });
    this.#open = new OpenConversation({
      server,
      now,
      isLookedAt: () => parts.isShown() && parts.hasFocus(),
      areHere: (names) => {
        for (const name of names) this.#setOnline(name, true);
      },
      wasRead: ({ kind, id }) => {
        this.#marks.changed(kind === "direct" ? this.#book.inboxChannel : id);
        this.#saveSoon();
        this.#changed();
      },
      changed: this.#changed,
    });
    this.#listen(client);
    this.#state = this.#newState();
  }

  get state(): ChatState {
    return this.#state;
  }

  /** Hears of changes of `state`. @returns stops hearing. */
  readonly subscribe = (listener: () => void): (() => void) => this.#signal.listen(listener);

  /** Logs in under a name; whoever was logged in before is logged out. */
  logIn(name: string): void {
    const { client, appPlatform } = this.#parts;
    if (name === this.#book.me && this.#connection.kind === "online") return;
    this.save();
    if (client.userId !== undefined) client.logout();
    if (name !== this.#book.me) this.#become(name);
    this.#nameRefused = false;
    this.#connection = { kind: "connecting" };
    client.login({ userId: name, appPlatform }, { deadlineMs: Number.POSITIVE_INFINITY }).then(
      ({ channels }) => this.#loggedIn(channels),
      (error: unknown) => this.#refused(name, error),
    );
    this.#showNow();
  }

  /** Shows a conversation; a room is joined if need be. Undefined shows none. */
  open(id: string | undefined): void {
    const conversation = id === undefined ? undefined : this.#book.get(id);
    if (conversation === this.#open.conversation && conversation?.joined !== false) return;
    this.#open.show(conversation);
    const isOnline = this.#connection.kind === "online";
    if (conversation?.joined === false) {
      conversation.joined = true;
      if (isOnline) this.#join(conversation.id);
    } else if (isOnline) {
      void quietly(this.#open.load());
    }
    if (isOnline) this.#open.roster?.refresh();
    this.#watchPeople();
    this.#saveSoon();
    this.#showNow();
  }

  /** Leaves a room, or takes a person off the list; the messages stay where they are. */
  leave(id: string): void {
    const conversation = this.#book.find(id);
    if (conversation === undefined) return;
    if (conversation === this.#open.conversation) this.open(undefined);
    // Not in it, or away: nothing of it is shown any more.
    if (conversation.kind === "room") this.#parts.client.leave(id).catch(() => {});
    this.#book.remove(id);
    this.#saveSoon();
    this.#showNow();
  }

  /** @returns false if too much waits to be sent already. */
  send(content: Omit<Draft, "channel" | "userId">): boolean {
    const { conversation, target } = this.#open;
    if (conversation === undefined) return false;
    if (!conversation.timeline.attached) void this.latest();
    const draft = { ...content, ...target } as Draft;
    const isTaken = conversation.outgoing.send(draft, newSeq());
    this.#open.sent();
    this.#signal.flush();
    return isTaken;
  }

  sendAgain(seq: string): void {
    this.#open.conversation?.outgoing.retry(seq);
  }

  throwAway(seq: string): void {
    this.#open.conversation?.outgoing.forget(seq);
  }

  /** The user writes: others are told now and then. */
  typing(): void {
    const { target } = this.#open;
    if (target === undefined || !this.#open.isTypingNews()) return;
    this.#parts.client.typing(target).catch(() => {}); // Away, or too many to tell: it is a courtesy.
  }

  /** Whether the end of the open conversation is on the screen. */
  watching(atEnd: boolean): void {
    this.#open.watching(atEnd);
  }

  older(): Promise<void> {
    return quietly(this.#open.older());
  }

  newer(): Promise<void> {
    return quietly(this.#open.conversation?.timeline.newer());
  }

  latest(): Promise<void> {
    return quietly(this.#open.conversation?.timeline.latest());
  }

  /** The network may be back, or the page is looked at again. */
  wake(): void {
    this.#parts.client.wake();
    this.#presence.look();
    this.#open.look();
  }

  /** Remembers the conversations for the next visit, now. */
  save(): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    this.#book.save(this.#open.conversation?.id);
  }

  #listen(client: PrimClient): void {
    client.on("status", (event) => this.#statusChanged(event));
    client.on("message", (message) => this.#take(message));
    client.on("enter", (event) => this.#cameOrWent(event, true));
    client.on("exit", (event) => this.#cameOrWent(event, false));
    client.on("members", ({ channel, count }) => {
      if (channel === this.#open.conversation?.id) this.#open.roster?.counted(count);
    });
    client.on("typing", ({ channel, from }) => {
      if (from === this.#book.me) return;
      const id = channel === this.#book.inboxChannel ? directId(from) : channel;
      this.#book.find(id)?.typists.typing(from);
    });
    client.on("read", (event) => {
      this.#book.wasRead(event);
      this.#saveSoon();
      this.#changed();
    });
    client.on("notice", ({ notice }) => {
      if (notice !== "draining") return;
      this.#connection = { kind: "draining" };
      this.#changed();
    });
    client.on("resumed", ({ channel, recovered, epoch, offset }) => {
      if (!recovered) void quietly(this.#book.lost(channel, epoch, offset)?.load());
    });
  }

  #statusChanged({ status, retryInMs = 0, error }: StatusEvent): void {
    if (status === "online") {
      this.#connection = { kind: "online" };
      this.#open.roster?.refresh();
      this.#presence.look();
      if (this.#lost) void quietly(this.#open.load());
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

  /** Another user. */
  #become(name: string): void {
    const before = this.#open.conversation?.id;
    this.#open.show(undefined);
    this.#marks.clear();
    const saved = this.#book.become(name);
    const platformRoom = roomId(String(this.#parts.appPlatform));
    this.#book.get(platformRoom).joined = true;
    const known = [before, saved.open].find((id) => id !== undefined && this.#book.find(id) !== undefined);
    this.open(known ?? platformRoom);
  }

  #loggedIn(channels: readonly JoinedChannel[]): void {
    this.#connection = { kind: "online" };
    for (const channel of channels) this.#joined(channel);
    const answered = new Set(channels.map(({ channel }) => channel));
    for (const { id, kind, joined } of this.#book.all) {
      if (kind === "room" && joined && !answered.has(id)) this.#join(id);
    }
    this.#open.roster?.refresh();
    void quietly(this.#book.inbox.load());
  }

  #refused(name: string, error: unknown): void {
    const reason = error instanceof PrimClientError ? error.reason : "unknown";
    // Logged out to log in under another name: that login has an outcome of its own.
    if (name !== this.#book.me || reason === "not_logged_in") return;
    this.#connection = { kind: "refused", reason };
    this.#nameRefused = reason === "illegal_user_id" || reason === "unauthorized";
    this.#changed();
  }

  #join(id: string): void {
    this.#parts.client.join(id).then(
      (joined) => this.#joined(joined),
      () => {
        const conversation = this.#book.find(id);
        if (conversation !== undefined) conversation.joined = false;
        this.#changed();
      },
    );
  }

  #joined(channel: JoinedChannel): void {
    if (channel.read !== undefined) this.#marks.known(channel.channel, channel.read);
    this.#book.joined(channel);
    const { conversation } = this.#open;
    const isOpen = conversation?.id === channel.channel;
    const isOpenPerson = conversation?.kind === "direct" && channel.channel === this.#book.inboxChannel;
    if (isOpen || isOpenPerson) this.#open.markNew();
    void quietly(this.#book.find(channel.channel)?.timeline.load());
    this.#saveSoon();
    this.#changed();
  }

  #take(message: Message): void {
    const { id, from, nickname = from, msg, channel } = message;
    const { conversation, wasRead } = this.#book.take(message);
    const isOwn = from === this.#book.me;
    if (conversation === this.#open.conversation) {
      if (!isOwn && wasRead && !this.#open.isWatched) this.#open.markNew();
      if (!isOwn) this.#open.announcement = { key: id, from: nickname, text: msg };
      this.#open.look();
    }
    if (channel !== this.#book.inboxChannel) return;
    if (!isOwn) this.#setOnline(from, true);
    this.#watchPeople();
  }

  #cameOrWent({ channel, from }: PresenceEvent, isComing: boolean): void {
    const conversation = this.#book.find(channel);
    const roster = conversation === this.#open.conversation ? this.#open.roster : undefined;
    if (isComing) {
      roster?.entered(from);
      this.#setOnline(from, true);
    } else {
      roster?.left(from);
      conversation?.typists.stopped(from);
      // They may be somewhere else still.
      if (this.#book.find(directId(from)) !== undefined) this.#presence.look();
    }
    if (from !== this.#book.me) {
      const head = conversation?.timeline.head ?? 0;
      if (isComing) conversation?.notices.came(from, head);
      else conversation?.notices.left(from, head);
    }
    this.#changed();
  }

  #setOnline(userId: string, online: boolean): void {
    const conversation = this.#book.find(directId(userId));
    if (conversation === undefined || conversation.online === online) return;
    conversation.online = online;
    this.#changed();
  }

  /** Asks about the person who is open first, then about the latest. */
  #watchPeople(): void {
    const { conversation } = this.#open;
    const people = this.#book.all.filter(({ kind }) => kind === "direct");
    people.sort((a, b) => Number(b === conversation) - Number(a === conversation) || b.head - a.head);
    this.#presence.watch(people.map(({ name }) => name));
  }

  #showNow(): void {
    this.#signal.raise();
    this.#signal.flush();
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  #newState(): ChatState {
    const conversations = this.#book.summaries();
    const { me } = this.#book;
    return {
      ...{
        me,
        connection: this.#connection,
        lost: this.#lost,
        nameRefused: this.#nameRefused,
        conversations,
      },
      unreadTotal: conversations.reduce((sum, { unread }) => sum + unread, 0),
      open: this.#open.state(me),
      announcement: this.#open.announcement,
    };
  }
}

function newSeq(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

async function quietly(work: Promise<void> | undefined): Promise<void> {
  try {
    await work;
  } catch {
    // Away for too long: it is read again when somebody scrolls, or with the next connection.
  }
}
