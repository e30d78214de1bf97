/**
 * RequestRunner: runs a client's commands against the chat and sends the answers.
 *
 * Login, join and history take turns with whatever follows on the same connection: so a client may
 * send "join" and "send" in one breath, and can't have more pages on their way than it reads. Sends overlap,
 * and are stored in the order they came.
 */
import { PrimError } from "../../base/errors.ts";
import { WAITING_FRAMES_MAX } from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chat } from "../../core/chat.ts";
import type { Joined } from "../../core/membership.ts";
import { encodeFault, encodeResult } from "../../protocol/codec.ts";
import { faultOf } from "../../protocol/codes.ts";
import type { Command } from "../../protocol/commands.ts";
import type { Incoming, Result } from "../../protocol/frames.ts";
import type { WebSocketConnection } from "./websocket-connection.ts";

/** Commands that whatever follows waits for. */
type Turn = Extract<Command, { action: "login" | "join" | "history" }>;

export class RequestRunner {
  readonly #chat: Chat;
  readonly #logger: Logger;

  constructor(chat: Chat, logger: Logger) {
    this.#chat = chat;
    this.#logger = logger;
  }

  /** Takes a frame; its answer follows now or later, exactly once, unless the connection ends. */
  take(connection: WebSocketConnection, incoming: Incoming): void {
    if (connection.waiting === undefined) {
      this.#run(connection, incoming);
    } else if (connection.waiting.length < WAITING_FRAMES_MAX) {
      connection.waiting.push(incoming);
    } else {
      this.refuse(connection, incoming, tooMany("too many frames wait for the request before them"));
    }
  }

  /** Answers a frame with an error. */
  refuse(connection: WebSocketConnection, { format, seq, action }: Incoming, error: unknown): void {
    if (!(error instanceof PrimError)) {
      this.#logger.error("request failed", {
        sessionId: this.#chat.sessionIdOf(connection.session),
        action,
        error,
      });
    }
    connection.send(encodeFault(format, seq, action, faultOf(error)));
    // A bug in prim: this session's state can't be trusted, nobody else's is touched.
    if (!(error instanceof PrimError)) connection.close("internal_error");
  }

  #run(connection: WebSocketConnection, incoming: Incoming): void {
    const { command } = incoming;
    if (command instanceof PrimError) {
      this.refuse(connection, incoming, command);
      return;
    }
    if (command.action === "login" || command.action === "join" || command.action === "history") {
      connection.waiting = [];
      void this.#takeTurn(connection, incoming, command).finally(() => this.#resume(connection));
      return;
    }
    try {
      const result = this.#execute(connection, command, incoming.seq);
      if (!(result instanceof Promise)) {
        this.#answer(connection, incoming, result);
        return;
      }
      result.then(
        (settled) => this.#answer(connection, incoming, settled),
        (error: unknown) => this.refuse(connection, incoming, error),
      );
    } catch (error) {
      this.refuse(connection, incoming, error);
    }
  }

  async #takeTurn(connection: WebSocketConnection, incoming: Incoming, command: Turn): Promise<void> {
    let joined: Joined | undefined;
    try {
      joined = await this.#executeTurn(connection, incoming, command);
    } catch (error) {
      if (!connection.session.closed) this.refuse(connection, incoming, error);
    }
    try {
      await joined?.replay();
    } catch (error) {
      // It was answered, and would wait for pushes that never come: only a new connection can resume.
      const sessionId = this.#chat.sessionIdOf(connection.session);
      const isFault = !(error instanceof PrimError);
      this.#logger[isFault ? "error" : "warn"]("missed messages could not be replayed", { sessionId, error });
      connection.close(isFault ? "internal_error" : "unavailable");
    }
    if (connection.isCongested) await connection.drained();
  }

  /** Answers the command. @returns what is to be replayed behind the answer. */
  async #executeTurn(
    connection: WebSocketConnection,
    incoming: Incoming,
    command: Turn,
  ): Promise<Joined | undefined> {
    const chat = this.#chat;
    const { session } = connection;
    switch (command.action) {
      case "login": {
        if (session.user === undefined) connection.format = incoming.format;
        const login = await chat.login(session, command);
        const { sessionId, channels } = login;
        const details = command.wantsDetails;
        this.#answer(connection, incoming, { action: "login", sessionId, channels, details });
        return login;
      }
      case "join": {
        const joined = await chat.join(session, command.channel, command.from);
        const [channel] = joined.channels;
        if (channel !== undefined) this.#answer(connection, incoming, { action: "join", joined: channel });
        return joined;
      }
      case "history": {
        const { action, channel, range } = command;
        const page = await chat.history(session, channel, range);
        this.#answer(connection, incoming, { action, channel, page });
        return undefined;
      }
    }
  }

  #resume(connection: WebSocketConnection): void {
    const waiting = connection.waiting ?? [];
    connection.waiting = undefined;
    for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
      if (connection.session.closed) return;
      this.#run(connection, frame);
      if (connection.waiting === undefined) continue;
      // That was one of those again: the rest waits for it.
      connection.waiting = waiting;
      return;
    }
  }

  #execute(
    connection: WebSocketConnection,
    command: Exclude<Command, Turn>,
    seq: string,
  ): Result | Promise<Result> {
    const chat = this.#chat;
    const { session } = connection;
    const { action } = command;
    switch (action) {
      case "ping":
        return { action };
      case "heartbeat":
        chat.heartbeat(session);
        return { action };
      case "logout":
        chat.logout(session);
        return { action };
      case "leave":
        chat.leave(session, command.channel);
        return { action };
      case "typing":
        chat.typing(session, command.to);
        return { action };
      case "send":
        return chat
          .send(session, { to: command.to, content: command.content, seq })
          .then((receipt) => ({ action, receipt }));
      case "read":
        return chat.read(session, command.channel, command.offset).then(() => ({ action }));
    }
  }

  #answer(connection: WebSocketConnection, { format, seq }: Incoming, result: Result): void {
    connection.send(encodeResult(format, seq, result));
  }
}

export function tooMany(what: string): PrimError {
  return new PrimError("resource_exhausted", `Cannot take the request: ${what}`, {
    reason: "TOO_MANY_REQUESTS",
  });
}
