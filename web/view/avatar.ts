/**
 * A disc with the first letter of a name, in a colour that is always the same for that name.
 */
import { element } from "./element.ts";

/** Colours in people.css. */
const HUES = 8;

export function avatar(name: string): HTMLElement {
  const disc = element("span", `avatar hue-${hueOf(name)}`, firstLetter(name));
  disc.setAttribute("aria-hidden", "true");
  return disc;
}

function hueOf(name: string): number {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % HUES;
}

/** By grapheme: an emoji or an accented letter is more than one code point. */
function firstLetter(name: string): string {
  const [first] = new Intl.Segmenter().segment(name);
  return (first?.segment ?? "?").toLocaleUpperCase();
}
