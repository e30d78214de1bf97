/**
 * ChatSession: stays logged in. It connects, logs in with the positions that were seen, keeps the link alive, and
 * after every loss tries again with growing pauses, until it is told another name or the server says not to.
 */
import { backoffMs } from "../wire/backoff.ts";
import { ChatSocket, ClosedError, RefusedError } from "../wire/chat-socket.ts";
import { type ChannelPosition, type JoinedChannel, joinedChannels, type Push } from "../wire/frames.ts";

export type SessionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "online" }
  /** The node is about to stop: nothing can be sent until another connection stands. */
  | { readonly kind: "draining" }
  /** `retryAt` is in Unix milliseconds. */
  | { readonly kind: "offline"; readonly retryAt: number }
  /** The server doesn't want this login; it is not tried again by itself. `code` is its answer, 0 if it hung up. */
  | { readonly kind: "refused"; readonly code: number };

export interface ChatSessionEvents {
  /** Where to resume from; asked before each login. */
  positions(): readonly ChannelPosition[];
  onState(state: SessionState): void;
  /** Logged in; comes before the pushes of this connection. */
  onLogin(channels: readonly JoinedChannel[]): void;
  onPush(push: Push): void;
}

export interface ChatSessionOptions {
  readonly url: string;
  readonly appPlatform: number;
}

/** Well below the server's heartbeat time, and the minute after which many proxies cut a silent link. */
const HEARTBEAT_MS = 30_000;
/** "Kicked, do not reconnect." */
const KICKED_CLOSE = 4003;
/** Too many requests, server error, unavailable: the same login may succeed later. */
const TRANSIENT_CODES: ReadonlySet<number> = new Set([1004, 1008, 1011, 1013]);

export class ChatSession {
  readonly #options: ChatSessionOptions;
  readonly #events: ChatSessionEvents;
  #userId = "";
  #state: SessionState = { kind: "connecting" };
  #socket: ChatSocket | undefined;
  #failures = 0;
  #retryTimer = 0;
  #heartbeatTimer = 0;

  constructor(options: ChatSessionOptions, events: ChatSessionEvents) {
    this.#options = options;
    this.#events = events;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Logs in under this name; a login under another one ends. */
  start(userId: string): void {
    this.#userId = userId;
    this.#failures = 0;
    this.#connect();
  }

  /** Tries again now instead of later. Does nothing while there is a connection, or one in the making. */
  retry(): void {
    if (this.#state.kind === "offline" || this.#state.kind === "refused") this.#connect();
  }

  /** The machine may have slept, or changed its network: tries again now, or asks whether the link still lives. */
  wake(): void {
    if (this.#state.kind === "offline") this.#connect();
    else if (this.#state.kind === "online" && this.#socket !== undefined) this.#heartbeat(this.#socket);
  }

  /** @throws {RefusedError} and {ClosedError}, see ChatSocket.request(). */
  request(action: string, data: object, seq?: string): Promise<unknown> {
    return this.#socket?.request(action, data, seq) ?? Promise.reject(new ClosedError("Not connected"));
  }

  #connect(): void {
    this.#disconnect();
    this.#enter({ kind: "connecting" });
    const socket = new ChatSocket(this.#options.url, {
      onPush: (push) => this.#push(push),
      onClosed: (code) => this.#closed(code),
    });
    this.#socket = socket;
    void this.#login(socket);
  }

  async #login(socket: ChatSocket): Promise<void> {
    const { appPlatform } = this.#options;
    try {
      await socket.opened();
      const positions = this.#events.positions();
      const data = await socket.request("login", { userId: this.#userId, appPlatform, positions });
      this.#failures = 0;
      this.#heartbeatTimer = window.setInterval(() => this.#heartbeat(socket), HEARTBEAT_MS);
      this.#events.onLogin(joinedChannels(data));
      this.#enter({ kind: "online" });
    } catch (error) {
      if (error instanceof ClosedError) return; // Either closed on purpose, or onClosed() was told.
      if (!(error instanceof RefusedError)) throw error;
      this.#disconnect();
      if (TRANSIENT_CODES.has(error.code)) this.#retryLater();
      else this.#enter({ kind: "refused", code: error.code });
    }
  }

  #heartbeat(socket: ChatSocket): void {
    socket.request("heartbeat", {}).catch(() => {
      // No answer closes the socket, and that is dealt with there.
    });
  }

  #push(push: Push): void {
    if (push.kind === "notice" && push.notice === "draining") this.#enter({ kind: "draining" });
    this.#events.onPush(push);
  }

  #closed(code: number): void {
    this.#disconnect();
    if (code === KICKED_CLOSE) this.#enter({ kind: "refused", code: 0 });
    else this.#retryLater();
  }

  #retryLater(): void {
    const waitMs = backoffMs(this.#failures, Math.random());
    this.#failures += 1;
    this.#retryTimer = window.setTimeout(() => this.#connect(), waitMs);
    this.#enter({ kind: "offline", retryAt: Date.now() + waitMs });
  }

  #disconnect(): void {
    window.clearTimeout(this.#retryTimer);
    window.clearInterval(this.#heartbeatTimer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.#events.onState(state);
  }
}
