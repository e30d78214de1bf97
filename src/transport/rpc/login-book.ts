/**
 * LoginBook: the logins over RPC, and the tokens that stand for them.
 *
 * A token is a random id in this book and no signed text: a login has state on the node anyway (its stream, its
 * rooms, its rate), one that was kicked must not come back with the same token, and there is no key to keep. The
 * price is that a token is worth nothing after a restart: clients log in again. Other nodes hand its calls on
 * (token-routing.ts).
 */
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import type { LoginToken, NodeId } from "../../base/ids.ts";
import type { Caller } from "../../core/session.ts";
import type { StreamConnection } from "./stream-connection.ts";
import { newLoginToken } from "./token-routing.ts";

export interface LoginBookOptions {
  readonly clock: Clock;
  readonly nodeId: NodeId;
  /** Logins that are remembered; beyond it the one idle longest is forgotten. */
  readonly loginsMax: number;
  /** How long a login lasts, in milliseconds. */
  readonly lifeMs: number;
}

const SECOND_MS = 1_000;

export class Login {
  readonly token: LoginToken;
  /** Who logged in, as somebody without a connection. */
  readonly identity: Caller;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** Its open stream, from when that is logged in until it ends. */
  stream: StreamConnection | undefined = undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #secondStart = 0;
  #callsThisSecond = 0;

  constructor(token: LoginToken, identity: Caller, expiresAt: number) {
    this.token = token;
    this.identity = identity;
    this.expiresAt = expiresAt;
  }

  /** Who calls: the stream's session, which may be in more rooms, or the login by itself. */
  get caller(): Caller {
    return this.stream?.session ?? this.identity;
  }

  /** Runs what changes memberships one after the other, in the order of the calls. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    // Whoever called hears of a failure; those who wait their turn don't mind.
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Counts a call. @returns true if there may be more this second. */
  countCall(now: number, callsPerSecond: number): boolean {
    if (now - this.#secondStart >= SECOND_MS || now < this.#secondStart) {
      this.#secondStart = now;
      this.#callsThisSecond = 0;
    }
    this.#callsThisSecond += 1;
    return this.#callsThisSecond <= callsPerSecond;
  }
}

export class LoginBook {
  readonly #options: LoginBookOptions;
  /** In the order of their last use. */
  readonly #idle = new Map<string, Login>();
  /** With an open stream: these are not forgotten. */
  readonly #streaming = new Map<string, Login>();

  constructor(options: LoginBookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#idle.size + this.#streaming.size;
  }

  /** @throws {PrimError} `resource_exhausted` (TOO_MANY_REQUESTS) if the book is full of logins with streams. */
  open(identity: Caller): Login {
    const { clock, nodeId, loginsMax, lifeMs } = this.#options;
    if (this.size >= loginsMax) this.#forgetOne();
    const login = new Login(newLoginToken(nodeId), identity, clock.now() + lifeMs);
    this.#idle.set(login.token, login);
    return login;
  }

  /** The login that a token stands for; undefined if it is none, or not valid any more. */
  find(token: string): Login | undefined {
    const login = this.#idle.get(token) ?? this.#streaming.get(token);
    if (login === undefined) return undefined;
    if (login.expiresAt <= this.#options.clock.now()) {
      this.close(login);
      return undefined;
    }
    if (this.#idle.delete(token)) this.#idle.set(token, login);
    return login;
  }

  /** Gives the login a stream. @returns the one it had. */
  startStream(login: Login, stream: StreamConnection): StreamConnection | undefined {
    const before = login.stream;
    login.stream = stream;
    if (this.#idle.delete(login.token)) this.#streaming.set(login.token, login);
    return before;
  }

  /** The stream has ended; safe if it is not the login's any more. */
  endStream(login: Login, stream: StreamConnection): void {
    if (login.stream !== stream) return;
    login.stream = undefined;
    if (this.#streaming.delete(login.token)) this.#idle.set(login.token, login);
  }

  /** Ends the login: its token is worth nothing any more. */
  close(login: Login): void {
    this.#idle.delete(login.token);
    this.#streaming.delete(login.token);
  }

  #forgetOne(): void {
    const [oldest] = this.#idle.keys();
    if (oldest === undefined) {
      throw new PrimError("resource_exhausted", "Cannot log in: the node has as many logins as it takes", {
        reason: "TOO_MANY_REQUESTS",
      });
    }
    this.#idle.delete(oldest);
  }
}
