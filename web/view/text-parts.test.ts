import { expect, test } from "bun:test";
import { isOnlyEmoji, textParts } from "./text-parts.ts";

const links = (text: string) => textParts(text).flatMap(({ url }) => url ?? []);

test("textParts() keeps every character, in order", () => {
  for (const text of [
    "",
    "plain",
    "https://a.example",
    "a https://a.example/x?y=1#z, b http://c.example.",
    "<b>",
  ]) {
    expect(
      textParts(text)
        .map((part) => part.text)
        .join(""),
    ).toBe(text);
  }
});

test.each([
  ["see https://a.example/x.", "https://a.example/x"],
  ["(https://a.example/x)", "https://a.example/x"],
  ["https://a.example/x_(y)", "https://a.example/x_(y)"],
  ["看https://a.example/x。好", "https://a.example/x"],
  ["HTTPS://A.example/", "https://a.example/"],
  [`<a href="https://a.example/q">`, "https://a.example/q"],
])("textParts() finds the address in %p", (text, address) => {
  expect(links(text)).toEqual([address]);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,x",
  "http://",
  "https://[",
  "xhttps://a.example",
  "ftp://a.example",
])("textParts() links nothing in %p", (text) => {
  expect(links(text)).toEqual([]);
});

test("isOnlyEmoji() is true for up to three", () => {
  for (const text of ["😀", "👍🏽 ❤️", "👩‍💻👩‍💻👩‍💻"])
    expect([text, isOnlyEmoji(text)]).toEqual([text, true]);
  for (const text of ["", "a😀", "😀😀😀😀", "1", "12", "#"])
    expect([text, isOnlyEmoji(text)]).toEqual([text, false]);
});
