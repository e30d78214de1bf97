/**
 * How the page says when something was. Formats are kept: making one takes longer than using it a hundred times.
 */
import type { Wording } from "./english.ts";

const DAY_MS = 86_400_000;

export class Moments {
  readonly #words: Pick<Wording, "today" | "yesterday">;
  readonly #time: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #weekday: Intl.DateTimeFormat;
  readonly #full: Intl.DateTimeFormat;

  /** @param language a BCP 47 tag. */
  constructor(language: string, words: Pick<Wording, "today" | "yesterday">) {
    const time = { hour: "numeric", minute: "2-digit" } as const;
    this.#words = words;
    this.#time = new Intl.DateTimeFormat(language, time);
    this.#date = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
    this.#weekday = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    this.#full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
  }

  /** "14:20". */
  time(ms: number): string {
    return this.#time.format(ms);
  }

  /** "Today", "Tuesday 3 March", or with the year if it was another one. */
  day(ms: number, now: number): string {
    const [day, today] = [new Date(ms), new Date(now)];
    if (day.toDateString() === today.toDateString()) return this.#words.today;
    if (day.toDateString() === new Date(now - DAY_MS).toDateString()) return this.#words.yesterday;
    return day.getFullYear() === today.getFullYear() ? this.#weekday.format(ms) : this.#date.format(ms);
  }

  /** The time if it was today, the day otherwise: what a list of conversations has room for. */
  short(ms: number, now: number): string {
    if (new Date(ms).toDateString() === new Date(now).toDateString()) return this.time(ms);
    return now - ms < 2 * DAY_MS ? this.day(ms, now) : this.#date.format(ms);
  }

  full(ms: number): string {
    return this.#full.format(ms);
  }
}
