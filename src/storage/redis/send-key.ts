/**
 * Send keys: what a remembered send is known by, short, whatever the length of the user id and the seq.
 */
import { hash } from "node:crypto";
import type { Draft } from "../../core/message.ts";

/** 96 bits: of a billion sends in one channel, two are the same by chance once in a hundred billion tries; nobody finds such on purpose. */
const KEY_CHARS = 16;

export function sendKeyOf({ from, seq }: Pick<Draft, "from" | "seq">): string {
  // As JSON, since half a surrogate pair has no UTF-8 of its own, and since the two can't run into each other.
  return hash("sha256", JSON.stringify([from, seq]), "base64url").slice(0, KEY_CHARS);
}
