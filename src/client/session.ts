/**
 * Session: one user's login, kept alive over as many links as it takes. It owns the order of things when a link opens: log
 * in with the positions read so far, then ask again what was not answered, then send what waits.
 */
import { Backoff } from "./backoff.ts";
import { type CallHooks, Calls } from "./calls.ts";
import type { ClientClock, Random } from "./clock.ts";
import { Connector, type ConnectorOptions } from "./connector.ts";
import {
  type Action,
  type Answer,
  type AnswerData,
  CODE_SERVER_ERROR,
  CODE_SUCCESS,
  CODE_TOO_MANY,
  CODE_UNAVAILABLE,
  type Push,
  type RequestData,
  type RequestOf,
  type ServerFrame,
} from "./frames.ts";
import { HISTORY_PAGE_MAX } from "./limits.ts";
import type { Credentials, LoginResult, Position, Receipt } from "./messages.ts";
import { Outbox, type OutboxOptions } from "./outbox.ts";
import { type CallOptions, Pending } from "./pending.ts";
import { Positions, type ResumedEvent } from "./positions.ts";
import { PrimClientError } from "./prim-client-error.ts";
import type { LinkEnd, Transport } from "./transport.ts";

/**
 * idle: nothing is wanted yet. connecting: a link is being opened. connected: it is open, nobody is logged in.
 * online: logged in. offline: the link was lost, another one follows after a wait. closed: it is over.
 */
export type Status = "idle" | "connecting" | "connected" | "online" | "offline" | "closed";

/** The connection or the login changed. */
export interface StatusEvent {
  /** What it is now. */
  readonly status: Status;
  /** offline: milliseconds until the next attempt. */
  readonly retryInMs?: number;
  /** offline: how the link ended (WebSocket close code; 1006 without a close frame). */
  readonly end?: LinkEnd;
  /** closed, but not by close(): why there is no coming back. */
  readonly error?: PrimClientError;
}

/** How the connection is kept; every one of these may be given to the client. */
export interface SessionOptions extends ConnectorOptions, OutboxOptions {
  /** Bound of the first random wait before a reconnect, in milliseconds; it doubles. Default 500. */
  readonly backoffMinMs: number;
  /** Bound that no wait before a reconnect exceeds, in milliseconds; default 20,000. */
  readonly backoffMaxMs: number;
  /** Milliseconds for a call to be answered unless it is given its own; default 10,000. A send() has no deadline of itself. */
  readonly deadlineMs: number;
}

export interface SessionEvents {
  status(event: StatusEvent): void;
  resumed(event: ResumedEvent): void;
  push(push: Push): void;
}

/** Web. */
const APP_PLATFORM = 101;

/** Answers to a login after which the same login may succeed later. */
const PASSING: readonly number[] = [CODE_SERVER_ERROR, CODE_TOO_MANY, CODE_UNAVAILABLE];

export class Session {
  readonly #clock: ClientClock;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #connector: Connector;
  readonly #calls: Calls;
  readonly #outbox: Outbox;
  readonly #positions: Positions;
  /** The user has left the room of their platform, which a login joins by itself. */
  #leftPlatformRoom = false;
  readonly #opening = new Set<Pending<void>>();
  readonly #seqPrefix: string;
  #seqs = 0;
  #status: Status = "idle";
  #credentials: Credentials | undefined;
  #loginSeq: string | undefined;
  #login: Pending<LoginResult> | undefined;

