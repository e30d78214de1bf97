import { expect, test } from "bun:test";
import { FakeClock } from "../../../test/fake-clock.ts";
import { EpochCandidate } from "./epoch-candidate.ts";

test("current stays for its life, and not longer, whichever way the clock is set", () => {
  const clock = new FakeClock();
  const candidate = new EpochCandidate(clock, 1_000);
  const first = candidate.current;
  clock.advance(999);
  expect(candidate.current).toBe(first);
  clock.advance(1);
  const second = candidate.current;
  expect(second).not.toBe(first);
  clock.set(clock.now() - 1_000);
  expect(candidate.current).not.toBe(second);
});

test("renew() gives another one at once", () => {
  const candidate = new EpochCandidate(new FakeClock(), 1_000);
  const first = candidate.current;
  candidate.renew();
  expect(candidate.current).not.toBe(first);
});
