/**
 * LinkCall: one life of an outbound link, from the hello to whatever ends it. It counts what was sent and what the
 * peer has taken, keeps the link from going quiet, and ends it when the peer does. What is sent, and what
 * follows an end, is its owner's business (peer-link.ts).
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Cancel, Clock } from "../base/clock.ts";
import { PrimError } from "../base/errors.ts";
import { LINK_KEEPALIVE_MS, LINK_OPEN_MS_MAX, LINK_REST_MS, LINK_SILENCE_MS_MAX } from "../base/limits.ts";
import type { LinkHelloSchema, LinkRequestSchema, LinkResponse } from "../gen/prim/v1/node_pb.ts";
import { encodeBatch } from "./link-items.ts";

export type LinkFrame = MessageInitShape<typeof LinkRequestSchema>;

/** Starts the call; aborting the signal ends it. The next frame is asked for when there is room for it. */
export type OpenLink = (frames: AsyncIterable<LinkFrame>, signal: AbortSignal) => AsyncIterable<LinkResponse>;

/** What there is to send. */
export interface LinkSource {
  readonly hello: MessageInitShape<typeof LinkHelloSchema>;
  /** The next frame; undefined if there is none now. It is sent, or lost with the link. */
  take(): LinkFrame | undefined;
  /** Called once, when the peer has answered the hello. */
  welcomed(version: number): void;
}

export interface LinkEnd {
  /** Undefined if the peer has ended it in an orderly way. */
  readonly error: unknown;
  /** How long it was open: milliseconds since the welcome, or undefined without one. */
  readonly openMs: number | undefined;
  /** Whether the peer has taken everything that take() gave. */
  readonly confirmed: boolean;
  /** Whether it was given up because there was nothing to say. */
  readonly rested: boolean;
}

export class LinkCall {
  readonly #open: OpenLink;
  readonly #source: LinkSource;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #timers: Cancel[];
  readonly #welcome = Promise.withResolvers<void>();
  #welcomedAt: number | undefined;
  #fault: unknown;
  /** Frames after the hello: sent, taken by the peer, and the last that was not a mere sign of life. */
  #sent = 0;
  #acked = 0;
  #lastOfSource = 0;
  #sentAt: number;
  #heardAt: number;
  #keepaliveDue = false;
  #finishing = false;
  /** When there was last something to say; and whether that is long ago, and was said to the peer. */
  #saidAt: number;
  #restDue = false;
  #rested = false;
  #over = false;
  #wake = () => {};

  constructor(open: OpenLink, source: LinkSource, clock: Clock) {
    this.#open = open;
    this.#source = source;
    this.#clock = clock;
    this.#sentAt = clock.monotonic();
    this.#heardAt = this.#sentAt;
    this.#saidAt = this.#sentAt;
    this.#timers = [
      clock.every(LINK_KEEPALIVE_MS / 2, () => this.#tick()),
      clock.after(LINK_OPEN_MS_MAX, () => {
        if (this.#welcomedAt === undefined) this.abort(silent(LINK_OPEN_MS_MAX));
      }),
    ];
  }

  get isWelcomed(): boolean {
    return this.#welcomedAt !== undefined;
  }

  /** Runs the link. Never rejects. */
  async run(): Promise<LinkEnd> {
    try {
      for await (const { frame } of this.#open(this.#frames(), this.#abort.signal)) {
        this.#heardAt = this.#clock.monotonic();
        if (frame.case === "welcome") this.#welcomed(frame.value.version);
        if (frame.case === "ack") this.#acked = Number(frame.value.frames);
      }
    } catch (error) {
      this.#fault ??= error;
    }
    this.#over = true;
    for (const cancel of this.#timers) cancel();
    this.#welcome.resolve();
    this.#wake();
    const openMs = this.#welcomedAt === undefined ? undefined : this.#clock.monotonic() - this.#welcomedAt;
    const confirmed = this.#acked >= this.#lastOfSource;
    return { error: this.#fault, openMs, confirmed, rested: this.#rested };
  }

  /** There is something to send. */
  wake(): void {
    this.#wake();
  }

  /** Sends what is left, then a goodbye; the peer then ends the link. */
  finish(): void {
    this.#finishing = true;
    this.#wake();
  }

  /** Ends the link at once. Repeating it is safe. */
  abort(fault: unknown): void {
    this.#fault ??= fault;
    this.#abort.abort(fault);
  }

  async *#frames(): AsyncGenerator<LinkFrame> {
    yield { frame: { case: "hello", value: this.#source.hello } };
    await this.#welcome.promise;
    while (!this.#over) {
      const frame = this.#next();
      if (frame !== undefined) {
        this.#count();
        yield frame;
      } else if (this.#finishing || this.#restDue) {
        this.#rested = !this.#finishing;
        this.#count();
        yield { frame: { case: "goodbye", value: { stays: this.#rested } } };
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #next(): LinkFrame | undefined {
    const frame = this.#source.take();
    if (frame !== undefined) {
      this.#lastOfSource = this.#sent + 1;
      this.#saidAt = this.#clock.monotonic();
      this.#restDue = false;
      return frame;
    }
    if (!this.#keepaliveDue || this.#finishing || this.#restDue) return undefined;
    return { frame: { case: "batch", value: encodeBatch([]) } };
  }

  #count(): void {
    this.#sentAt = this.#clock.monotonic();
    this.#keepaliveDue = false;
    // Silence counts from where an answer is owed.
    if (this.#acked === this.#sent) this.#heardAt = this.#sentAt;
    this.#sent += 1;
  }

  #welcomed(version: number): void {
    if (this.#welcomedAt !== undefined) return;
    this.#welcomedAt = this.#clock.monotonic();
    this.#source.welcomed(version);
    this.#welcome.resolve();
  }

  #tick(): void {
    if (this.#welcomedAt === undefined) return;
    const now = this.#clock.monotonic();
    if (this.#acked < this.#sent && now - this.#heardAt >= LINK_SILENCE_MS_MAX) {
      this.abort(silent(LINK_SILENCE_MS_MAX));
    } else if (this.#acked === this.#sent && now - this.#saidAt >= LINK_REST_MS) {
      this.#restDue = true;
      this.#wake();
    } else if (now - this.#sentAt >= LINK_KEEPALIVE_MS) {
      this.#keepaliveDue = true;
      this.#wake();
    }
  }
}

function silent(ms: number): PrimError {
  return new PrimError("deadline_exceeded", `Cannot reach the peer: no answer for ${ms} ms`);
}
