import { expect, test } from "bun:test";
import { chartFigure, escapeHtml, linearTicks, logTicks, shortNumber } from "./charts.ts";

test("linearTicks() are round, begin at 0 and reach the most", () => {
  expect(linearTicks(100)).toEqual([0, 50, 100]);
  expect(linearTicks(101)).toEqual([0, 50, 100, 150]);
  expect(linearTicks(0.03)).toEqual([0, 0.01, 0.02, 0.03]);
  for (const none of [0, -1, Number.NaN]) expect(linearTicks(none)).toEqual([0, 1]);
});

test("logTicks() are powers of ten around the values, two at least", () => {
  expect(logTicks(0.3, 40)).toEqual([0.1, 1, 10, 100]);
  expect(logTicks(10, 10)).toEqual([10, 100]);
});

test("shortNumber() shortens", () => {
  expect([0, 0.05, 999, 1_500, 2_000_000, 3e9].map(shortNumber)).toEqual([
    "0",
    "0.05",
    "999",
    "1.5k",
    "2M",
    "3G",
  ]);
});

test("chartFigure() draws within its frame whatever the values, and escapes names", () => {
  for (const points of [
    [],
    [[0, 0]],
    [[5, 7]],
    [
      [0, 0],
      [1, 1e9],
      [2, 0.001],
    ],
  ] as const) {
    for (const logY of [true, false]) {
      const svg = chartFigure({ title: "<b>", unit: "ms", lines: [{ name: 'a"&', points }], logY });
      expect(svg).not.toMatch(/NaN|Infinity|undefined|<b>/);
      for (const [, x, y] of svg.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
        expect(Number(x)).toBeWithin(0, 641);
        expect(Number(y)).toBeWithin(0, 241);
      }
    }
  }
  expect(escapeHtml('<a href="x">&')).toBe("&lt;a href=&quot;x&quot;&gt;&amp;");
});
