/**
 * Rows: what the list of a conversation shows, from the top. Messages of one sender stand together, a new day or a long
 * silence is said, and what came while nobody looked is marked off. Keys stay the same for as long as a row is the same.
 */
import type { Message } from "../../src/client/index.ts";
import type { NoticeGroup } from "./notices.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { readersOf } from "./readers.ts";

export interface MessageRow {
  readonly kind: "message";
  readonly key: string;
  readonly message: Message;
  readonly own: boolean;
  /** The first and last of a group of the same sender. */
  readonly first: boolean;
  readonly last: boolean;
  /** A day or a long silence begins here: "day" names the day too. */
  readonly pause: "day" | "time" | undefined;
  /** The first that came while nobody looked. */
  readonly isNew: boolean;
  /** How many others are known to have read it; of the user's own messages. */
  readonly readers: number;
}

export type Row =
  | MessageRow
  | { readonly kind: "notice"; readonly key: string; readonly group: NoticeGroup }
  | {
      readonly kind: "outgoing";
      readonly key: string;
      readonly outgoing: OutgoingMessage;
      readonly first: boolean;
    };

export interface RowsInput {
  readonly messages: readonly Message[];
  readonly notices: readonly NoticeGroup[];
  readonly outgoing: readonly OutgoingMessage[];
  readonly me: string;
  /** The last message that had been seen when new ones came; undefined for no mark. */
  readonly seenUpTo: number | undefined;
  /** Readers.offsets. */
  readonly readBy: readonly number[];
}

/** Messages of one sender within this time stand together. */
const GROUP_MS = 5 * 60_000;
/** A silence that is worth saying when it ended. */
const PAUSE_MS = 60 * 60_000;

export function rowsOf({ messages, notices, outgoing, me, seenUpTo, readBy }: RowsInput): Row[] {
  const rows: Row[] = [];
  const firstOffset = messages[0]?.offset ?? 0;
  // Those before the first message that is held stand above what can be seen.
  const waiting = notices.filter(
    ({ afterOffset }) => messages.length === 0 || afterOffset >= firstOffset - 1,
  );
  let noticeIndex = 0;
  let marked = false;
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index];
    if (message === undefined) break;
    let interrupted = false;
    for (;;) {
      const group = waiting[noticeIndex];
      if (group === undefined || group.afterOffset >= message.offset) break;
      rows.push({ kind: "notice", key: group.key, group });
      noticeIndex += 1;
      interrupted = true;
    }
    const before = messages[index - 1];
    const after = messages[index + 1];
    const own = message.from === me;
    const isNew: boolean = !marked && !own && seenUpTo !== undefined && message.offset > seenUpTo;
    marked ||= isNew;
    const pause = pauseBetween(before, message);
    const first = interrupted || isNew || pause !== undefined || !belongTogether(before, message);
    const nextGroup = waiting[noticeIndex];
    const parted = nextGroup !== undefined && after !== undefined && nextGroup.afterOffset < after.offset;
    const last = parted || pauseBetween(message, after) !== undefined || !belongTogether(message, after);
    const readers = own ? readersOf(readBy, message.offset) : 0;
    rows.push({
      kind: "message",
      key: keyOf(message, own),
      message,
      own,
      first,
      last,
      pause,
      isNew,
      readers,
    });
  }
  for (const group of waiting.slice(noticeIndex)) rows.push({ kind: "notice", key: group.key, group });
  outgoing.forEach((one, index) => {
    const first = index === 0 && messages.at(-1)?.from !== me;
    rows.push({ kind: "outgoing", key: one.seq, outgoing: one, first });
  });
  return rows;
}

/** An own message bears the same key as the outgoing one it was, so that it stays where it is. */
function keyOf({ id, seq }: Message, own: boolean): string {
  return own && seq !== "" ? seq : id;
}

function belongTogether(one: Message | undefined, other: Message | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.from === other.from &&
    Math.abs(other.sentAt - one.sentAt) < GROUP_MS
  );
}

function pauseBetween(one: Message | undefined, other: Message | undefined): "day" | "time" | undefined {
  if (other === undefined) return undefined;
  if (one === undefined) return "day";
  if (!isSameDay(one.sentAt, other.sentAt)) return "day";
  return other.sentAt - one.sentAt > PAUSE_MS ? "time" : undefined;
}

/** Cheap first: building a date for each of 20,000 messages would be felt. */
function isSameDay(one: number, other: number): boolean {
  if (other - one > 86_400_000) return false;
  if (Math.floor(one / 3_600_000) === Math.floor(other / 3_600_000) && HOUR_ALIGNED) return true;
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** Where time zones are whole hours from UTC, two moments of one hour are of one day. */
const HOUR_ALIGNED = new Date().getTimezoneOffset() % 60 === 0;
