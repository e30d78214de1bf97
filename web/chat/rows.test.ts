import { expect, test } from "bun:test";
import type { Message } from "../../src/client/index.ts";
import { Notices } from "./notices.ts";
import { Readers, readersOf } from "./readers.ts";
import { type Row, type RowsInput, rowsOf } from "./rows.ts";

const NOON = new Date(2026, 4, 4, 12).getTime();
const MINUTE_MS = 60_000;

function message(offset: number, from: string, sentAt = NOON): Message {
  const place = { channel: "room:1", epoch: "a", offset, sentAt };
  return {
    ...place,
    id: `id-${offset}`,
    seq: `seq-${offset}`,
    from,
    appPlatform: 101,
    target: "",
    type: "text",
    msg: "",
  };
}

function rows(messages: readonly Message[], over: Partial<RowsInput> = {}): readonly Row[] {
  return rowsOf({ messages, notices: [], outgoing: [], me: "me", seenUpTo: undefined, readBy: [], ...over });
}

const shape = (list: readonly Row[]) =>
  list.map((row) => {
    if (row.kind !== "message") return row.kind;
    return `${row.message.offset}${row.first ? "<" : ""}${row.last ? ">" : ""}${row.pause ?? ""}${row.isNew ? "!" : ""}`;
  });

test("messages of one sender stand together for five minutes", () => {
  const list = [
    message(1, "ann"),
    message(2, "ann"),
    message(3, "bob"),
    message(4, "bob", NOON + 5 * MINUTE_MS),
  ];
  expect(shape(rows(list))).toEqual(["1<day", "2>", "3<>", "4<>"]);
});

test("a new day and an hour's silence are said", () => {
  const list = [
    message(1, "ann"),
    message(2, "ann", NOON + 61 * MINUTE_MS),
    message(3, "ann", NOON + 24 * 60 * MINUTE_MS),
  ];
  expect(shape(rows(list))).toEqual(["1<>day", "2<>time", "3<>day"]);
});

test("the first of others' messages after what was seen is new, own ones never are", () => {
  const list = [message(1, "ann"), message(2, "me"), message(3, "ann"), message(4, "ann")];
  expect(shape(rows(list, { seenUpTo: 1 }))).toEqual(["1<>day", "2<>", "3<!", "4>"]);
  expect(shape(rows(list, { seenUpTo: 4 }))).toEqual(["1<>day", "2<>", "3<", "4>"]);
});

test("notices stand where they happened and part what is around them; those above what is held are left out", () => {
  const notices = new Notices();
  notices.came("early", 2);
  notices.came("ann", 4);
  notices.left("ann", 4);
  notices.left("bob", 5);
  const list = [message(4, "cid"), message(5, "cid")];
  expect(shape(rows(list, { notices: notices.groups }))).toEqual(["4<>day", "notice", "5<>", "notice"]);
  expect(notices.groups.map(({ came, left }) => [came, left])).toEqual([
    [["early"], []],
    [[], ["ann"]],
    [[], ["bob"]],
  ]);
});

test("a notice before the first message of a room is not lost when that comes", () => {
  const notices = new Notices();
  notices.came("bob", 0);
  expect(shape(rows([message(1, "bob")], { notices: notices.groups }))).toEqual(["notice", "1<>day"]);
});

test("an own message takes the place of the outgoing one under the same key", () => {
  const outgoing = {
    seq: "seq-2",
    draft: { channel: "room:1", msg: "" },
    writtenAt: NOON,
    state: "sending",
  } as const;
  const before = rows([message(1, "ann")], { outgoing: [outgoing] });
  const after = rows([message(1, "ann"), message(2, "me")]);
  expect(before.map(({ key }) => key)).toEqual(["id-1", "seq-2"]);
  expect(after.map(({ key }) => key)).toEqual(["id-1", "seq-2"]);
});

test("own messages know how many have read them", () => {
  const readers = new Readers();
  readers.mark("ann", 3);
  readers.mark("bob", 1);
  readers.mark("ann", 2);
  const list = rows(
    [1, 2, 3, 4].map((offset) => message(offset, "me")),
    { readBy: readers.offsets },
  );
  expect(list.map((row) => row.kind === "message" && row.readers)).toEqual([2, 1, 1, 0]);
  expect(readersOf([], 1)).toBe(0);
  readers.restore(4);
  expect(readers.furthest).toBe(4);
});

test("notices keep the newest hundred groups and fifty names", () => {
  const notices = new Notices();
  for (let offset = 0; offset <= 100; offset++) notices.came("ann", offset);
  expect(notices.groups).toHaveLength(100);
  expect(notices.groups[0]?.afterOffset).toBe(1);
  for (let index = 0; index <= 50; index++) notices.came(`guest ${index}`, 100);
  expect(notices.groups.at(-1)?.came).toHaveLength(50);
  expect(notices.groups.at(-1)?.came.at(-1)).toBe("guest 50");
});
