import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import {
  COLLECT_ALL_ARRIVALS,
  COLLECT_ALL_QUIET_MS,
  COLLECT_ALL_SPREAD_MS,
  COLLECT_EVERY_ARRIVALS,
  COLLECT_PERIOD_MS,
} from "../base/limits.ts";
import { GrowthCollector } from "./growth-collector.ts";

test("GrowthCollector collects once for every so many arrivals, and not for those who come and go", () => {
  const clock = new FakeClock();
  let here = 0;
  let collections = 0;
  const collector = new GrowthCollector(
    { clock, arrivals: () => here, others: () => 0 },
    { new: () => collections++, all: () => {} },
  );
  const look = (now: number) => {
    if (now > here) collector.wake();
    here = now;
    clock.advance(COLLECT_PERIOD_MS);
    return collections;
  };
  expect(look(COLLECT_EVERY_ARRIVALS - 1)).toBe(0);
  expect(look(COLLECT_EVERY_ARRIVALS)).toBe(1);
  expect(look(COLLECT_EVERY_ARRIVALS)).toBe(1);
  expect(look(2 * COLLECT_EVERY_ARRIVALS - 1)).toBe(1);
  expect(look(0)).toBe(1);
  expect(look(COLLECT_EVERY_ARRIVALS - 1)).toBe(1);
  expect(look(10 * COLLECT_EVERY_ARRIVALS)).toBe(2);
  collector.stop();
  expect(look(20 * COLLECT_EVERY_ARRIVALS)).toBe(2);
});

test("GrowthCollector looks through everything once when a crowd has come, and not while it comes", () => {
  const clock = new FakeClock();
  let here = 0;
  let collections = 0;
  const collector = new GrowthCollector(
    { clock, arrivals: () => here, others: () => 0 },
    { new: () => {}, all: () => collections++ },
  );
  const after = (now: number, ms: number) => {
    if (now > here) collector.wake();
    here = now;
    clock.advance(ms);
    return collections;
  };
  for (let arrivals = 0; arrivals < 2 * COLLECT_ALL_ARRIVALS; arrivals += 100)
    after(arrivals, COLLECT_PERIOD_MS);
  expect(collections).toBe(0);
  expect(after(here, COLLECT_ALL_QUIET_MS - COLLECT_PERIOD_MS)).toBe(0);
  expect(after(here, 2 * COLLECT_PERIOD_MS)).toBe(1);
  expect(after(here, 10 * COLLECT_ALL_QUIET_MS)).toBe(1);
  expect(after(here + COLLECT_ALL_ARRIVALS - 1, 2 * COLLECT_ALL_QUIET_MS)).toBe(1);
  // Who goes and comes again is a crowd as well.
  expect(after(0, 2 * COLLECT_ALL_QUIET_MS)).toBe(1);
  expect(after(COLLECT_ALL_ARRIVALS, 2 * COLLECT_ALL_QUIET_MS)).toBe(2);
  collector.stop();
});

test("GrowthCollector of many nodes looks through everything at a time of its own", () => {
  const clock = new FakeClock();
  let here = 0;
  let collections = 0;
  const collector = new GrowthCollector(
    { clock, random: () => 0.5, arrivals: () => here, others: () => 40 },
    { new: () => {}, all: () => collections++ },
  );
  collector.wake();
  here = COLLECT_ALL_ARRIVALS;
  clock.advance(COLLECT_ALL_QUIET_MS + 20 * COLLECT_ALL_SPREAD_MS);
  expect(collections).toBe(0);
  clock.advance(2 * COLLECT_PERIOD_MS);
  expect(collections).toBe(1);
});
