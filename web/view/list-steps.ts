/**
 * ListSteps: a list that grows at its start and at its end in one change can't keep its place. Such a change is
 * shown in two steps: first what came before, then what came after.
 */
import type { Row } from "../chat/rows.ts";

export interface ListStep {
  /** What to show now. */
  readonly rows: readonly Row[];
  /** What was asked for; a further step follows if it isn't `rows`. */
  readonly wanted: readonly Row[];
  /** Rows were added or removed at the start: the place is kept from the end. */
  readonly shift: boolean;
}

export function nextStep(before: ListStep, wanted: readonly Row[]): ListStep {
  const shown = before.rows;
  const isSameStart = shown[0]?.key === wanted[0]?.key;
  if (shown.length === 0 || wanted.length === 0 || isSameStart) return { rows: wanted, wanted, shift: false };
  const lastKey = shown.at(-1)?.key;
  const last = wanted.findLastIndex(({ key }) => key === lastKey);
  // Nothing in common: it is another list.
  if (last < 0) return { rows: wanted, wanted, shift: false };
  return { rows: last === wanted.length - 1 ? wanted : wanted.slice(0, last + 1), wanted, shift: true };
}
