import { expect, test } from "bun:test";
import { RecentMap } from "./recent-map.ts";

function keysByAge(map: RecentMap<string, number>): string[] {
  const keys: string[] = [];
  for (let entry = map.oldest(); entry !== undefined; entry = map.oldest()) {
    keys.push(entry.key);
    map.delete(entry.key);
  }
  return keys;
}

function abc(): RecentMap<string, number> {
  const map = new RecentMap<string, number>();
  map.set("a", 1);
  map.set("b", 2);
  map.set("c", 3);
  return map;
}

test("oldest() follows the order of set()", () => {
  expect(keysByAge(abc())).toEqual(["a", "b", "c"]);
});

test("touch() makes an entry the newest, get() does not", () => {
  const map = abc();
  expect(map.get("a")).toBe(1);
  expect(map.touch("b")).toBe(2);
  expect(map.touch("missing")).toBeUndefined();
  expect(keysByAge(map)).toEqual(["a", "c", "b"]);
});

test("set() of a known key replaces the value and makes it the newest", () => {
  const map = abc();
  map.set("a", 10);
  expect(map.size).toBe(3);
  expect(map.get("a")).toBe(10);
  expect(keysByAge(map)).toEqual(["b", "c", "a"]);
});

test("delete() works at the front, in the middle, at the back, alone and twice", () => {
  for (const [gone, left] of [
    ["a", ["b", "c"]],
    ["b", ["a", "c"]],
    ["c", ["a", "b"]],
  ] as const) {
    const map = abc();
    map.delete(gone);
    map.delete(gone);
    expect(map.size).toBe(2);
    map.set("d", 4);
    expect(keysByAge(map)).toEqual([...left, "d"]);
  }
  const map = abc();
  expect(keysByAge(map)).toHaveLength(3);
  expect(map.oldest()).toBeUndefined();
  map.set("e", 5);
  expect(map.touch("e")).toBe(5);
  expect(keysByAge(map)).toEqual(["e"]);
});

test("clear() forgets everything", () => {
  const map = abc();
  map.clear();
  expect(map.size).toBe(0);
  expect(map.oldest()).toBeUndefined();
  expect(map.get("a")).toBeUndefined();
});
