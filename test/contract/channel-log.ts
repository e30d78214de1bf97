/**
 * The contract of Store: one suite that every implementation runs, in parts by what they attack.
 */
import { afterEach, describe } from "bun:test";
import { testAppend } from "./append.ts";
import { testHistory } from "./history.ts";
import { testLifetime } from "./lifetime.ts";
import { testReadMarks } from "./read-marks.ts";
import { testRepeats } from "./repeats.ts";
import { type OpenStore, StoreBed } from "./store-bed.ts";

/** @param open gives a store that is empty and that nothing else uses. */
export function testStore(name: string, open: OpenStore): void {
  describe(name, () => {
    const bed = new StoreBed(open);
    afterEach(() => bed.clear());
    testAppend(bed);
    testRepeats(bed);
    testHistory(bed);
    testReadMarks(bed);
    testLifetime(bed);
  });
}
