/**
 * How code is written, as far as the linters don't look.
 */
import { codeOnly, importsOf } from "./source-code.ts";
import { isCode, isTest, locate, type Rule } from "./source-file.ts";

const FILE_LINES_MAX = 400;

const TIME_AND_CHANCE = new RegExp(
  [
    String.raw`(?<![.\w$])(?:globalThis\s*\.\s*)?(?:setTimeout|setInterval|setImmediate)\b`,
    String.raw`(?<![\w$])Date\s*\.\s*now\b`,
    String.raw`(?<![\w$])new\s+Date\s*(?:\(\s*\)|(?![\s\w$(.]))`,
    String.raw`(?<![\w$])Math\s*\.\s*random\b`,
    String.raw`(?<![\w$])performance\s*\.\s*now\b`,
    String.raw`(?<![\w$])process\s*\.\s*hrtime\b`,
    String.raw`(?<![\w$])Bun\s*\.\s*(?:sleep|sleepSync|nanoseconds)\b`,
  ].join("|"),
  "g",
);

const UNFINISHED_TEST =
  /(?<![.\w$])(?:(?:test|it|describe)(?:\s*\.\s*\w+)*\s*\.\s*(?:only|todo|todoIf|skip|skipIf|if|failing)|xtest|xit|xdescribe)\b/g;

/** Time and chance come through src/base, so that tests can set them. src/client stands alone and may ask itself. */
export const timeIsInjected: Rule = (file) => {
  if (!isCode(file) || isTest(file)) return [];
  if (!file.path.startsWith("src/") || /^src\/(?:base|client)\//.test(file.path)) return [];
  const timers = importsOf(file.text).filter(({ specifier }) => /^(?:node:)?timers(?:\/|$)/.test(specifier));
  return [
    ...matches(file.text, TIME_AND_CHANCE).map(
      ([name, index]) => `${locate(file, index)}: ${name} outside src/base`,
    ),
    ...timers.map(({ specifier, index }) => `${locate(file, index)}: "${specifier}" outside src/base`),
  ];
};

/** A file of the product ends before it holds two things. */
export const filesAreShort: Rule = (file) => {
  if (!isCode(file) || !/^(?:src|web)\//.test(file.path)) return [];
  const lines = file.text.trimEnd().split("\n").length;
  return lines > FILE_LINES_MAX ? [`${file.path}: ${lines} lines, at most ${FILE_LINES_MAX}`] : [];
};

/** A module opens with what it is: a doc comment before anything else. */
export const modulesIntroduceThemselves: Rule = (file) => {
  if (!isCode(file) || file.path.startsWith("test/") || isTest(file)) return [];
  const opens = file.text.replace(/^#!.*\n/, "").startsWith("/**");
  return opens ? [] : [`${file.path}: doesn't open with a doc comment`];
};

/** Every test runs. Only test/parts.ts may leave one out, when the machine lacks what it needs. */
export const testsRun: Rule = (file) => {
  if (!isCode(file) || file.path === "test/parts.ts") return [];
  if (!isTest(file) && !file.path.startsWith("test/")) return [];
  return matches(file.text, UNFINISHED_TEST).map(
    ([name, index]) => `${locate(file, index)}: ${name} leaves tests out`,
  );
};

function matches(text: string, pattern: RegExp): [name: string, index: number][] {
  return [...codeOnly(text).matchAll(pattern)].map((match) => [match[0].replace(/\s+/g, " "), match.index]);
}
