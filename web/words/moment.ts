/**
 * How the page says when something was: the time today, with the day before it otherwise.
 */

const TIME = { hour: "numeric", minute: "2-digit" } as const;

export function shortMoment(ms: number, language: string): string {
  const moment = new Date(ms);
  const isToday = moment.toDateString() === new Date().toDateString();
  const form = isToday ? TIME : ({ ...TIME, month: "short", day: "numeric" } as const);
  return new Intl.DateTimeFormat(language, form).format(moment);
}

export function longMoment(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" }).format(new Date(ms));
}
