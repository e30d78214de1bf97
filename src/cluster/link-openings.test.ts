import { expect, test } from "bun:test";
import { LINK_OPENINGS_MAX, LINK_OPENINGS_MIN } from "../base/limits.ts";
import { LinkOpenings } from "./link-openings.ts";

/** Openings that are asked for and settled by number. */
function bed(count: number) {
  const openings = new LinkOpenings();
  const opened: number[] = [];
  let settled = 0;
  const cancels = Array.from({ length: count }, (_, number) =>
    openings.request(() => {
      openings.begun();
      opened.push(number);
    }),
  );
  /** @returns how many are under way then. */
  const done = (late: boolean) => {
    openings.done(late);
    settled += 1;
    return opened.length - settled;
  };
  return { openings, opened, cancels, done };
}

test("LinkOpenings opens few at first, one more after each in time, half after each that was late", () => {
  const { opened, done } = bed(60);
  expect(opened.length).toBe(LINK_OPENINGS_MIN);
  for (let more = LINK_OPENINGS_MIN + 1; more <= LINK_OPENINGS_MAX; more += 1) expect(done(false)).toBe(more);
  expect(done(false)).toBe(LINK_OPENINGS_MAX);
  // Those under way come to their end; no more begin until there are few enough.
  for (let left = LINK_OPENINGS_MAX - 1; left >= LINK_OPENINGS_MIN; left -= 1) expect(done(true)).toBe(left);
  expect(done(true)).toBe(LINK_OPENINGS_MIN);
  expect(done(false)).toBe(LINK_OPENINGS_MIN + 1);
});

test("LinkOpenings opens in the order of the requests, and none that was taken back", () => {
  const { openings, opened, cancels, done } = bed(LINK_OPENINGS_MIN + 3);
  expect(cancels[0]).toBeUndefined();
  cancels[LINK_OPENINGS_MIN]?.();
  // One that nobody asked leave for counts as well.
  openings.begun();
  openings.done(true);
  expect(opened).toEqual([0, 1]);
  done(false);
  expect(opened).toEqual([0, 1, 3, 4]);
});
