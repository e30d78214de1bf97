/**
 * StreamLink: a link made of the Subscribe stream and unary calls beside it. What comes by the stream and what is answered
 * to calls travel on different connections, so it owns the order that a WebSocket has by itself: requests are made one
 * after the other, and the answer to a login comes before what is pushed.
 */
import {
  type CallRequest,
  chatCall,
  LOGIN,
  loginBody,
  loginResultOf,
  pushesOf,
  SUBSCRIBE,
  subscribeBody,
} from "./chat-calls.ts";
import type { Cancel, ClientClock } from "./clock.ts";
import type { ConnectClient, Json } from "./connect-client.ts";
import { ConnectFailure } from "./connect-failure.ts";
import { type ClientRequest, CODE_SUCCESS, CODE_UNAUTHORIZED, type RequestOf } from "./frames.ts";
import { STREAM_REASON_MS_MAX } from "./limits.ts";
import type { Link, LinkEnd, LinkEvents } from "./transport.ts";

/** A login over RPC, and its stream. */
interface StreamLogin {
  readonly token: string;
  /** Rooms and other channels that the stream is a member of, as the server has said. */
  readonly channels: Set<string>;
  readonly stop: AbortController;
  stopWatch: Cancel | undefined;
}

const NO_CLOSE_FRAME = 1006;

/** How the server ends a stream (PROTOCOL.md, "RPC"), in close codes. */
const CLOSE_CODE_OF_REASON: Readonly<Record<string, number>> = { DRAINING: 1012, KICKED: 4003 };

export class StreamLink implements Link {
  readonly via = "stream";
  readonly #client: ConnectClient;
  readonly #clock: ClientClock;
  readonly #silentMsMax: number;
  readonly #events: LinkEvents;
  readonly #stop = new AbortController();
  #turn: Promise<void>;
  #login: StreamLogin | undefined;
  #stopReason: Cancel | undefined;
  #over = false;

  /** Starts to open it. */
  constructor(client: ConnectClient, clock: ClientClock, silentMsMax: number, events: LinkEvents) {
    this.#client = client;
    this.#clock = clock;
    this.#silentMsMax = silentMsMax;
    this.#events = events;
    this.#turn = this.#open();
  }

