/**
 * Makes what the view shows of the open conversation, and makes as little of it anew as has changed.
 */
import type { Message } from "../../src/client/index.ts";
import type { OpenState } from "./chat-state.ts";
import type { Conversation } from "./conversation.ts";
import type { People } from "./roster.ts";
import { type Row, type RowsInput, rowsOf } from "./rows.ts";

/** Names of people who are not here, and messages that are looked through for them. */
const AWAY_MAX = 50;
const LOOKED_THROUGH = 500;
/** The name that back ends send under: nobody who could be here. */
const BACK_END = "system";

const NOBODY: readonly number[] = [];

/** One conversation is open, so what was made last is remembered of one. */
export class OpenStateMaker {
  #input: RowsInput | undefined;
  #rows: readonly Row[] = [];
  #messages: readonly Message[] | undefined;
  #people: People | undefined;
  #away: readonly string[] = [];
  #readBy: readonly number[] = NOBODY;
  #last: OpenState | undefined;

  /** @returns the same object until something changes. */
  make(conversation: Conversation, me: string, people: People | undefined): OpenState {
    const { id, kind, name, joined, online, timeline, typists, unread, messages } = conversation;
    const { generation, epoch, loaded, reading, olderLeft, attached } = timeline;
    const rows = this.#rowsOf({
      messages,
      notices: conversation.notices.groups,
      outgoing: conversation.outgoing.messages,
      me,
      seenUpTo: conversation.seenUpTo,
      readBy: kind === "direct" ? this.#peerOf(conversation) : conversation.readers.offsets,
    });
    const made: OpenState = {
      ...{ id, kind, name, joined, online, rows, loaded, reading, olderLeft, attached },
      ...{ typing: typists.names, unread, people },
      away: kind === "room" ? this.#awayOf(messages, people, me) : [],
      run: `${id} ${epoch} ${generation} ${me}`,
    };
    const before = this.#last;
    const keys = Object.keys(made) as (keyof OpenState)[];
    if (before === undefined || keys.some((key) => made[key] !== before[key])) this.#last = made;
    return this.#last ?? made;
  }

  #rowsOf(input: RowsInput): readonly Row[] {
    const before = this.#input;
    const keys = Object.keys(input) as (keyof RowsInput)[];
    if (before === undefined || keys.some((key) => input[key] !== before[key])) {
      this.#input = input;
      this.#rows = rowsOf(input);
    }
    return this.#rows;
  }

  /** Who has answered has read what was before. */
  #peerOf({ messages, readers, name }: Conversation): readonly number[] {
    readers.restore(messages.findLast(({ from }) => from === name)?.offset ?? 0);
    const { furthest } = readers;
    if (furthest === 0) return NOBODY;
    if (this.#readBy[0] !== furthest) this.#readBy = [furthest];
    return this.#readBy;
  }

  #awayOf(messages: readonly Message[], people: People | undefined, me: string): readonly string[] {
    if (this.#messages === messages && this.#people === people) return this.#away;
    const recent = people === undefined ? [] : messages.slice(-LOOKED_THROUGH);
    const names = new Set(
      recent.map(({ from }) => from).filter((from) => from !== me && !people?.names.has(from)),
    );
    names.delete(BACK_END);
    const made = [...names].slice(-AWAY_MAX);
    if (made.join("\n") !== this.#away.join("\n")) this.#away = made;
    this.#messages = messages;
    this.#people = people;
    return this.#away;
  }
}
