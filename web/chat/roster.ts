/**
 * Roster: who is in a room. The list comes from the server; comings and goings change it at once, and it is read again
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
  #closed = false;
  #names = new Set<string>();
  #count = 0;
  #reading = false;
  /** Another reading was asked for while one was under way. */
  #stale = false;
  /** Who came and went while the list was under way: it may be older than that. */
  readonly #meanwhile = new Map<string, "here" | "gone">();

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** Nobody looks at it any more. */
  close(): void {
    this.#closed = true;
  }

  entered(name: string): void {
    if (this.#reading) this.#meanwhile.set(name, "here");
    this.#correct(name, "here");
    this.#changed();
  }

  left(name: string): void {
    if (this.#reading) this.#meanwhile.set(name, "gone");
    this.#correct(name, "gone");
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
    this.#meanwhile.clear();
    try {
      const { names, count } = await this.#parts.read();
      this.#names = new Set(names);
      this.#count = count;
      for (const [name, where] of this.#meanwhile) this.#correct(name, where);
      this.#changed();
    } catch {
      this.#stale = true; // The server is away or busy: the list on the page is better than none.
    }
    setTimeout(() => {
      this.#reading = false;
      if (this.#stale && !this.#closed) this.refresh();
    }, READ_PERIOD_MS);
  }

  #correct(name: string, where: "here" | "gone"): void {
    if (where === "gone") {
      if (this.#names.delete(name)) this.#count -= 1;
    } else if (!this.#names.has(name)) {
      this.#names.add(name);
      this.#count += 1;
    }
  }

  #changed(): void {
    if (this.#closed) return;
    this.#parts.onChange({ names: this.#names, count: Math.max(this.#count, this.#names.size) });
  }
}
