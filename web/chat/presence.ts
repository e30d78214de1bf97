/**
 * Presence: which of the people the user talks to are online. The server is asked every so often, while the page
 * is looked at.
 */

export interface PresenceParts {
  /** Asks the server. */
  ask(userId: string): Promise<boolean>;
  /** Whether asking makes sense now. */
  isAwake(): boolean;
  changed(userId: string, online: boolean): void;
}

/** Between two rounds: somebody who has gone is seen to have gone within it. */
const PERIOD_MS = 15_000;
/** People asked about in a round: the latest conversations. */
const PEOPLE_MAX = 20;

export class Presence {
  readonly #parts: PresenceParts;
  #people: readonly string[] = [];
  #asking = false;
  #again = false;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    setInterval(() => this.look(), PERIOD_MS);
  }

  /** @param people those who matter most first. */
  watch(people: readonly string[]): void {
    const before = this.#people;
    this.#people = people.slice(0, PEOPLE_MAX);
    if (this.#people.some((name) => !before.includes(name))) this.look();
  }

  /** Asks now: something has changed. */
  look(): void {
    if (this.#asking) this.#again = true;
    else if (this.#parts.isAwake() && this.#people.length > 0) void this.#round();
  }

  async #round(): Promise<void> {
    this.#asking = true;
    this.#again = false;
    for (const name of this.#people) {
      try {
        this.#parts.changed(name, await this.#parts.ask(name));
      } catch {
        break; // The server is away: the next round asks again.
      }
    }
    this.#asking = false;
    if (this.#again) this.look();
  }
}
