/**
 * StreamConnection: the core's Connection over a Subscribe stream.
 *
 * What is pushed waits here until the call's reader takes it, up to a bound in bytes: who reads too slowly is
 * ended and comes back with positions. Being read is this client's sign of life: a reader that takes nothing, not
 * even heartbeats, falls to the heartbeat sweep like a silent WebSocket.
 */

import type { Cancel, Clock } from "../../base/clock.ts";
import { assert, PrimError } from "../../base/errors.ts";
import type { ChannelId } from "../../base/ids.ts";
import { STREAM_BATCH_BYTES_MAX, STREAM_BATCH_MAX } from "../../base/limits.ts";
import type { CloseReason, Connection } from "../../core/connection.ts";
import type { Push } from "../../core/pushes.ts";
import type { Session } from "../../core/session.ts";
import type { Push as PushOnWire } from "../../gen/prim/v1/frame_pb.ts";
import { type Parcel, parcelOf, type StreamFanout } from "./stream-fanout.ts";

export interface StreamConnectionOptions {
  readonly remoteAddress: string;
  /** Bytes that may wait to be read. */
  readonly backlogBytesMax: number;
  /** After how much silence a batch without pushes is given, in milliseconds. */
  readonly heartbeatMs: number;
  readonly fanout: StreamFanout;
  readonly clock: Clock;
  /** Called once, soon after the connection was ended from this side: it is to be taken off the hub. */
  readonly onEnded: (connection: StreamConnection) => void;
}

const ENDINGS: Readonly<Record<CloseReason, () => PrimError>> = {
  draining: () =>
    new PrimError("unavailable", "The node is stopping: come back at once", { reason: "DRAINING" }),
  kicked: () =>
    new PrimError("permission_denied", "The login was ended: do not come back", { reason: "KICKED" }),
  heartbeat_timeout: tooSlow,
  unavailable: () => new PrimError("unavailable", "The store is away: come back"),
  internal_error: () => new PrimError("internal", "Something is wrong with the server"),
};

export class StreamConnection implements Connection {
  readonly wire = "stream";
  readonly #options: StreamConnectionOptions;
  readonly #channels = new Set<ChannelId>();
  #session: Session | undefined;
  #queue: Parcel[] = [];
  #queuedBytes = 0;
  #ending: PrimError | undefined;
  #wakeReader: (() => void) | undefined;
  #onDrained: (() => void)[] = [];

  constructor(options: StreamConnectionOptions) {
    this.#options = options;
  }

  get session(): Session {
    assert(this.#session !== undefined, "a connection has a session once it is attached");
    return this.#session;
  }

  get remoteAddress(): string {
    return this.#options.remoteAddress;
  }

  get backlogBytes(): number {
    return this.#queuedBytes;
  }

  /** Why it was ended from this side; undefined while it goes on. */
  get ending(): PrimError | undefined {
    return this.#ending;
  }

  attach(session: Session): void {
    this.#session = session;
  }

  push(push: Push): boolean {
    this.offer(parcelOf(push));
    return this.#queuedBytes < this.#options.backlogBytesMax / 2;
  }

  drained(): Promise<void> {
    if (this.#queuedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  /** Takes a push that was published, or ends the connection if it has no room. */
  offer(parcel: Parcel): void {
    if (this.#ending !== undefined) return;
    if (this.#queuedBytes + parcel.bytes > this.#options.backlogBytesMax) {
      this.#drop();
      this.end(tooSlow());
      return;
    }
    this.#queue.push(parcel);
    this.#queuedBytes += parcel.bytes;
    this.#wakeReader?.();
  }

  subscribe(channel: ChannelId): void {
    if (this.#ending !== undefined) return;
    this.#channels.add(channel);
    this.#options.fanout.subscribe(channel, this);
  }

  unsubscribe(channel: ChannelId): void {
    this.#channels.delete(channel);
    this.#options.fanout.unsubscribe(channel, this);
  }

  close(reason: CloseReason, text?: string): void {
    const ending = ENDINGS[reason]();
    const { code, reason: why } = ending;
    this.end(text && why ? new PrimError(code, text, { reason: why }) : ending);
  }

  /** Ends the connection: what waits is still read, then the reader gets the error. Repeating it is safe. */
  end(error: PrimError): void {
    if (this.#ending !== undefined) return;
    this.#ending = error;
    for (const channel of [...this.#channels]) this.unsubscribe(channel);
    this.#wakeReader?.();
    // Not now: this may run in the middle of a publish, and others are to be told that the user has gone.
    this.#options.clock.soon(() => this.#options.onEnded(this));
  }

  /** The reader is gone: nothing waits any more. */
  detach(): void {
    for (const channel of [...this.#channels]) this.unsubscribe(channel);
    this.#drop();
  }

  /**
   * What there is to read, batch by batch; an empty batch is a heartbeat. Ends with the call.
   *
   * @throws {PrimError} what end() was given.
   */
  async *read(signal: AbortSignal): AsyncGenerator<readonly PushOnWire[]> {
    const onAbort = () => this.#wakeReader?.();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        this.session.heardAt = this.#options.clock.now();
        if (this.#queue.length === 0 && this.#ending === undefined) await this.#next();
        if (signal.aborted) return;
        if (this.#queue.length === 0 && this.#ending !== undefined) throw this.#ending;
        yield this.#take();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Resolves when there is something to say, after the heartbeat time, or when the call ends. */
  #next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel: Cancel = this.#options.clock.after(this.#options.heartbeatMs, resolve);
    this.#wakeReader = resolve;
    return promise.then(() => {
      this.#wakeReader = undefined;
      cancel();
    });
  }

  #take(): PushOnWire[] {
    let bytes = 0;
    let count = 0;
    for (const parcel of this.#queue) {
      bytes += parcel.bytes;
      if (count === STREAM_BATCH_MAX || (bytes > STREAM_BATCH_BYTES_MAX && count > 0)) break;
      count += 1;
    }
    const taken = this.#queue.splice(0, count);
    for (const parcel of taken) this.#queuedBytes -= parcel.bytes;
    if (this.#queue.length === 0) this.#wakeDrained();
    return taken.map(({ push }) => push);
  }

  #drop(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#wakeDrained();
  }

  #wakeDrained(): void {
    const waiting = this.#onDrained;
    this.#onDrained = [];
    for (const wake of waiting) wake();
  }
}

function tooSlow(): PrimError {
  return new PrimError("resource_exhausted", "The stream was read too slowly: come back with positions", {
    reason: "TOO_SLOW",
  });
}
