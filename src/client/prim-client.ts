/**
 * PrimClient: the SDK's door. It holds one user's login over as many connections as it takes, and promises: every
 * message of every joined channel once and in order, every sent message stored once. How is in the parts behind it.
 */

import { type ClientClock, type Random, systemClock } from "./clock.ts";
import type { FrameCodec } from "./codec.ts";
import type { Fetch } from "./connect-client.ts";
import { FallbackTransport } from "./fallback-transport.ts";
import { jsonCodec } from "./json-codec.ts";
import {
  BACKOFF_MAX_MS,
  BACKOFF_MIN_MS,
  DEAD_AFTER_MS,
  DEADLINE_MS,
  FRAME_BYTES_MAX,
  HEARTBEAT_MS,
  OUTBOX_BYTES_MAX,
  OUTBOX_COUNT_MAX,
  STABLE_MS,
} from "./limits.ts";
import { type Listener, Listeners } from "./listeners.ts";
import { MessageStream } from "./message-stream.ts";
import type {
  ChannelPosition,
  Credentials,
  Draft,
  HistoryPage,
  HistoryRange,
  JoinedChannel,
  LoginResult,
  MembersEvent,
  Message,
  NoticeEvent,
  Position,
  PresenceEvent,
  ReadEvent,
  Receipt,
  Target,
  TypingEvent,
} from "./messages.ts";
import type { CallOptions } from "./pending.ts";
import type { ResumedEvent } from "./positions.ts";
import { PrimClientError } from "./prim-client-error.ts";
import { Session, type SessionOptions, type Status, type StatusEvent } from "./session.ts";
import { StreamTransport } from "./stream-transport.ts";
import type { Transport } from "./transport.ts";
import { type WebSocketConstructor, WebSocketTransport } from "./websocket-transport.ts";

/** What a client is made with; only `url` is required. Times are in milliseconds. */
export interface PrimClientOptions extends Partial<SessionOptions> {
  /** ws:// or wss://, with the path: "ws://127.0.0.1:8089/acc". */
  readonly url: string;
  /**
   * http:// or https:// of prim's HTTP port: "http://127.0.0.1:8080". With it the client falls back to a stream over HTTP where
   * WebSockets don't get through, and comes back when they do; without it there is no fallback.
   */
  readonly httpUrl?: string | undefined;
  /** Default JSON; `protobufCodec` is an entry of its own. */
  readonly codec?: FrameCodec;
  /** Default the global one; Node 20 has none: hand in that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Default the global one; used with `httpUrl` only. */
  readonly fetch?: Fetch | undefined;
  /** Instead of all that; `url`, `httpUrl`, `codec`, `WebSocket` and `fetch` are not looked at then. */
  readonly transport?: Transport;
  /** Time; default the machine's. For tests. */
  readonly clock?: ClientClock;
  /** Chance; default `Math.random`. For tests. */
  readonly random?: Random;
}

/** Events by name. All are delivered in the order in which they happened. */
export interface PrimClientEvents {
  /** A message of a joined channel, the own inbox or the broadcast; one's own too. */
  readonly message: Message;
  /** A user came to a room. */
  readonly enter: PresenceEvent;
  /** A user left a room. */
  readonly exit: PresenceEvent;
  /** The members of a big room changed. */
  readonly members: MembersEvent;
  /** A user is writing, in a room or to this one. */
  readonly typing: TypingEvent;
  /** Somebody has read up to a place. */
  readonly read: ReadEvent;
  /** The server speaks to this session. */
  readonly notice: NoticeEvent;
  /** The connection or the login changed. */
  readonly status: StatusEvent;
  /** A channel was resumed after a reconnect, or a gap was found that can't be filled. */
  readonly resumed: ResumedEvent;
}

/** What messages() takes. */
export interface MessagesOptions {
  /** Ends the iterator; what waits can still be read. */
  readonly signal?: AbortSignal;
}

/** What send() takes besides the message. */
export interface SendOptions extends CallOptions {
  /** The message's id on this side. Give your own if the same message may be sent again by another run of the program. */
  readonly seq?: string | undefined;
}

