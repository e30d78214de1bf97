/**
 * Roster: who is here. The list comes from the server; comings and goings change it at once, and it is read again
 * when the server tells only how many there are.
 */

export interface People {
  readonly names: ReadonlySet<string>;
  /** At least as many as there are names. */
  readonly count: number;
}

export interface RosterParts {
  /** Asks the server. */
  read(): Promise<People>;
  onChange(people: People): void;
}

/** Between two readings: a big room tells of changes every second, and each of its pages would ask. */
const READ_PERIOD_MS = 3_000;

export class Roster {
  readonly #parts: RosterParts;
  #names = new Set<string>();
  #count = 0;
  #reading = false;
  /** Something changed while the list was under way: it may be older than what is shown. */
  #stale = false;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  entered(name: string): void {
    this.#stale = true;
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#count += 1;
    this.#changed();
  }

  left(name: string): void {
    this.#stale = true;
    if (this.#names.delete(name)) this.#count -= 1;
    this.#changed();
  }

  counted(count: number): void {
    this.#count = count;
    this.#changed();
    this.refresh();
  }

  /** Reads the list, now or soon. */
  refresh(): void {
    this.#stale = true;
    if (!this.#reading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    this.#stale = false;
    try {
      const { names, count } = await this.#parts.read();
      if (!this.#stale) {
        this.#names = new Set(names);
        this.#count = count;
        this.#changed();
      }
    } catch {
      this.#stale = true; // The server is away or busy: the list on the page is better than none.
    }
    window.setTimeout(() => {
      this.#reading = false;
      if (this.#stale) this.refresh();
    }, READ_PERIOD_MS);
  }

  #changed(): void {
    this.#parts.onChange({ names: this.#names, count: Math.max(this.#count, this.#names.size) });
  }
}
