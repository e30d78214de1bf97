import { expect, test } from "bun:test";
import {
  LINK_BATCH_CHARS_MAX,
  LINK_BATCH_ITEMS_MAX,
  LINK_QUEUE_CHARS_MAX,
  LINK_QUEUE_ITEMS_MAX,
} from "../base/limits.ts";
import { LinkQueue } from "./link-queue.ts";

test("take() gives items in order, a batch at a time, and nothing when nothing waits", () => {
  const queue = new LinkQueue();
  expect(queue.take()).toEqual([]);
  const items = Array.from({ length: 2 * LINK_BATCH_ITEMS_MAX + 1 }, (_, at) => `${at}`);
  for (const item of items) expect(queue.push(item)).toBe(true);
  expect(queue.length).toBe(items.length);
  const [first, second, third, none] = [queue.take(), queue.take(), queue.take(), queue.take()];
  expect([first.length, second.length, third.length]).toEqual([
    LINK_BATCH_ITEMS_MAX,
    LINK_BATCH_ITEMS_MAX,
    1,
  ]);
  expect([...first, ...second, ...third]).toEqual(items);
  expect(none).toEqual([]);
});

test("take() fills a batch to its length and no further; an item longer than a batch goes alone", () => {
  const queue = new LinkQueue();
  const half = "x".repeat(LINK_BATCH_CHARS_MAX / 2);
  const long = "y".repeat(LINK_BATCH_CHARS_MAX + 1);
  for (const item of [half, half, "z", long, "z"]) queue.push(item);
  expect(queue.take()).toEqual([half, half]);
  expect(queue.take()).toEqual(["z"]);
  expect(queue.take()).toEqual([long]);
  expect(queue.take()).toEqual(["z"]);
});

test("push() refuses one item more than the most, and takes it when a batch is gone", () => {
  const queue = new LinkQueue();
  for (let at = 0; at < LINK_QUEUE_ITEMS_MAX; at++) queue.push("x");
  expect(queue.push("x")).toBe(false);
  expect(queue.length).toBe(LINK_QUEUE_ITEMS_MAX);
  queue.take();
  expect(queue.push("x")).toBe(true);
});

test("push() refuses one character more than the most, and clear() makes room for all", () => {
  const queue = new LinkQueue();
  expect(queue.push("x".repeat(LINK_QUEUE_CHARS_MAX + 1))).toBe(false);
  expect(queue.push("x".repeat(LINK_QUEUE_CHARS_MAX - 1))).toBe(true);
  expect(queue.push("xx")).toBe(false);
  expect(queue.push("x")).toBe(true);
  queue.clear();
  expect(queue.length).toBe(0);
  expect(queue.push("x".repeat(LINK_QUEUE_CHARS_MAX))).toBe(true);
});

test("items keep their order over any mixture of push() and take()", () => {
  const queue = new LinkQueue();
  const taken: string[] = [];
  let next = 0;
  for (let round = 0; round < 200; round++) {
    for (let count = 0; count < 1_700; count++) if (queue.push(`${next}`)) next += 1;
    taken.push(...queue.take(), ...queue.take());
  }
  for (let batch = queue.take(); batch.length > 0; batch = queue.take()) taken.push(...batch);
  expect(taken).toEqual(Array.from({ length: next }, (_, at) => `${at}`));
});
