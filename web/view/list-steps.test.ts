import { expect, test } from "bun:test";
import type { Row } from "../chat/rows.ts";
import { nextStep } from "./list-steps.ts";

const rows = (...keys: string[]) => keys.map((key) => ({ key }) as Row);
const keys = (list: readonly Row[]) => list.map(({ key }) => key).join("");
const shown = (...list: string[]) => ({ rows: rows(...list), wanted: rows(...list), shift: false });

test("nextStep() shows growth at the end at once, from the start", () => {
  const step = nextStep(shown("a", "b"), rows("a", "b", "c"));
  expect([keys(step.rows), step.shift]).toEqual(["abc", false]);
});

test("nextStep() shows growth and shrinking at the start at once, from the end", () => {
  for (const wanted of [rows("x", "a", "b"), rows("b")]) {
    const step = nextStep(shown("a", "b"), wanted);
    expect([keys(step.rows), step.shift]).toEqual([keys(wanted), true]);
  }
});

test("nextStep() takes two steps for both", () => {
  const wanted = rows("x", "a", "b", "c");
  const first = nextStep(shown("a", "b"), wanted);
  expect([keys(first.rows), first.shift]).toEqual(["xab", true]);
  const second = nextStep(first, first.wanted);
  expect([keys(second.rows), second.shift]).toEqual(["xabc", false]);
});

test("nextStep() begins anew with another list, and with or after none", () => {
  expect(nextStep(shown("a"), rows("x", "y")).shift).toBe(false);
  expect(nextStep(shown(), rows("x"))).toMatchObject({ shift: false, rows: rows("x") });
  expect(nextStep(shown("a"), rows())).toMatchObject({ shift: false, rows: [] });
});
