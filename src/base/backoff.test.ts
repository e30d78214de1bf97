import { expect, test } from "bun:test";
import { Backoff } from "./backoff.ts";

test("next() is below a bound that doubles up to the longest wait", () => {
  const backoff = new Backoff(100, 1_000, () => 0.5);
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([50, 100, 200, 400, 500, 500]);
});

test("next() is short again after reset(), and stays bounded after any number of attempts", () => {
  const backoff = new Backoff(100, 1_000, () => 0.999);
  for (let attempt = 0; attempt < 2_000; attempt++) backoff.next();
  expect(backoff.next()).toBe(999);
  backoff.reset();
  expect(backoff.next()).toBeCloseTo(99.9);
});

test("next() spreads over the whole time from zero; long() over the upper half", () => {
  const chances = [0, 0.5, 0.999];
  let at = 0;
  const backoff = new Backoff(1_000, 1_000, () => chances[at++ % 3] ?? 0);
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([0, 500, 999]);
  expect([backoff.long(), backoff.long(), backoff.long()]).toEqual([500, 750, 999.5]);
});
