/**
 * What every part of the view may need: the chat, the words, and how moments are said.
 */
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Chat } from "../chat/chat.ts";
import type { ChatState } from "../chat/chat-state.ts";
import type { Moments } from "../words/moment.ts";
import type { Wording } from "../words/wording.ts";

export interface PageContextValue {
  readonly chat: Chat;
  readonly words: Wording;
  readonly moments: Moments;
}

export const PageContext = createContext<PageContextValue | undefined>(undefined);

/** @throws {Error} outside of a page. */
export function usePage(): PageContextValue {
  const value = useContext(PageContext);
  if (value === undefined) throw new Error("Not in a page");
  return value;
}

/** A part of the chat's state; the component is drawn again when that part is another one. */
export function useChat<Part>(select: (state: ChatState) => Part): Part {
  const { chat } = usePage();
  return useSyncExternalStore(chat.subscribe, () => select(chat.state));
}

/** What a conversation is called. */
export function titleOf(
  words: Wording,
  { kind, name }: { readonly kind: string; readonly name: string },
): string {
  if (kind === "room") return words.room(name);
  return kind === "all" ? words.everybody : name;
}
