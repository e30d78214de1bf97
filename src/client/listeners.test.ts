import { expect, test } from "bun:test";
import { Listeners } from "./listeners.ts";

test("a listener that throws keeps nobody else from hearing, and is reported", () => {
  const heard: number[] = [];
  const reported: unknown[] = [];
  const listeners = new Listeners<{ n: number }>((error) => reported.push(error));
  listeners.on("n", () => {
    throw new Error("mine");
  });
  const stop = listeners.on("n", (n) => heard.push(n));
  listeners.emit("n", 1);
  stop();
  stop();
  listeners.emit("n", 2);
  expect(heard).toEqual([1]);
  expect(reported.length).toBe(2);
});

test("a listener may stop itself and others while it hears", () => {
  const heard: string[] = [];
  const listeners = new Listeners<{ n: number }>();
  const stopFirst = listeners.on("n", () => {
    heard.push("first");
    stopFirst();
    stopSecond();
  });
  const stopSecond = listeners.on("n", () => heard.push("second"));
  listeners.emit("n", 1);
  listeners.emit("n", 2);
  expect(heard).toEqual(["first"]);
});
