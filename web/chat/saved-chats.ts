/**
 * SavedChats: what the page remembers of each name's conversations from one visit to the next: which there are, how far they
 * were read. Everything in it can be lost or wrong without harm: the server knows the messages.
 */

export interface SavedConversation {
  readonly id: string;
  /** Of the log that the offsets count in. */
  readonly epoch: string;
  readonly readUpTo: number;
  /** How far others had read. */
  readonly readBy: number;
}

export interface SavedChat {
  readonly conversations: readonly SavedConversation[];
  /** The one that was open last. */
  readonly open: string | undefined;
}

const KEY = "prim.chats";
/** Names whose conversations are remembered: a guest tries out a few. */
const NAMES_MAX = 5;
/** Conversations of a name: the server lets a session be in 128 rooms. */
const CONVERSATIONS_MAX = 200;

const NOTHING: SavedChat = { conversations: [], open: undefined };

export class SavedChats {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  load(name: string): SavedChat {
    return this.#entries().find(([one]) => one === name)?.[1] ?? NOTHING;
  }

  save(name: string, { conversations, open }: SavedChat): void {
    const others = this.#entries().filter(([one]) => one !== name);
    const chat = { conversations: conversations.slice(0, CONVERSATIONS_MAX), open };
    try {
      this.#storage.setItem(KEY, JSON.stringify([[name, chat], ...others].slice(0, NAMES_MAX)));
    } catch {
      // Full or forbidden: the next visit begins with less.
    }
  }

  #entries(): [string, SavedChat][] {
    try {
      const parsed: unknown = JSON.parse(this.#storage.getItem(KEY) ?? "[]");
      return Array.isArray(parsed) ? parsed.flatMap(entryOf) : [];
    } catch {
      return []; // Forbidden, or not written by this page.
    }
  }
}

function entryOf(entry: unknown): [string, SavedChat][] {
  if (!Array.isArray(entry)) return [];
  const [name, chat] = entry;
  if (typeof name !== "string" || !isObject(chat) || !Array.isArray(chat["conversations"])) return [];
  const conversations = chat["conversations"].filter(isSaved).slice(0, CONVERSATIONS_MAX);
  return [[name, { conversations, open: typeof chat["open"] === "string" ? chat["open"] : undefined }]];
}

function isSaved(value: unknown): value is SavedConversation {
  return (
    isObject(value) &&
    /^(?:room:|user:|all$)/.test(String(value["id"])) &&
    typeof value["epoch"] === "string" &&
    Number.isSafeInteger(value["readUpTo"]) &&
    Number.isSafeInteger(value["readBy"])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
