import { expect, test } from "bun:test";
import { SavedChats } from "./saved-chats.ts";

function storage(first?: string): Storage {
  const kept = new Map<string, string>(first === undefined ? [] : [["prim.chats", first]]);
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as Storage;
}

const room = { id: "room:1", epoch: "a", readUpTo: 3, readBy: 2 };

test("load() gives back what was saved under the same name", () => {
  const kept = storage();
  new SavedChats(kept).save("ann", { conversations: [room], open: "room:1" });
  const saved = new SavedChats(kept);
  expect(saved.load("ann")).toEqual({ conversations: [room], open: "room:1" });
  expect(saved.load("bob")).toEqual({ conversations: [], open: undefined });
});

test("the latest five names and 200 conversations are kept", () => {
  const saved = new SavedChats(storage());
  for (let index = 0; index <= 5; index++)
    saved.save(`ann ${index}`, { conversations: [room], open: undefined });
  expect(saved.load("ann 0").conversations).toEqual([]);
  expect(saved.load("ann 1").conversations).toEqual([room]);
  const many = Array.from({ length: 201 }, (_, index) => ({ ...room, id: `room:${index}` }));
  saved.save("ann 1", { conversations: many, open: undefined });
  expect(saved.load("ann 1").conversations).toHaveLength(200);
});

test.each([
  "",
  "{",
  "null",
  "{}",
  "[1]",
  '[["ann"]]',
  '[["ann",{}]]',
  '[["ann",{"conversations":[null,1,{"id":"x"}]}]]',
  '[["ann",{"conversations":[{"id":"javascript:x","epoch":"a","readUpTo":1,"readBy":1}],"open":7}]]',
  '[["ann",{"conversations":[{"id":"room:1","epoch":"a","readUpTo":"1","readBy":1}]}]]',
])("load() makes nothing of %p", (text) => {
  expect(new SavedChats(storage(text)).load("ann")).toEqual({ conversations: [], open: undefined });
});

test("a storage that is full or forbidden does no harm", () => {
  const forbidden = {
    getItem: () => {
      throw new Error("Forbidden");
    },
    setItem: () => {
      throw new Error("Full");
    },
  } as unknown as Storage;
  const saved = new SavedChats(forbidden);
  saved.save("ann", { conversations: [room], open: undefined });
  expect(saved.load("ann").conversations).toEqual([]);
});
