/**
 * Ratios to bare Bun, recorded once and held against fresh ones: what has become dearer beside the same
 * bar, on whatever machine.
 */

import { median, rounded } from "./statistics.ts";

/** How much worse than recorded a ratio may be: more than that is no noise. */
export const WORSE_SHARE_MAX = 0.2;

export interface Ratio {
  readonly value: number;
  /** Rates and shares of CPU are better higher, memory is better lower. */
  readonly better: "higher" | "lower";
}

export type Ratios = Readonly<Record<string, Ratio>>;

/** The file in which they are kept. */
export interface RecordedRatios {
  readonly recordedAt: string;
  readonly machine: string;
  readonly bun: string;
  readonly commit: string;
  readonly ratios: Ratios;
}

export interface Judged {
  readonly name: string;
  readonly recorded: number | undefined;
  readonly fresh: number | undefined;
  /** How much better than recorded, as a share: -0.25 is a quarter worse. */
  readonly change: number | undefined;
  readonly verdict: "good" | "worse" | "new" | "missing";
}

/** One line for each ratio that is recorded or measured. */
export function judgeRatios(recorded: Ratios, fresh: Ratios): Judged[] {
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(fresh)])];
  return names.map((name) => {
    const before = recorded[name];
    const now = fresh[name];
    const known = { name, recorded: before?.value, fresh: now?.value };
    if (before === undefined) return { ...known, change: undefined, verdict: "new" };
    if (now === undefined) return { ...known, change: undefined, verdict: "missing" };
    // Of what is better lower, twice as much is half as good.
    const goodness = before.better === "higher" ? now.value / before.value : before.value / now.value;
    const change = goodness - 1;
    // Not a number is not good.
    return { ...known, change, verdict: change >= -WORSE_SHARE_MAX - 1e-9 ? "good" : "worse" };
  });
}

/** Of each ratio the better of two measurements: noise of the machine is rarely twice in the same place. */
export function betterOf(one: Ratios, other: Ratios): Ratios {
  const merged: Record<string, Ratio> = { ...one };
  for (const [name, ratio] of Object.entries(other)) {
    const before = merged[name];
    const isBetter =
      before === undefined ||
      (ratio.better === "higher" ? ratio.value > before.value : ratio.value < before.value);
    if (isBetter) merged[name] = ratio;
  }
  return merged;
}

/** Of each ratio the median of several measurements. */
export function middleOf(measurements: readonly Ratios[]): Ratios {
  const [first = {}] = measurements;
  return Object.fromEntries(
    Object.entries(first).map(([name, { better }]) => {
      const values = measurements.flatMap((one) => one[name]?.value ?? []);
      return [name, { value: rounded(median(values)), better }];
    }),
  );
}

export function ratioTable(judged: readonly Judged[]): string[] {
  const width = Math.max(5, ...judged.map(({ name }) => name.length));
  const line = (name: string, ...cells: string[]): string =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join("  ");
  return [
    line("ratio", "recorded", "fresh", "change", ""),
    ...judged.map(({ name, recorded, fresh, change, verdict }) => {
      const percent = change === undefined ? "" : `${change > 0 ? "+" : ""}${(change * 100).toFixed(0)}%`;
      return line(name, recorded?.toFixed(3) ?? "", fresh?.toFixed(3) ?? "", percent, verdict);
    }),
  ];
}
