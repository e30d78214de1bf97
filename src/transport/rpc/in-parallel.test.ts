import { expect, test } from "bun:test";
import { inParallel } from "./in-parallel.ts";

test("inParallel() keeps the order and the bound", async () => {
  let running = 0;
  let most = 0;
  const double = async (item: number) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < 5 + (item % 3); turn += 1) await Promise.resolve();
    running -= 1;
    return item * 2;
  };
  const items = Array.from({ length: 100 }, (_, index) => index);
  expect(await inParallel(items, 7, double)).toEqual(items.map((item) => item * 2));
  expect(most).toBe(7);
  expect(await inParallel([], 7, double)).toEqual([]);
});

test("inParallel() starts nothing after a failure", async () => {
  let started = 0;
  const fail = async () => {
    started += 1;
    throw new Error("no");
  };
  await expect(inParallel([1, 2, 3, 4, 5, 6], 2, fail)).rejects.toThrow("no");
  expect(started).toBe(2);
});
