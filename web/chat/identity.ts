/**
 * Who the user is: a name, kept as long as the tab.
 */
import { friendlyName } from "../words/friendly-name.ts";

const KEY = "prim.name";

export function loadName(language: string): string {
  const kept = sessionStorage.getItem(KEY);
  if (kept) return kept;
  const name = friendlyName(language);
  saveName(name);
  return name;
}

export function saveName(name: string): void {
  sessionStorage.setItem(KEY, name);
}
