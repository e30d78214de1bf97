import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { CoarseClock } from "./coarse-clock.ts";
import { CLOCK_COARSE_MS } from "./limits.ts";

test("CoarseClock.now() is behind by CLOCK_COARSE_MS at most", () => {
  const clock = new FakeClock();
  const coarse = new CoarseClock(clock);
  const start = clock.now();
  expect(coarse.now()).toBe(start);
  clock.advance(CLOCK_COARSE_MS - 1);
  expect(coarse.now()).toBe(start);
  clock.advance(1);
  expect(coarse.now()).toBe(start + CLOCK_COARSE_MS);
  clock.advance(5_000);
  expect(coarse.now()).toBe(start + CLOCK_COARSE_MS + 5_000);
});