  constructor(
    transport: Transport,
    clock: ClientClock,
    random: Random,
    options: SessionOptions,
    events: SessionEvents,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#events = events;
    // Two times 52 bits: no other client of this user may use the same.
    this.#seqPrefix = [random(), random()].map((part) => part.toString(36).slice(2, 13)).join("");
    const backoff = () => new Backoff(options.backoffMinMs, options.backoffMaxMs, random);
    this.#connector = new Connector(transport, clock, random, backoff(), options, {
      dialling: () => this.#tell({ status: "connecting" }),
      opened: () => this.#opened(),
      frame: (frame) => this.#take(frame),
      beat: () => this.#connector.send({ seq: this.newSeq(), action: "ping", data: {} }),
      down: (end, retryInMs) => this.#down(end, retryInMs),
      gaveUp: (error) => this.#giveUp(error),
    });
    const write = this.#connector.send.bind(this.#connector);
    this.#calls = new Calls(clock, write);
    this.#outbox = new Outbox(clock, backoff(), options, write);
    this.#positions = new Positions({
      history: (channel, after) => this.ask("history", { channel, after, limit: HISTORY_PAGE_MAX }),
      deliver: (event) => events.push({ kind: "message", event }),
      resumed: (event) => events.resumed(event),
      stuck: () => this.#connector.restart("the history can't be read"),
    });
  }

  get status(): Status {
    return this.#status;
  }

  /** What the open link is made of. */
  get via(): string | undefined {
    return this.#connector.via;
  }

  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  get positions(): Positions {
    return this.#positions;
  }

  /** Messages that are not answered yet. */
  get unsent(): number {
    return this.#outbox.count;
  }

  newSeq(): string {
    this.#seqs += 1;
    return `${this.#seqPrefix}-${this.#seqs}`;
  }

  connect(options: CallOptions): Promise<void> {
    const pending: Pending<void> = new Pending(this.#clock, "connect", this.#bounded(options), () =>
      this.#opening.delete(pending),
    );
    if (pending.settled) return pending.promise;
    if (this.#connector.isOpen) pending.resolve();
    else this.#opening.add(pending);
    this.#connector.start();
    return pending.promise;
  }

  login(credentials: Credentials, options: CallOptions): Promise<LoginResult> {
    if (this.#credentials !== undefined) {
      const text = `Cannot log in: "${this.#credentials.userId}" is logged in already`;
      return Promise.reject(new PrimClientError("operation_failed", text));
    }
    const pending = new Pending<LoginResult>(this.#clock, "login", this.#bounded(options), () => {
      // Nobody waits for this login any more: a link on which it may still happen is given up.
      this.#forgetUser();
      if (this.#loginSeq !== undefined) this.#connector.restart("the login was given up");
    });
    if (pending.settled) return pending.promise;
    this.#credentials = credentials;
    this.#login = pending;
    this.#positions.clear();
    this.#positions.restore(credentials.positions ?? []);
    if (this.#connector.isOpen) void this.#logIn();
    else this.#connector.start();
    return pending.promise;
  }

  /** The server takes it in its turn, and what follows after it: there is no answer to wait for. */
  logout(): void {
    if (this.#credentials === undefined) return;
    const error = new PrimClientError("not_logged_in", "Logged out");
    const wasOnline = this.#status === "online";
    if (wasOnline) this.#connector.send({ seq: this.newSeq(), action: "logout", data: {} });
    // A login may be on its way: only a new link is sure to know nothing of it.
    else if (this.#loginSeq !== undefined) this.#connector.restart("logged out");
    this.#loggedOff();
    this.#forgetUser();
    this.#login?.reject(error);
    this.#calls.failAll(error);
    this.#outbox.failAll(error);
    if (wasOnline) this.#tell({ status: "connected" });
  }

  send(request: RequestOf<"send">, options: CallOptions): Promise<Receipt> {
    return this.#refusal() ?? this.#outbox.add(request, options);
  }

  /** @throws {PrimClientError} see Calls. */
  ask<Name extends Action>(
    action: Name,
    data: RequestData[Name],
    options: CallOptions = {},
    hooks?: CallHooks<AnswerData[Name]>,
  ): Promise<AnswerData[Name]> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    return this.#calls.ask({ seq: this.newSeq(), action, data }, this.#bounded(options), hooks);
  }

  join(channel: string, from: Position | undefined, options: CallOptions): Promise<AnswerData["join"]> {
    if (channel === this.#platformRoom) this.#leftPlatformRoom = false;
    return this.ask("join", { channel, ...from }, options, {
      onWrite: () => this.#positions.expect(channel, from),
      onSuccess: (answer) => this.#positions.joined(answer),
    });
  }

  async leave(channel: string, options: CallOptions): Promise<void> {
    this.#positions.forget(channel);
    if (channel === this.#platformRoom) this.#leftPlatformRoom = true;
    await this.ask("leave", { channel }, options);
  }

  wake(): void {
    this.#connector.wake();
  }

  close(): Promise<void> {
    const closed = this.#connector.stop();
    this.#end(new PrimClientError("closed", "The client was closed"));
    if (this.#status !== "closed") this.#tell({ status: "closed" });
    return closed;
  }

  get #platformRoom(): string {
    return `room:${this.#credentials?.appPlatform ?? APP_PLATFORM}`;
  }

  #refusal(): Promise<never> | undefined {
    if (this.#credentials !== undefined) return undefined;
    const text = "Cannot do this: nobody is logged in";
    return Promise.reject(new PrimClientError("not_logged_in", text));
  }

  #bounded(options: CallOptions): CallOptions {
    return { deadlineMs: this.#options.deadlineMs, ...options };
  }

  #tell(event: StatusEvent): void {
    this.#status = event.status;
    this.#events.status(event);
  }

  #opened(): void {
    this.#tell({ status: "connected" });
    for (const pending of this.#opening) pending.resolve();
    this.#opening.clear();
    if (this.#credentials !== undefined) void this.#logIn();
  }

  async #logIn(): Promise<void> {
    const credentials = this.#credentials;
    if (credentials === undefined) return;
    const seq = this.newSeq();
    this.#loginSeq = seq;
    const { userId, appPlatform = APP_PLATFORM, nickname, avatar, serviceToken: token } = credentials;
    let serviceToken: string | undefined;
    try {
      serviceToken = typeof token === "function" ? await token() : token;
    } catch (error) {
      if (this.#loginSeq === seq) this.#connector.restart(`no token: ${String(error)}`);
      return;
    }
    // The link broke, or the user logged out, while the token was fetched.
    if (this.#loginSeq !== seq) return;
    const positions = this.#positions.all();
    this.#positions.resuming();
    const data = { userId, appPlatform, serviceToken, nickname, avatar, positions };
    this.#connector.send({ seq, action: "login", data });
  }

  #take(frame: ServerFrame): void {
    if (frame.kind === "answer") {
      if (frame.seq === this.#loginSeq) this.#loginAnswered(frame);
      else if (!this.#calls.answer(frame) && !this.#outbox.answer(frame)) this.#unasked(frame);
    } else if (frame.kind === "message") {
      this.#positions.take(frame.event);
    } else {
      this.#events.push(frame);
      const { kind, event } = frame;
      if (kind === "notice" && event.notice === "history_lost" && event.channel !== undefined) {
        this.#positions.check(event.channel);
      }
    }
  }

  #loginAnswered({ code, text, data }: Answer): void {
    if (PASSING.includes(code)) {
      this.#connector.restart(text);
      return;
    }
    if (code !== CODE_SUCCESS) {
      const error = PrimClientError.fromAnswer(code, text);
      const isFirst = this.#login?.settled === false;
      if (!isFirst) {
        void this.#connector.stop();
        this.#giveUp(error);
        return;
      }
      this.#loginSeq = undefined;
      this.#forgetUser();
      this.#login?.reject(error);
      return;
    }
    // A server that knows no positions answers with null.
    const result = (data ?? { sessionId: "", channels: [] }) as LoginResult;
    const left = this.#leftPlatformRoom ? this.#platformRoom : undefined;
    this.#positions.resume(result.channels.filter(({ channel }) => channel !== left));
    this.#connector.loggedIn();
    this.#calls.online();
    // Failing to leave it once more is safe: its messages are not delivered in any case.
    if (left !== undefined) this.ask("leave", { channel: left }).catch(() => {});
    this.#outbox.online();
    this.#login?.resolve(result);
    this.#tell({ status: "online" });
  }

  /** An answer nobody waits for. One of failure may say that the replay after a join has failed: resume on a new link. */
  #unasked({ code }: Answer): void {
    if (code === CODE_UNAVAILABLE || code === CODE_SERVER_ERROR) this.#connector.restart("the replay failed");
  }

  #down(end: LinkEnd, retryInMs: number): void {
    this.#loggedOff();
    this.#tell({ status: "offline", end, retryInMs });
  }

  #loggedOff(): void {
    this.#loginSeq = undefined;
    this.#calls.offline();
    this.#outbox.offline();
  }

  #forgetUser(): void {
    this.#credentials = undefined;
    this.#positions.clear();
    this.#leftPlatformRoom = false;
  }

  #giveUp(error: PrimClientError): void {
    this.#end(error);
    this.#tell({ status: "closed", error });
  }

  #end(error: PrimClientError): void {
    this.#loggedOff();
    this.#credentials = undefined;
    this.#login?.reject(error);
    for (const pending of this.#opening) pending.reject(error);
    this.#opening.clear();
    this.#calls.failAll(error);
    this.#outbox.failAll(error);
  }
}
