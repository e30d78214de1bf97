import { expect, test } from "bun:test";
import { Backoff } from "./backoff.ts";

test("next() doubles its bound from the first to the last, and stays there", () => {
  const backoff = new Backoff(500, 20_000, () => 1);
  const waits = Array.from({ length: 8 }, () => backoff.next());
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  for (let n = 0; n < 2_000; n++) backoff.next();
  expect(backoff.next()).toBe(20_000);
});

test("next() is anything from nothing to the bound", () => {
  expect(new Backoff(500, 20_000, () => 0).next()).toBe(0);
  const backoff = new Backoff(500, 20_000, Math.random);
  for (let n = 0; n < 100; n++) {
    backoff.reset();
    expect(backoff.next()).toBeWithin(0, 500);
  }
});

test("reset() makes the next wait a short one", () => {
  const backoff = new Backoff(500, 20_000, () => 1);
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.attempts).toBe(0);
  expect(backoff.next()).toBe(500);
});
