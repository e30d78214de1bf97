/**
 * Which language the page speaks: the browser's, unless the reader has chosen the other one.
 */
import { chinese } from "./chinese.ts";
import { english, type Wording } from "./english.ts";

export type { Wording };

const KEY = "prim.language";

/** A BCP 47 tag that the page speaks; English for whoever speaks neither. */
export function pageLanguage(storage: Pick<Storage, "getItem">, browserLanguage: string): string {
  const chosen = storage.getItem(KEY);
  const wanted = chosen === "en" || chosen === "zh-CN" ? chosen : browserLanguage;
  return /^(?:en|zh)\b/i.test(wanted) ? wanted : "en";
}

/** The language that the reader can change to; it is remembered. */
export function otherLanguage(storage: Pick<Storage, "setItem">, language: string): string {
  const other = isChinese(language) ? "en" : "zh-CN";
  storage.setItem(KEY, other);
  return other;
}

/** @param language see pageLanguage(). */
export function wordingFor(language: string): Wording {
  return isChinese(language) ? chinese : english;
}

function isChinese(language: string): boolean {
  return /^zh\b/i.test(language);
}
