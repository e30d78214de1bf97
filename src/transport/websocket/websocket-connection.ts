/**
 * WebSocketConnection: the core's Connection over one of Bun's WebSockets.
 *
 * It also keeps what the gateway must know of the client between frames: the format it speaks, how
 * many frames it sent this second, and the frames that wait for a login, join or history.
 */
import type { ServerWebSocket } from "bun";
import { assert } from "../../base/errors.ts";
import type { ChannelId } from "../../base/ids.ts";
import { kindOf } from "../../core/channel.ts";
import type { CloseReason, Connection, Wire } from "../../core/connection.ts";
import type { Push } from "../../core/pushes.ts";
import type { Session } from "../../core/session.ts";
import { encodePush } from "../../protocol/codec.ts";
import { CLOSE_CODES } from "../../protocol/codes.ts";
import type { Format, Frame, Incoming } from "../../protocol/frames.ts";
import type { SlicedTopics } from "./sliced-topics.ts";
import { topicOf } from "./topics.ts";

export type PrimSocket = ServerWebSocket<WebSocketConnection>;

const SECOND_MS = 1_000;

export class WebSocketConnection implements Connection {
  /** What pushes are encoded in: the format of the login, before that of the last frame. */
  format: Format = "json";
  /** Frames that wait for a login, join or history to end; undefined when none is under way. */
  waiting: Incoming[] | undefined = undefined;
  /** True while it is subscribed to its user's inbox, which is no topic of the runtime: see TopicFanout. */
  hearsInbox = false;
  #socket: PrimSocket | undefined = undefined;
  #session: Session | undefined = undefined;
  #onDrain: (() => void)[] | undefined = undefined;
  /** What the turn of the event loop has brought to the inbox. */
  #gathered: Frame[] | undefined = undefined;
  readonly #topics: SlicedTopics;
  readonly #backlogBytesMax: number;
  readonly #forwardedFor: string | undefined;
  #secondStart = 0;
  #framesThisSecond = 0;

  /**
   * @param topics of the listener that the socket comes from.
   * @param forwardedFor the client's address, if it isn't that of the socket's other end.
   */
  constructor(topics: SlicedTopics, backlogBytesMax: number, forwardedFor?: string) {
    this.#topics = topics;
    this.#backlogBytesMax = backlogBytesMax;
    this.#forwardedFor = forwardedFor;
  }

  get session(): Session {
    assert(this.#session !== undefined, "a connection has a session once it is open");
    return this.#session;
  }

  get remoteAddress(): string {
    return this.#forwardedFor ?? this.#socket?.remoteAddress ?? "";
  }

  get wire(): Wire {
    return this.format === "protobuf" ? "websocket_protobuf" : "websocket_json";
  }

  get backlogBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  attach(socket: PrimSocket, session: Session): void {
    this.#socket = socket;
    this.#session = session;
  }

  /** The socket is closed: nothing is sent any more, whoever waits goes on. */
  detach(): void {
    this.#socket = undefined;
    this.#gathered = undefined;
    this.waiting = undefined;
    this.#wake();
  }

  /** Counts a frame. @returns true if the client may send more this second. */
  countFrame(now: number, framesPerSecond: number): boolean {
    if (now - this.#secondStart >= SECOND_MS || now < this.#secondStart) {
      this.#secondStart = now;
      this.#framesThisSecond = 0;
    }
    this.#framesThisSecond += 1;
    return this.#framesThisSecond <= framesPerSecond;
  }

  send(frame: Frame): void {
    this.release();
    this.#socket?.send(frame);
  }

  /**
   * Keeps a frame for release(), so that those of one turn are written to the socket together.
   *
   * @returns true if it is the first: then release() has to be called by the end of the turn.
   */
  gather(frame: Frame): boolean {
    if (this.#gathered !== undefined) {
      this.#gathered.push(frame);
      return false;
    }
    this.#gathered = [frame];
    return true;
  }

  /** Sends what was gathered. Repeating it is safe. */
  release(): void {
    const frames = this.#gathered;
    if (frames === undefined) return;
    this.#gathered = undefined;
    this.#socket?.cork((socket) => {
      for (const frame of frames) socket.send(frame);
    });
  }

  push(push: Push): boolean {
    const socket = this.#socket;
    if (socket === undefined) return true;
    this.release();
    socket.send(encodePush(this.format, push));
    return !this.isCongested;
  }

  /** True if so much is unread that more should wait for drained(). */
  get isCongested(): boolean {
    return (this.#socket?.getBufferedAmount() ?? 0) >= this.#backlogBytesMax / 2;
  }

  drained(): Promise<void> {
    if (this.#socket === undefined || this.#socket.getBufferedAmount() === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrain ??= [];
      this.#onDrain.push(resolve);
    });
  }

  /** The runtime says that the socket takes more. */
  drain(): void {
    if (this.#onDrain !== undefined && (this.#socket?.getBufferedAmount() ?? 0) === 0) this.#wake();
  }

  subscribe(channel: ChannelId): void {
    const socket = this.#socket;
    if (kindOf(channel) === "inbox") {
      this.hearsInbox = socket !== undefined;
      return;
    }
    this.#topics.formats.add(this.format);
    const topic = topicOf(channel, this.format);
    // Who is in a slice of it already must not come into another.
    if (this.#topics.isBig(topic) && this.#nameOf(topic) !== undefined) return;
    socket?.subscribe(this.#topics.nameForNewcomer(topic));
  }

  unsubscribe(channel: ChannelId): void {
    this.release();
    if (kindOf(channel) === "inbox") {
      this.hearsInbox = false;
      return;
    }
    const topic = topicOf(channel, this.format);
    const name = this.#topics.isBig(topic) ? this.#nameOf(topic) : topic;
    if (name !== undefined) this.#socket?.unsubscribe(name);
  }

  /** While `publish` writes to a name of the runtime's, this connection is not among its subscribers. */
  without(name: string, publish: () => void): void {
    const socket = this.#socket;
    if (socket?.isSubscribed(name) !== true) {
      publish();
      return;
    }
    this.release();
    socket.unsubscribe(name);
    publish();
    socket.subscribe(name);
  }

  close(reason: CloseReason, text?: string): void {
    const close = CLOSE_CODES[reason];
    this.release();
    this.#socket?.close(close.code, text || close.text);
  }

  /** The name under which it is subscribed to a topic. */
  #nameOf(topic: string): string | undefined {
    return this.#topics.nameAmong(this.#socket?.subscriptions ?? [], topic);
  }

  #wake(): void {
    const waiting = this.#onDrain ?? [];
    this.#onDrain = undefined;
    for (const wake of waiting) wake();
  }
}
