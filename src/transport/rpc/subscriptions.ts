/**
 * Subscriptions: the streams of ChatService.Subscribe, from their opening to their end, whoever ends them.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chat } from "../../core/chat.ts";
import type { Hub } from "../../core/hub.ts";
import type { Joined } from "../../core/membership.ts";
import type { ChannelPosition } from "../../core/message.ts";
import type { SubscribeResponseSchema } from "../../gen/prim/v1/chat_service_pb.ts";
import { joinedInit } from "../../protocol/protobuf-codec.ts";
import type { Login, LoginBook } from "./login-book.ts";
import { StreamConnection } from "./stream-connection.ts";
import type { StreamFanout } from "./stream-fanout.ts";

export interface SubscriptionsParts {
  readonly chat: Chat;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Logger;
  readonly logins: LoginBook;
  readonly fanout: StreamFanout;
}

export interface SubscriptionsOptions {
  readonly backlogBytesMax: number;
  readonly connectionsMax: number;
  /** After how much silence a stream says that it is alive, in milliseconds. */
  readonly heartbeatMs: number;
}

/** Who opens a stream, and from where. */
export interface SubscribeCall {
  readonly login: Login;
  readonly positions: readonly ChannelPosition[];
  readonly remoteAddress: string;
  /** Of the call: the stream lasts until it is aborted. */
  readonly signal: AbortSignal;
}

type Response = MessageInitShape<typeof SubscribeResponseSchema>;

export class Subscriptions {
  readonly #parts: SubscriptionsParts;
  readonly #options: SubscriptionsOptions;
  #slowClosed = 0;

  constructor(parts: SubscriptionsParts, options: SubscriptionsOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Streams ended for being read too slowly, since the start. */
  get slowClosed(): number {
    return this.#slowClosed;
  }

  /** @throws {PrimError} what Chat.resume() throws, and the endings of proto/prim/v1/chat_service.proto. */
  async *open({ login, positions, remoteAddress, signal }: SubscribeCall): AsyncGenerator<Response> {
    const { chat, clock, logins } = this.#parts;
    this.#refuseWhenFull();
    const connection = this.#connect(login, remoteAddress);
    const { session } = connection;
    const cancelExpiry = clock.after(login.expiresAt - clock.now(), () => connection.end(expired()));
    try {
      const joined = await login.inTurn(async () => {
        const opened = await chat.resume(session, login.identity, positions);
        logins.startStream(login, connection)?.end(replaced());
        return opened;
      });
      yield { subscribed: { sessionId: joined.sessionId, channels: joined.channels.map(joinedInit) } };
      this.replay(connection, joined);
      for await (const pushes of connection.read(signal)) yield { pushes: [...pushes] };
    } finally {
      cancelExpiry();
      connection.detach();
      logins.endStream(login, connection);
      chat.disconnect(session);
    }
  }

  /** Lets what was missed follow on the stream; if that fails the stream ends, and the client comes back. */
  replay(connection: StreamConnection, joined: Joined): void {
    joined.replay().catch((error: unknown) => {
      if (!(error instanceof PrimError)) this.#parts.log.error("replay failed", { error });
      if (error instanceof PrimError) connection.end(error);
      else connection.close("internal_error");
    });
  }

  #connect(login: Login, remoteAddress: string): StreamConnection {
    const { chat, clock, fanout } = this.#parts;
    const connection = new StreamConnection({
      ...this.#options,
      remoteAddress,
      fanout,
      clock,
      onEnded: (ended) => this.#ended(login, ended),
    });
    connection.attach(chat.connect(connection));
    return connection;
  }

  /** Ended from this side: the session is over now, though its reader may come late to hear why. */
  #ended(login: Login, connection: StreamConnection): void {
    const { chat, logins } = this.#parts;
    const reason = connection.ending?.reason;
    if (reason === "TOO_SLOW") this.#slowClosed += 1;
    logins.endStream(login, connection);
    if (reason === "KICKED" || reason === "TOKEN_EXPIRED") logins.close(login);
    chat.disconnect(connection.session);
  }

  #refuseWhenFull(): void {
    if (this.#parts.hub.sessions.size < this.#options.connectionsMax) return;
    throw new PrimError("unavailable", "Cannot open the stream: the node takes no more connections");
  }
}

function replaced(): PrimError {
  return new PrimError("aborted", "Another stream of this login was opened", { reason: "REPLACED" });
}

function expired(): PrimError {
  return new PrimError("unauthenticated", "The token is not valid any more: log in again", {
    reason: "TOKEN_EXPIRED",
  });
}
