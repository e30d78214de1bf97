/**
 * WebSocketGateway: the door at `/acc`. It may stand in several listeners; behind all of them is one chat.
 *
 * The runtime answers what is no WebSocket traffic at all: too large a frame (1009), text that is no
 * UTF-8 (1007), broken framing (1002), silence (1006). What is a frame gets an answer from here.
 */
import type { Server, WebSocketHandler } from "bun";
import type { Clock } from "../../base/clock.ts";
import { CoarseClock } from "../../base/coarse-clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chat } from "../../core/chat.ts";
import type { Hub } from "../../core/hub.ts";
import { decodeFrame } from "../../protocol/codec.ts";
import { CLOSE_CODES, REFERENCE_NO_JSON } from "../../protocol/codes.ts";
import type { Incoming } from "../../protocol/frames.ts";
import { quickAction, quickAnswer } from "../../protocol/quick-frames.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";
import { type RequestRunner, tooMany } from "./request-runner.ts";
import type { SlicedTopics } from "./sliced-topics.ts";
import { type PrimSocket, WebSocketConnection } from "./websocket-connection.ts";

export const WEBSOCKET_PATH = "/acc";

/** Below are the codes of RFC 6455 and its registry, a few; from here on anybody's. */
const APPLICATION_CODES_FROM = 3_000;
const OWN_CLOSE_CODES: ReadonlySet<number> = new Set(Object.values(CLOSE_CODES).map(({ code }) => code));

export interface GatewayOptions {
  readonly frameBytesMax: number;
  readonly backlogBytesMax: number;
  readonly framesPerSecond: number;
  readonly connectionsMax: number;
  /** Silence after which the runtime closes a connection; 8 to 960. */
  readonly heartbeatSeconds: number;
}

export interface GatewayParts {
  readonly chat: Chat;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runner: RequestRunner;
  readonly proxies: TrustedProxies;
  /** The topics of a listener that the gateway stands in. */
  readonly topicsOf: (server: Server<WebSocketConnection>) => SlicedTopics;
}

export class WebSocketGateway {
  readonly #parts: GatewayParts;
  readonly #options: GatewayOptions;
  #accepting = true;
  #framesIn = 0;
  #refusedConnections = 0;
  readonly #time: CoarseClock;
  readonly #closedByCode = new Map<number, number>();

  constructor(parts: GatewayParts, options: GatewayOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#time = new CoarseClock(parts.clock);
  }

  /** Frames that came from clients, since the start. */
  get framesIn(): number {
    return this.#framesIn;
  }

  /** Connections turned away, since the start. */
  get refusedConnections(): number {
    return this.#refusedConnections;
  }

  /** Connections that ended, by close code, since the start; 0 for codes that clients made up. */
  get closedByCode(): ReadonlyMap<number, number> {
    return this.#closedByCode;
  }

  /** From now on new connections are turned away with 503. */
  stopAccepting(): void {
    this.#accepting = false;
  }

  /**
   * Answers a request to the WebSocket path.
   *
   * @returns undefined if it became a WebSocket.
   */
  upgrade(request: Request, server: Server<WebSocketConnection>): Response | undefined {
    if (!this.#accepting || this.#parts.hub.sessions.size >= this.#options.connectionsMax) {
      this.#refusedConnections += 1;
      return new Response("This node takes no more connections, try again\n", {
        status: 503,
        headers: { "retry-after": "1" },
      });
    }
    const peer = server.requestIP(request)?.address ?? "";
    const client = this.#parts.proxies.clientAddress(peer, request.headers);
    const forwardedFor = client === peer ? undefined : client;
    const topics = this.#parts.topicsOf(server);
    const data = new WebSocketConnection(topics, this.#options.backlogBytesMax, forwardedFor);
    if (server.upgrade(request, { data })) return undefined;
    return new Response("This is a WebSocket address: connect with ws:// or wss://\n", {
      status: 426,
      headers: { upgrade: "websocket", connection: "upgrade" },
    });
  }

  /** What a listener needs to serve upgraded connections. */
  handler(): WebSocketHandler<WebSocketConnection> {
    return {
      maxPayloadLength: this.#options.frameBytesMax,
      backpressureLimit: this.#options.backlogBytesMax,
      closeOnBackpressureLimit: true,
      idleTimeout: this.#options.heartbeatSeconds,
      // Pongs come from the client's network stack and say nothing of the client: heartbeats do.
      sendPings: false,
      perMessageDeflate: false,
      open: (socket) => this.#open(socket),
      message: (socket, data) => this.#message(socket, data),
      ping: (socket) => void this.#heard(socket),
      drain: (socket) => socket.data.drain(),
      close: (socket, code, reason) => this.#close(socket, code, reason),
    };
  }

  #open(socket: PrimSocket): void {
    socket.data.attach(socket, this.#parts.chat.connect(socket.data));
  }

  #message(socket: PrimSocket, data: string | Buffer): void {
    const connection = socket.data;
    const now = this.#heard(socket);
    this.#framesIn += 1;
    const isWithinRate = connection.countFrame(now, this.#options.framesPerSecond);
    if (isWithinRate && typeof data === "string" && answeredQuickly(connection, data)) return;
    const incoming = decodeFrame(data);
    // While a login is under way its format stands: the login's pushes are on their way.
    if (connection.session.user === undefined && connection.waiting === undefined && incoming.seq !== "") {
      connection.format = incoming.format;
    }
    if (!isWithinRate) {
      const what = `more than ${this.#options.framesPerSecond} frames in a second`;
      this.#parts.runner.refuse(connection, incoming, tooMany(what));
    } else if (isReferenceNoJson(connection, incoming)) {
      connection.send(REFERENCE_NO_JSON);
    } else {
      this.#parts.runner.take(connection, incoming);
    }
  }

  #heard(socket: PrimSocket): number {
    const now = this.#time.now();
    socket.data.session.heardAt = now;
    return now;
  }

  #close(socket: PrimSocket, code: number, reason: string): void {
    const connection = socket.data;
    // A client may close with any code up to 4999: what is no code of PROTOCOL.md counts as one.
    const counted = code < APPLICATION_CODES_FROM || OWN_CLOSE_CODES.has(code) ? code : 0;
    this.#closedByCode.set(counted, (this.#closedByCode.get(counted) ?? 0) + 1);
    const { chat, logger } = this.#parts;
    const { remoteAddress } = connection;
    const sessionId = chat.sessionIdOf(connection.session);
    logger.debug("session closed", { sessionId, remoteAddress, code, reason });
    connection.detach();
    this.#parts.chat.disconnect(connection.session);
  }
}

/** Answers a frame that needs no codec, if nothing is in its way. @returns false if it was not answered. */
function answeredQuickly(connection: WebSocketConnection, frame: string): boolean {
  if (connection.waiting !== undefined) return false;
  const action = quickAction(frame);
  if (action === undefined) return false;
  if (connection.session.user === undefined) {
    if (action === "heartbeat") return false;
    connection.format = "json";
  }
  connection.send(quickAnswer(frame, action));
  return true;
}

/** A text that is no request at all, from a client that speaks the reference system's spelling. */
function isReferenceNoJson(connection: WebSocketConnection, incoming: Incoming): boolean {
  return (
    connection.format === "reference" &&
    incoming.format === "json" &&
    incoming.action === "" &&
    incoming.seq === ""
  );
}
