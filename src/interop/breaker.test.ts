import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { OLD_NODE_FAILURES_MAX, OLD_NODE_REST_MS } from "../base/limits.ts";
import { Breaker } from "./breaker.ts";

test("Breaker rests after failures in a row, and then after each one until something succeeds", () => {
  const clock = new FakeClock();
  const breaker = new Breaker(clock);
  const failUntilRest = () => {
    let failures = 1;
    while (!breaker.failed()) failures += 1;
    return failures;
  };
  breaker.failed();
  breaker.succeeded();
  expect(breaker.isResting).toBe(false);
  expect(failUntilRest()).toBe(OLD_NODE_FAILURES_MAX);
  expect(breaker.isResting).toBe(true);
  clock.advance(OLD_NODE_REST_MS - 1);
  expect([breaker.isResting, breaker.failed()]).toEqual([true, false]);
  clock.advance(1);
  expect(breaker.isResting).toBe(false);
  expect(failUntilRest()).toBe(1);
  clock.advance(OLD_NODE_REST_MS);
  breaker.succeeded();
  expect(failUntilRest()).toBe(OLD_NODE_FAILURES_MAX);
});