  /** At most as many wait their turn as the outbox and the calls let go: SENDS_IN_FLIGHT_MAX and CALLS_MAX. */
  send(request: ClientRequest): void {
    const login = this.#login;
    // Nobody wants to hear what is pushed until the logout has its turn.
    if (request.action === "logout") this.#login = undefined;
    this.#turn = this.#turn.then(async () => {
      if (this.#over) return;
      if (request.action === "logout") endLogin(login);
      else if (request.action === "login") await this.#logIn(request);
      else await this.#call(request, this.#login ?? login);
    });
  }

  close(): Promise<void> {
    this.#over = true;
    this.#stopReason?.();
    this.#stop.abort();
    return Promise.resolve();
  }

  async #open(): Promise<void> {
    try {
      const { method, body } = chatCall({ seq: "", action: "ping", data: {} });
      const { status } = await this.#client.call({ method, body, signal: this.#stop.signal });
      if (this.#over) return;
      if (status === "SERVING") this.#events.opened();
      else this.#end({ code: 1012, text: "the server takes no calls" });
    } catch (error) {
      this.#broken(error);
    }
  }

  async #logIn(request: RequestOf<"login">): Promise<void> {
    try {
      const { signal } = this.#stop;
      const { token } = await this.#client.call({ method: LOGIN, body: loginBody(request.data), signal });
      if (this.#over) return;
      const login: StreamLogin = {
        token: String(token),
        channels: new Set(),
        stop: new AbortController(),
        stopWatch: undefined,
      };
      this.#login = login;
      signal.addEventListener("abort", () => endLogin(login), { once: true });
      // What is asked next wants the stream to be there.
      await new Promise<void>((resolve) => void this.#read(login, request, resolve));
    } catch (error) {
      if (error instanceof ConnectFailure) this.#answer(request, error.wireCode, error.message);
      else this.#broken(error);
    }
  }

  /** Reads the stream to its end. @param subscribed is called when the login was answered, or never will be. */
  async #read(login: StreamLogin, request: RequestOf<"login">, subscribed: () => void): Promise<void> {
    let isAnswered = false;
    try {
      const call = { method: SUBSCRIBE, body: subscribeBody(request.data.positions), token: login.token };
      const messages = this.#client.stream({ ...call, signal: login.stop.signal }, () => this.#heard(login));
      for await (const message of messages) {
        if (this.#login !== login || this.#over) return;
        if (!isAnswered) {
          isAnswered = true;
          this.#subscribed(login, request, message);
          subscribed();
        }
        for (const push of pushesOf(message)) {
          // Whoever was told the last one may have ended it all.
          if (this.#login === login && !this.#over) this.#events.frame(push);
        }
      }
      throw new Error("The stream has ended");
    } catch (error) {
      if (this.#login !== login || this.#over) return;
      if (!isAnswered && error instanceof ConnectFailure && error.code !== "unauthenticated") {
        this.#login = undefined;
        this.#answer(request, error.wireCode, error.message);
      } else {
        this.#broken(error);
      }
    } finally {
      endLogin(login);
      subscribed();
    }
  }

  #subscribed(login: StreamLogin, request: RequestOf<"login">, { subscribed }: Json): void {
    const result = loginResultOf((subscribed ?? {}) as Json);
    for (const { channel } of result.channels) login.channels.add(channel);
    this.#answer(request, CODE_SUCCESS, "Success", result);
  }

  async #call(request: CallRequest, login: StreamLogin | undefined): Promise<void> {
    if (request.action === "leave" && login?.channels.has(request.data.channel) === false) {
      // The call would be answered as if it had been there; a WebSocket is not.
      this.#answer(request, CODE_UNAUTHORIZED, `Cannot leave "${request.data.channel}": not in it`);
      return;
    }
    const { method, body, answer } = chatCall(request);
    try {
      const json = await this.#client.call({ method, body, token: login?.token, signal: this.#stop.signal });
      if (this.#over) return;
      if (request.action === "join") login?.channels.add(request.data.channel);
      if (request.action === "leave") login?.channels.delete(request.data.channel);
      this.#answer(request, CODE_SUCCESS, "Success", answer(json));
    } catch (error) {
      if (!(error instanceof ConnectFailure)) this.#broken(error);
      else if (login !== undefined && error.code === "unauthenticated") this.#tokenRefused(error);
      else if (isStreamGone(error, request, login)) this.#end({ code: NO_CLOSE_FRAME, text: error.message });
      else this.#answer(request, error.wireCode, error.message);
    }
  }

  #answer({ seq }: ClientRequest, code: number, text: string, data: unknown = null): void {
    if (!this.#over) this.#events.frame({ kind: "answer", seq, code, text, data });
  }

  /** The login is not valid any more. Its stream says why, and that may mean not to come back. */
  #tokenRefused({ message }: ConnectFailure): void {
    const end = () => this.#end({ code: NO_CLOSE_FRAME, text: message });
    if (!this.#over) this.#stopReason ??= this.#clock.after(STREAM_REASON_MS_MAX, end);
  }

  #heard(login: StreamLogin): void {
    login.stopWatch?.();
    const text = `no word within ${this.#silentMsMax} ms`;
    if (login.stop.signal.aborted) return;
    login.stopWatch = this.#clock.after(this.#silentMsMax, () => this.#end({ code: NO_CLOSE_FRAME, text }));
  }

  #broken(error: unknown): void {
    const reason = error instanceof ConnectFailure ? error.reason : "";
    const text = error instanceof Error ? error.message : String(error);
    this.#end({ code: CLOSE_CODE_OF_REASON[reason] ?? NO_CLOSE_FRAME, text });
  }

  #end(end: LinkEnd): void {
    if (this.#over) return;
    void this.close();
    this.#events.ended(end);
  }
}

function endLogin(login: StreamLogin | undefined): void {
  login?.stopWatch?.();
  login?.stop.abort();
}

/** The server says that there is no stream, or doesn't know of a membership that it has confirmed: its side of the stream is over. */
function isStreamGone(failure: ConnectFailure, request: CallRequest, login?: StreamLogin): boolean {
  if (failure.reason === "NOT_SUBSCRIBED") return true;
  if (failure.reason !== "NOT_A_MEMBER") return false;
  const { channel } = request.data as { readonly channel?: string };
  return channel !== undefined && login?.channels.has(channel) === true;
}
