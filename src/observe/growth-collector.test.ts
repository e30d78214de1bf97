import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { COLLECT_EVERY_ARRIVALS, COLLECT_PERIOD_MS } from "../base/limits.ts";
import { GrowthCollector } from "./growth-collector.ts";

test("GrowthCollector collects once for every so many arrivals, and not for those who come and go", () => {
  const clock = new FakeClock();
  let here = 0;
  let collections = 0;
  const collector = new GrowthCollector(
    clock,
    () => here,
    () => collections++,
  );
  const look = (now: number) => {
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
