import { expect, test } from "bun:test";
import { decodePageToken, encodePageToken, sessionPlace, userPlace } from "./page-token.ts";

test("a page token gives back its place, and none is the first or the last page", () => {
  expect(decodePageToken(encodePageToken(["马远", 101]), userPlace)).toEqual(["马远", 101]);
  expect(encodePageToken(undefined)).toBe("");
  expect(decodePageToken("", userPlace)).toBeUndefined();
});

test.each(["x", "e30", encodePageToken([]), encodePageToken(["ann", 1])])(
  "%s is no place of a session",
  (token) => {
    expect(() => decodePageToken(token, sessionPlace)).toThrow("none of this list");
  },
);
