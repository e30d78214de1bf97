/**
 * Outgoing: what the user has written and the channel has not shown yet. The SDK keeps it and sends it again over broken
 * connections; here it is only remembered what is on its way, what was refused, and under which seq, so that
 * another try is still the same message.
 */
import type { Draft, Receipt } from "../../src/client/index.ts";

export interface OutgoingMessage {
  readonly seq: string;
  readonly draft: Draft;
  /** Unix milliseconds, by this machine. */
  readonly writtenAt: number;
  readonly state: "sending" | "failed";
}

export interface OutgoingParts {
  send(draft: Draft, seq: string): Promise<Receipt>;
  /** Whether the channel has shown everything up to this place. */
  isShown(receipt: Receipt): boolean;
  now(): number;
  changed(): void;
}

/** Unconfirmed messages of one conversation: more than anybody writes into the void. */
const OUTGOING_MAX = 200;

export class Outgoing {
  readonly #parts: OutgoingParts;
  #messages: readonly OutgoingMessage[] = [];

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  /** Oldest first; the same array until something changes. */
  get messages(): readonly OutgoingMessage[] {
    return this.#messages;
  }

  /** @returns false if too much waits already; it was not taken. */
  send(draft: Draft, seq: string): boolean {
    if (this.#messages.length >= OUTGOING_MAX) return false;
    this.#transmit({ seq, draft, writtenAt: this.#parts.now(), state: "sending" });
    return true;
  }

  retry(seq: string): void {
    const message = this.#messages.find((one) => one.seq === seq);
    if (message?.state === "failed") this.#transmit({ ...message, state: "sending" });
  }

  /** The channel has shown it, or the user has thrown it away. Repeating it is safe. */
  forget(seq: string): void {
    if (!this.#messages.some((one) => one.seq === seq)) return;
    this.#set(this.#messages.filter((one) => one.seq !== seq));
  }

  #transmit(message: OutgoingMessage): void {
    const { seq, draft } = message;
    this.#put(message);
    this.#parts.send(draft, seq).then(
      (receipt) => {
        if (this.#parts.isShown(receipt)) this.forget(seq);
      },
      () => {
        const current = this.#messages.find((one) => one.seq === seq);
        if (current !== undefined) this.#put({ ...current, state: "failed" });
      },
    );
  }

  #put(message: OutgoingMessage): void {
    const { seq } = message;
    const isNew = !this.#messages.some((one) => one.seq === seq);
    this.#set(
      isNew ? [...this.#messages, message] : this.#messages.map((one) => (one.seq === seq ? message : one)),
    );
  }

  #set(messages: readonly OutgoingMessage[]): void {
    this.#messages = messages;
    this.#parts.changed();
  }
}
