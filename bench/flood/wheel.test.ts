import { expect, test } from "bun:test";
import { Wheel } from "./wheel.ts";

const TICK_MS = 10;

function wheelOf(count: number, spanMs = 1_000): Wheel {
  return new Wheel({ count, tickMs: TICK_MS, spanMs, nowMs: 0 });
}

function dueBy(wheel: Wheel, nowMs: number): number[] {
  const due: number[] = [];
  wheel.advance(nowMs, (index) => due.push(index));
  return due.sort((a, b) => a - b);
}

test("Wheel gives out everybody once, never early and at most a tick late", () => {
  const wheel = wheelOf(500);
  for (let index = 0; index < 500; index++) wheel.add(index, index * 2);
  const seen = new Set<number>();
  for (let nowMs = 0; nowMs <= 1_100; nowMs += 7) {
    for (const index of dueBy(wheel, nowMs)) {
      expect(seen.has(index)).toBeFalse();
      seen.add(index);
      expect(nowMs).toBeGreaterThanOrEqual(index * 2);
      expect(nowMs).toBeLessThanOrEqual(index * 2 + 7 + 2 * TICK_MS);
    }
  }
  expect(seen.size).toBe(500);
});

test("advance() makes up for a long stall, and who is visited may be added again", () => {
  const wheel = wheelOf(2, 100);
  let visits = 0;
  wheel.add(0, 100);
  wheel.add(1, 50);
  wheel.advance(100_000, (index, slotMs) => {
    visits++;
    if (visits < 1_000) wheel.add(index, slotMs + 100);
  });
  expect(visits).toBe(1_001);
});

test("add() of what is past is due in the next slot; of what is beyond its reach, in the last", () => {
  const wheel = wheelOf(2);
  dueBy(wheel, 500);
  wheel.add(0, 3);
  expect(dueBy(wheel, 510)).toEqual([0]);
  wheel.add(1, 1_000_000);
  expect(dueBy(wheel, 510 + 1_000)).toEqual([]);
  expect(dueBy(wheel, 510 + 1_010)).toEqual([1]);
  wheel.add(1, 1_520 + 1_000);
  expect(dueBy(wheel, 1_520 + 999)).toEqual([]);
  expect(dueBy(wheel, 1_520 + 1_000)).toEqual([1]);
});
