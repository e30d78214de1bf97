import { expect, test } from "bun:test";
import { LINK_OPENINGS_MAX } from "../base/limits.ts";
import { LinkOpenings } from "./link-openings.ts";

test("LinkOpenings opens so many at once, the others one by one as those are done, and none that was taken back", () => {
  const openings = new LinkOpenings();
  const opened: number[] = [];
  const cancels = Array.from({ length: LINK_OPENINGS_MAX + 3 }, (_, number) =>
    openings.request(() => {
      openings.begun();
      opened.push(number);
    }),
  );
  const first = Array.from({ length: LINK_OPENINGS_MAX }, (_, number) => number);
  expect(opened).toEqual(first);
  expect(cancels[0]).toBeUndefined();
  cancels[LINK_OPENINGS_MAX]?.();
  openings.done();
  expect(opened).toEqual([...first, LINK_OPENINGS_MAX + 1]);
  // One that nobody asked leave for counts as well.
  openings.begun();
  openings.done();
  expect(opened).toHaveLength(LINK_OPENINGS_MAX + 1);
  openings.done();
  expect(opened).toEqual([...first, LINK_OPENINGS_MAX + 1, LINK_OPENINGS_MAX + 2]);
});
