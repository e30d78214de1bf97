import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { betterOf, judgeRatios, middleOf, type RecordedRatios, ratioTable } from "./recorded-ratios.ts";

const higher = (value: number) => ({ value, better: "higher" as const });
const lower = (value: number) => ({ value, better: "lower" as const });
const verdictOf = (before: ReturnType<typeof higher | typeof lower>, now: number) =>
  judgeRatios({ x: before }, { x: { ...before, value: now } })[0]?.verdict;

test("judgeRatios() allows a fifth and no more, whichever way is better", () => {
  expect(verdictOf(higher(1), 0.8)).toBe("good");
  expect(verdictOf(higher(1), 0.799)).toBe("worse");
  expect(verdictOf(higher(1), 3)).toBe("good");
  expect(verdictOf(lower(1), 1.25)).toBe("good");
  expect(verdictOf(lower(1), 1.251)).toBe("worse");
  expect(verdictOf(lower(1), 0.1)).toBe("good");
  for (const none of [0, Number.NaN]) expect(verdictOf(higher(1), none)).toBe("worse");
});

test("judgeRatios() tells what is new from what was not measured", () => {
  const judged = judgeRatios({ a: higher(1), gone: higher(1) }, { a: higher(1), b: lower(2) });
  expect(judged.map(({ name, verdict }) => [name, verdict])).toEqual([
    ["a", "good"],
    ["gone", "missing"],
    ["b", "new"],
  ]);
  const table = ratioTable(judged);
  expect(table.length).toBe(4);
  expect(table[1]).toMatch(/^a +1\.000 +1\.000 +0% +good$/);
});

test("betterOf() takes the higher of rates and the lower of memory", () => {
  expect(betterOf({ a: higher(1), m: lower(2) }, { a: higher(0.5), m: lower(1), n: higher(3) })).toEqual({
    a: higher(1),
    m: lower(1),
    n: higher(3),
  });
});

test("middleOf() takes the median of each", () => {
  const runs = [1.05, 0.8, 0.9].map((value) => ({ a: higher(value), m: lower(2 * value) }));
  expect(middleOf(runs)).toEqual({ a: higher(0.9), m: lower(1.8) });
});

test("bench/ratios.json holds a ratio of every bench that compares with bare Bun", () => {
  const file = new URL("../ratios.json", import.meta.url);
  const { ratios } = JSON.parse(readFileSync(file, "utf8")) as RecordedRatios;
  for (const name of ["echo", "fanout", "memory"]) {
    const own = Object.entries(ratios).filter(([key]) => key.startsWith(`${name}: `));
    expect(own.length).toBeGreaterThan(0);
    for (const [, { value }] of own) expect(value).toBeGreaterThan(0);
  }
});
