import { expect, test } from "bun:test";
import { chinese } from "./chinese.ts";
import { english } from "./english.ts";
import { otherLanguage, pageLanguage, wordingFor } from "./wording.ts";

/** Every word by its path, functions called with something. */
function said(words: object, path = ""): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]): [string, string][] => {
      const here = `${path}${key}`;
      if (typeof value === "object") return [...said(value, `${here}.`)];
      return [[here, typeof value === "function" ? value("7", 3) : value]];
    }),
  );
}

test("both languages have the same keys, and say something under each", () => {
  const [inEnglish, inChinese] = [said(english), said(chinese)];
  expect([...inChinese.keys()].sort()).toEqual([...inEnglish.keys()].sort());
  for (const [key, text] of [...inEnglish, ...inChinese]) expect([key, text.trim()]).not.toEqual([key, ""]);
});

test("nothing was forgotten to be translated", () => {
  const same = [...said(english)]
    .filter(([key, text]) => said(chinese).get(key) === text)
    .map(([key]) => key);
  expect(same).toEqual(["appName"]);
});

test("pageLanguage() is the browser's if the page speaks it, unless another was chosen", () => {
  const nothing = { getItem: () => null };
  expect(pageLanguage(nothing, "zh-TW")).toBe("zh-TW");
  expect(pageLanguage(nothing, "en-GB")).toBe("en-GB");
  for (const language of ["fr", "", "eng", "zhuang"]) expect(pageLanguage(nothing, language)).toBe("en");
  expect(pageLanguage({ getItem: () => "zh-CN" }, "en-GB")).toBe("zh-CN");
  expect(pageLanguage({ getItem: () => "<b>" }, "en-GB")).toBe("en-GB");
});

test("otherLanguage() goes to and fro and is remembered", () => {
  const kept = new Map<string, string>();
  const storage = { setItem: (key: string, value: string) => void kept.set(key, value) };
  expect(otherLanguage(storage, "en-GB")).toBe("zh-CN");
  expect(otherLanguage(storage, "zh-TW")).toBe("en");
  expect(pageLanguage({ getItem: (key) => kept.get(key) ?? null }, "zh-CN")).toBe("en");
  expect(wordingFor("zh-TW")).toBe(chinese);
  expect(wordingFor("en-GB")).toBe(english);
});
