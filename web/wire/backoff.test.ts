import { expect, test } from "bun:test";
import { backoffMs } from "./backoff.ts";

test("backoffMs() doubles its ceiling from 0.5 s to 20 s", () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => backoffMs(failures, 1));
  expect(ceilings).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000]);
});

test("backoffMs() is anywhere below the ceiling", () => {
  expect(backoffMs(3, 0)).toBe(0);
  expect(backoffMs(3, 0.5)).toBe(2_000);
});
