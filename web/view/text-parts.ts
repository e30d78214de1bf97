/**
 * Splits a text into plain parts and addresses. Nothing becomes HTML: an address is a part that may be linked.
 */
import { safeUrl } from "./safe-url.ts";

export interface TextPart {
  readonly text: string;
  /** Undefined for plain text. */
  readonly url?: string | undefined;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"“”「」（）《》，。；！？、]+/giu;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?'*_~\]}]+$/;

export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const url = safeUrl(address, "https://none.invalid");
    if (url === undefined) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: address, url });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** Up to three emoji and nothing else: they are shown large. */
export function isOnlyEmoji(text: string): boolean {
  return /^(?:\p{RGI_Emoji}\s*){1,3}$/v.test(text);
}

function trimmed(address: string): string {
  let result = address.replace(TRAILING, "");
  // A bracket that was opened before the address is not a part of it.
  while (result.endsWith(")") && !result.includes("(")) result = result.slice(0, -1).replace(TRAILING, "");
  return result;
}
