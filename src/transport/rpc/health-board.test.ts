import { expect, test } from "bun:test";
import { HealthBoard } from "./health-board.ts";

test("serving() knows the names it was given and the node, and no others", () => {
  const board = new HealthBoard(["a.A"]);
  expect(board.serving("")).toBe(false);
  expect(board.serving("a.A")).toBe(false);
  expect(board.serving("a")).toBeUndefined();
});

test("setAll() turns every service", () => {
  const board = new HealthBoard(["a.A"]);
  board.setAll(true);
  expect(Object.fromEntries(board.entries())).toEqual({ "": true, "a.A": true });
});

test("watch() tells the state at once, then changes of this service only", async () => {
  const board = new HealthBoard(["a.A", "b.B"]);
  const watch = board.watch("a.A", new AbortController().signal);
  expect((await watch.next()).value).toBe(false);
  const next = watch.next();
  board.set("b.B", true);
  board.set("a.A", false);
  board.set("a.A", true);
  expect((await next).value).toBe(true);
});

test("watch() leaves out states that came and went unseen", async () => {
  const board = new HealthBoard(["a.A"]);
  const watch = board.watch("a.A", new AbortController().signal);
  await watch.next();
  board.set("a.A", true);
  board.set("a.A", false);
  const next = watch.next();
  board.set("a.A", true);
  expect((await next).value).toBe(true);
});

test("watch() of an unknown service tells when it comes", async () => {
  const board = new HealthBoard([]);
  const watch = board.watch("a.A", new AbortController().signal);
  expect(await watch.next()).toEqual({ done: false, value: undefined });
  const next = watch.next();
  board.set("a.A", true);
  expect((await next).value).toBe(true);
});

test("watch() ends with its signal, before and while it waits", async () => {
  const board = new HealthBoard([]);
  expect((await board.watch("", AbortSignal.abort()).next()).done).toBe(true);
  const controller = new AbortController();
  const watch = board.watch("", controller.signal);
  await watch.next();
  const next = watch.next();
  controller.abort();
  expect((await next).done).toBe(true);
});