/** What join() takes besides the room. */
export interface JoinOptions extends CallOptions {
  /** Where to resume from: what was missed since follows as messages. */
  readonly from?: Position | undefined;
}

const DEFAULTS: SessionOptions = {
  backoffMinMs: BACKOFF_MIN_MS,
  backoffMaxMs: BACKOFF_MAX_MS,
  stableMs: STABLE_MS,
  openMsMax: DEADLINE_MS,
  heartbeatMs: HEARTBEAT_MS,
  deadAfterMs: DEAD_AFTER_MS,
  deadlineMs: DEADLINE_MS,
  outboxCountMax: OUTBOX_COUNT_MAX,
  outboxBytesMax: OUTBOX_BYTES_MAX,
  frameBytesMax: FRAME_BYTES_MAX,
};

/** One user's login over as many connections as it takes: every message once and in order, every sent message stored once. */
export class PrimClient {
  readonly #session: Session;
  readonly #listeners = new Listeners<PrimClientEvents>();
  readonly #streams = new Set<MessageStream>();

  /**
   * Opens nothing yet: connect() or login() does.
   *
   * @throws {PrimClientError} "illegal_parameter" if there is no WebSocket here and none was given, nor `httpUrl`.
   */
  constructor(options: PrimClientOptions) {
    const { clock = systemClock, random = Math.random } = options;
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    const settings: SessionOptions = { ...DEFAULTS, ...Object.fromEntries(given) };
    this.#session = new Session(transportOf(options, clock, random), clock, random, settings, {
      status: (event) => this.#statusChanged(event),
      resumed: (event) => this.#listeners.emit("resumed", event),
      push: ({ kind, event }) => {
        this.#listeners.emit(kind, event);
        if (kind === "message") for (const stream of this.#streams) stream.put(event);
      },
    });
  }

  /** What the connection is made of now: "websocket" or "stream" (`httpUrl`); undefined while there is none. */
  get via(): string | undefined {
    return this.#session.via;
  }

  /** How the connection stands. */
  get status(): Status {
    return this.#session.status;
  }

  /** The user who is or will be logged in. */
  get userId(): string | undefined {
    return this.#session.credentials?.userId;
  }

  /** How many messages given to send() are not answered yet. */
  get unsent(): number {
    return this.#session.unsent;
  }

  /** How far each channel was read; keep it to resume in another run: `login({ positions })`. */
  get positions(): ChannelPosition[] {
    return this.#session.positions.all();
  }

  /** Hears an event. @returns stops hearing it. */
  on<Name extends keyof PrimClientEvents>(
    name: Name,
    listener: Listener<PrimClientEvents[Name]>,
  ): () => void {
    return this.#listeners.on(name, listener);
  }

  /**
   * Messages from now on, for `for await`; ends with the client, with `signal`, or when the loop is left.
   * It fails with "too_many_requests" when its reader is 10,000 messages behind.
   */
  messages(options: MessagesOptions = {}): AsyncIterableIterator<Message> {
    const { signal } = options;
    const onAbort = () => stream.end();
    const stream = new MessageStream(() => {
      this.#streams.delete(stream);
      signal?.removeEventListener("abort", onAbort);
    });
    this.#streams.add(stream);
    if (signal?.aborted) stream.end();
    else signal?.addEventListener("abort", onAbort);
    return stream;
  }

  /**
   * Opens the connection and keeps it open, reconnecting, until close().
   *
   * @throws {PrimClientError} "deadline", "aborted": it goes on trying; "closed", "illegal_parameter" for a bad address.
   */
  connect(options: CallOptions = {}): Promise<void> {
    return this.#session.connect(options);
  }

  /**
   * Logs in, connecting first if need be, and again after each reconnect, resuming every channel. When it fails by deadline
   * nobody is logged in.
   *
   * @throws {PrimClientError} 1001, 1002, 1003, 1000; "operation_failed" if somebody is logged in; "deadline", "aborted", "closed".
   */
  login(credentials: Credentials, options: CallOptions = {}): Promise<LoginResult> {
    return this.#session.login(credentials, options);
  }

  /** Ends the login; the connection stays. What is under way fails with "not_logged_in". */
  logout(): void {
    this.#session.logout();
  }

  /**
   * Sends a message to a room or a user: stored once, however often the link breaks meanwhile. While offline it
   * is kept, and it has no deadline unless one is given: then or when aborted it may still have been stored.
   *
   * @throws {PrimClientError} 1001, 1003, 1004; "outbox_full", "too_large", "closed", "not_logged_in".
   */
  send(draft: Draft, options: SendOptions = {}): Promise<Receipt> {
    const { seq = this.#session.newSeq(), ...callOptions } = options;
    return this.#session.send({ seq, action: "send", data: draft }, callOptions);
  }

  /**
   * Joins a room ("room:lobby"), and again after each reconnect; everything after the answered offset is delivered.
   *
   * @throws {PrimClientError} 1001; 1011 beyond 128 rooms; "deadline", "aborted", "closed", "not_logged_in".
   */
  join(channel: string, options: JoinOptions = {}): Promise<JoinedChannel> {
    const { from, ...callOptions } = options;
    return this.#session.join(channel, from, callOptions);
  }

  /**
   * Leaves a room; its messages stop at once.
   *
   * @throws {PrimClientError} 1003 if the user is not in it; "deadline", "aborted", "closed", "not_logged_in".
   */
  leave(channel: string, options: CallOptions = {}): Promise<void> {
    return this.#session.leave(channel, options);
  }

  /**
   * Reads kept messages of a joined room, the own inbox or "all".
   *
   * @throws {PrimClientError} 1001; 1003 if the user is not in it; "deadline", "aborted", "closed", "not_logged_in".
   */
  history(channel: string, options: HistoryRange & CallOptions = {}): Promise<HistoryPage> {
    const { after, before, limit, ...callOptions } = options;
    return this.#session.ask("history", { channel, after, before, limit }, callOptions);
  }

  /**
   * Says that the user has read a channel up to an offset, on all their devices. Marks never move back.
   *
   * @param offset 1 to the channel's newest.
   * @throws {PrimClientError} 1001, 1003; "deadline", "aborted", "closed", "not_logged_in".
   */
  async markRead(channel: string, offset: number, options: CallOptions = {}): Promise<void> {
    await this.#session.ask("read", { channel, offset }, options);
  }

  /**
   * Says that the user is writing; repeat it every few seconds.
   *
   * @throws {PrimClientError} "offline" at once if the link is down; 1003; "deadline", "aborted", "closed".
   */
  async typing(target: Target, options: CallOptions = {}): Promise<void> {
    if (this.status !== "online") throw new PrimClientError("offline", `Cannot tell: ${this.status}`);
    await this.#session.ask("typing", target, options);
  }

  /** The network is said to be back, or the page is shown again: reconnects without waiting, or tests the link. */
  wake(): void {
    this.#session.wake();
  }

  /** Ends everything; what is under way fails with "closed". Afterwards connect() and login() may be called again. */
  close(): Promise<void> {
    return this.#session.close();
  }

  #statusChanged(event: StatusEvent): void {
    this.#listeners.emit("status", event);
    if (event.status === "closed") for (const stream of this.#streams) stream.end(event.error);
  }
}

function transportOf(options: PrimClientOptions, clock: ClientClock, random: Random): Transport {
  const { transport, url, httpUrl, codec = jsonCodec, fetch } = options;
  if (transport !== undefined) return transport;
  const WebSocket =
    options.WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor | undefined);
  const webSocket = WebSocket && new WebSocketTransport(url, codec, WebSocket);
  const stream = httpUrl === undefined ? undefined : new StreamTransport(httpUrl, { fetch, clock });
  if (webSocket && stream) return new FallbackTransport(webSocket, stream, { clock, random });
  const only = webSocket ?? stream;
  if (only !== undefined) return only;
  throw new PrimClientError("illegal_parameter", "No WebSocket here: hand in that of the package ws");
}
