/**
 * Notices: who came to a room and who left, between which messages. Those with no message between them are one
 * group, in which the last of each person counts.
 */

export interface NoticeGroup {
  /** Never the same again. */
  readonly key: string;
  /** The newest message before it. */
  readonly afterOffset: number;
  /** Newest last, at most NAMES_MAX each. */
  readonly came: readonly string[];
  readonly left: readonly string[];
}

/** Groups of one room: what one scrolls back through in an evening. */
const GROUPS_MAX = 100;
/** Names kept of one group: a line shows a few and counts the rest. */
export const NAMES_MAX = 50;

export class Notices {
  #groups: NoticeGroup[] = [];
  #keys = 0;

  /** The same array until something changes. */
  get groups(): readonly NoticeGroup[] {
    return this.#groups;
  }

  came(name: string, afterOffset: number): void {
    this.#add(name, afterOffset, true);
  }

  left(name: string, afterOffset: number): void {
    this.#add(name, afterOffset, false);
  }

  clear(): void {
    this.#groups = [];
  }

  #add(name: string, afterOffset: number, isComing: boolean): void {
    const last = this.#groups.at(-1);
    const group = last?.afterOffset === afterOffset ? last : undefined;
    const came = (group?.came ?? []).filter((other) => other !== name);
    const left = (group?.left ?? []).filter((other) => other !== name);
    (isComing ? came : left).push(name);
    this.#keys += 1;
    const key = group?.key ?? `notice-${this.#keys}`;
    const made = { key, afterOffset, came: came.slice(-NAMES_MAX), left: left.slice(-NAMES_MAX) };
    const before = group === undefined ? this.#groups : this.#groups.slice(0, -1);
    this.#groups = [...before, made].slice(-GROUPS_MAX);
  }
}
