/**
 * Readers: how far others have read a conversation, as far as they have said so.
 */

/** People whose marks are kept: a room of more members doesn't tell. */
const READERS_MAX = 256;

export class Readers {
  readonly #marks = new Map<string, number>();
  #ascending: readonly number[] | undefined;
  #floor = 0;

  /** The highest mark of anybody, for the next visit. */
  get furthest(): number {
    return this.offsets.at(-1) ?? 0;
  }

  /** The marks, ascending; the same array until something changes. */
  get offsets(): readonly number[] {
    this.#ascending ??= this.#sorted();
    return this.#ascending;
  }

  /** Somebody, it is not known who, had read up to here on an earlier visit. */
  restore(offset: number): void {
    this.#floor = Math.max(this.#floor, offset);
    this.#ascending = undefined;
  }

  /** Marks never move back. */
  mark(name: string, offset: number): void {
    if (offset <= (this.#marks.get(name) ?? 0)) return;
    if (!this.#marks.has(name) && this.#marks.size >= READERS_MAX) return;
    this.#marks.set(name, offset);
    this.#ascending = undefined;
  }

  clear(): void {
    this.#marks.clear();
    this.#floor = 0;
    this.#ascending = undefined;
  }

  #sorted(): number[] {
    const offsets = [...this.#marks.values()].sort((a, b) => a - b);
    const furthest = offsets.at(-1) ?? 0;
    return this.#floor > furthest ? [...offsets, this.#floor] : offsets;
  }
}

/** How many of the marks are at an offset or beyond it. @param ascending Readers.offsets. */
export function readersOf(ascending: readonly number[], offset: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) >= offset) high = middle;
    else low = middle + 1;
  }
  return ascending.length - low;
}
