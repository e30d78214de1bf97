/**
 * Typists: who is writing in a conversation, until they have been silent for a few seconds.
 */

/** Who writes says so every few seconds (TYPING_PERIOD_MS); one that gets lost is forgiven. */
const TYPING_MS = 6_000;
/** Between two times that this page says it. */
export const TYPING_PERIOD_MS = 3_000;
/** Names kept: a line shows three. */
const TYPISTS_MAX = 20;

export class Typists {
  readonly #until = new Map<string, number>();
  readonly #now: () => number;
  readonly #changed: () => void;
  #names: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(now: () => number, changed: () => void) {
    this.#now = now;
    this.#changed = changed;
  }

  /** The same array until something changes. */
  get names(): readonly string[] {
    return this.#names;
  }

  typing(name: string): void {
    if (!this.#until.has(name) && this.#until.size >= TYPISTS_MAX) return;
    this.#until.set(name, this.#now() + TYPING_MS);
    this.#look();
  }

  /** Their message is here, or they have gone. */
  stopped(name: string): void {
    if (this.#until.delete(name)) this.#look();
  }

  #look(): void {
    clearTimeout(this.#timer);
    const now = this.#now();
    for (const [name, until] of this.#until) if (until <= now) this.#until.delete(name);
    const names = [...this.#until.keys()];
    if (names.join("\n") !== this.#names.join("\n")) {
      this.#names = names;
      this.#changed();
    }
    if (names.length === 0) return;
    this.#timer = setTimeout(() => this.#look(), Math.max(50, Math.min(...this.#until.values()) - now));
  }
}
