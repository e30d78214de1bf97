/**
 * Outbox: what the user has written and the server has not yet confirmed. After a lost connection it is sent again
 * under the same seq, which the server recognises: one message, however often the link broke.
 */
import { ClosedError } from "../wire/chat-socket.ts";
import { newSeq } from "../wire/seq.ts";

export interface Outgoing {
  readonly seq: string;
  readonly text: string;
  readonly state: "sending" | "failed";
}

export interface OutboxParts {
  transmit(seq: string, text: string): Promise<unknown>;
  /** True if a login will follow, after which everything is sent again. */
  isAway(): boolean;
  onChange(outgoing: readonly Outgoing[]): void;
}

/** Unconfirmed messages; beyond it the oldest that failed is let go, and without one nothing more is taken. */
const OUTGOING_MAX = 50;

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #outgoing = new Map<string, Outgoing>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** @returns false if too much waits already; the text was not taken. */
  send(text: string): boolean {
    if (this.#outgoing.size >= OUTGOING_MAX && !this.#forgetFailed()) return false;
    this.#transmit({ seq: newSeq(), text, state: "sending" });
    return true;
  }

  /** Sends a failed message once more. */
  retry(seq: string): void {
    const outgoing = this.#outgoing.get(seq);
    if (outgoing?.state === "failed") this.#transmit({ ...outgoing, state: "sending" });
  }

  /** There is a connection again: what is unconfirmed goes out once more, in its order. */
  resend(): void {
    for (const outgoing of this.#outgoing.values()) {
      if (outgoing.state === "sending") this.#transmit(outgoing);
    }
  }

  /** The name changes: the server would not recognise a repeat by somebody else, so the user decides. */
  holdAll(): void {
    for (const [seq, outgoing] of this.#outgoing) this.#outgoing.set(seq, { ...outgoing, state: "failed" });
    this.#changed();
  }

  /** The message was seen in the channel, or confirmed. Repeating it is safe. */
  confirm(seq: string): void {
    if (this.#outgoing.delete(seq)) this.#changed();
  }

  #transmit(outgoing: Outgoing): void {
    const { seq, text } = outgoing;
    this.#outgoing.set(seq, outgoing);
    this.#changed();
    this.#parts.transmit(seq, text).then(
      () => this.confirm(seq),
      (error: unknown) => this.#failed(seq, error),
    );
  }

  #failed(seq: string, error: unknown): void {
    const outgoing = this.#outgoing.get(seq);
    // Without an answer, or from a node that is stopping, nothing is decided yet: it goes out after the next login.
    if (outgoing === undefined || error instanceof ClosedError || this.#parts.isAway()) return;
    this.#outgoing.set(seq, { ...outgoing, state: "failed" });
    this.#changed();
  }

  #forgetFailed(): boolean {
    for (const [seq, { state }] of this.#outgoing) {
      if (state === "failed") return this.#outgoing.delete(seq);
    }
    return false;
  }

  #changed(): void {
    this.#parts.onChange([...this.#outgoing.values()]);
  }
}
