/**
 * ReadMarks: tells the server how far the user has read, not more often than needed. An inbox has one mark for all
 * people in it: it stops before the oldest message that was not read, so that nobody is told a lie.
 */

export interface ReadMarksParts {
  /** How far a channel may be marked as read now; 0 for not at all. */
  readUpTo(channel: string): number;
  tell(channel: string, offset: number): Promise<void>;
}

/** Between reading and telling: what is read together is told together. */
const TELL_AFTER_MS = 400;

export class ReadMarks {
  readonly #parts: ReadMarksParts;
  readonly #told = new Map<string, number>();
  readonly #waiting = new Set<string>();

  constructor(parts: ReadMarksParts) {
    this.#parts = parts;
  }

  /** What the server knows already. */
  known(channel: string, offset: number): void {
    this.#told.set(channel, offset);
  }

  /** Something was read. */
  changed(channel: string): void {
    if (this.#waiting.has(channel)) return;
    this.#waiting.add(channel);
    setTimeout(() => {
      this.#waiting.delete(channel);
      this.#tell(channel);
    }, TELL_AFTER_MS);
  }

  clear(): void {
    this.#told.clear();
  }

  #tell(channel: string): void {
    const offset = this.#parts.readUpTo(channel);
    const told = this.#told.get(channel) ?? 0;
    if (offset <= told) return;
    this.#told.set(channel, offset);
    this.#parts.tell(channel, offset).catch(() => {
      // Away or refused: the next message that is read tells again.
      if (this.#told.get(channel) === offset) this.#told.set(channel, told);
    });
  }
}
