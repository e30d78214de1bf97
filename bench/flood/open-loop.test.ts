import { expect, test } from "bun:test";
import { OpenLoop } from "./open-loop.ts";

test("OpenLoop keeps its rate whatever the caller does, and a stall loses none of its moments", () => {
  let seed = 1;
  const chance = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const loop = new OpenLoop(1_000, 0, 10_000, chance);
  const dues: number[] = [];
  // The caller looks rarely, and not at all for three seconds.
  for (const nowMs of [500, 1_000, 4_000, 4_001, 9_000, 20_000]) {
    for (let due = loop.take(nowMs); due !== undefined; due = loop.take(nowMs)) {
      expect(due).toBeLessThanOrEqual(nowMs);
      dues.push(due);
    }
  }
  // 10,000 arrivals with a standard deviation of 100.
  expect(dues.length).toBeGreaterThan(9_500);
  expect(dues.length).toBeLessThan(10_500);
  expect(dues).toEqual([...dues].sort((a, b) => a - b));
  const inStall = dues.filter((due) => due > 1_000 && due <= 4_000).length;
  expect(inStall).toBeGreaterThan(2_700);
  expect(loop.dueMs).toBe(Infinity);
});

test("OpenLoop at rate 0 is never due, and nothing is due at its end", () => {
  expect(new OpenLoop(0, 0, 1_000).dueMs).toBe(Infinity);
  expect(new OpenLoop(0, 0, 1_000).take(10_000)).toBeUndefined();
  // A gap of ln(2) milliseconds would be due, half a millisecond is the end.
  expect(new OpenLoop(1_000, 0, 0.5, () => 0.5).dueMs).toBe(Infinity);
});
