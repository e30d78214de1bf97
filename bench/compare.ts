/**
 * Compare: the benches that hold prim against bare Bun, run shortly, and their ratios held against those
 * in bench/ratios.json. Fails when one has fallen by more than a fifth; what looks so is measured a
 * second time, and the better of the two counts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bench as echo } from "./echo.ts";
import { bench as fanout } from "./fanout.ts";
import type { Bench, BenchContext, FlagValues, Outcome } from "./harness/bench.ts";
import {
  betterOf,
  type Judged,
  judgeRatios,
  middleOf,
  type Ratio,
  type Ratios,
  type RecordedRatios,
  ratioTable,
} from "./harness/recorded-ratios.ts";
import { describeRun } from "./harness/report.ts";
import { rounded, type Spread } from "./harness/statistics.ts";
import { bench as memory } from "./memory.ts";

const FILE = "bench/ratios.json";

/** Each bench with what it is told here: short, and only prim's default beside its bar. */
const BENCHES: readonly { readonly bench: Bench; readonly flags: FlagValues }[] = [
  { bench: echo, flags: { rows: "bare,memory", repeats: 11, "repeat-ms": 300 } },
  { bench: fanout, flags: { rows: "bare,memory", repeats: 11, "repeat-ms": 300, windows: "1,10" } },
  { bench: memory, flags: { rows: "bare-member,prim-member", repeats: 2 } },
];

export const bench: Bench = {
  name: "compare",
  question: `Has a ratio to bare Bun fallen by more than a fifth since ${FILE} was recorded?`,
  flags: { record: { default: false, help: `write the fresh ratios to ${FILE}` } },
  run,
};

async function run(context: BenchContext): Promise<Outcome> {
  const file = join(context.root, FILE);
  const recorded = context.flags["record"] === true ? undefined : readRecorded(file);
  let fresh: Ratios = {};
  for (const { bench: one, flags } of BENCHES) {
    const measure = async (): Promise<Ratios> => await ratiosOf(context, one, flags);
    if (recorded === undefined) {
      // What is recorded is held against for long: the middle of several, lest it was luck.
      fresh = { ...fresh, ...middleOf([await measure(), await measure(), await measure()]) };
      continue;
    }
    let own = await measure();
    const before = Object.fromEntries(
      Object.entries(recorded.ratios).filter(([name]) => name.startsWith(`${one.name}: `)),
    );
    if (bad(judgeRatios(before, own)).length > 0) {
      context.progress(`${one.name} looks worse, once more`);
      own = betterOf(own, await measure());
    }
    fresh = { ...fresh, ...own };
  }
  if (recorded === undefined) {
    writeFileSync(file, `${JSON.stringify(toRecord(context, fresh), null, 2)}\n`);
    context.progress(`wrote ${FILE}`);
    return { results: fresh, ratios: fresh };
  }
  const judged = judgeRatios(recorded.ratios, fresh);
  for (const line of ratioTable(judged)) context.progress(line);
  const failures = bad(judged).map(({ name, verdict }) => `${name}: ${verdict}`);
  return { results: judged, ratios: fresh, failures };
}

function bad(judged: readonly Judged[]): Judged[] {
  return judged.filter(({ verdict }) => verdict === "worse" || verdict === "missing");
}

async function ratiosOf(context: BenchContext, one: Bench, given: FlagValues): Promise<Ratios> {
  const defaults = Object.fromEntries(Object.entries(one.flags).map(([name, flag]) => [name, flag.default]));
  const { ratios } = await one.run({
    ...context,
    flags: { ...defaults, ...given },
    progress: (line) => context.progress(`${one.name}: ${line}`),
  });
  // As echo, fanout (by name: figures with a median) and memory (by name: a number of bytes over another) give them.
  const all = Object.entries(ratios as Record<string, number | Record<string, Spread>>);
  return Object.fromEntries(
    all.flatMap(([name, value]): [string, Ratio][] =>
      typeof value === "number"
        ? [[`${one.name}: ${name}, bytes`, { value: rounded(value), better: "lower" }]]
        : Object.entries(value).map(([figure, { median }]) => [
            `${one.name}: ${name}, ${figure}`,
            { value: median, better: "higher" },
          ]),
    ),
  );
}

function readRecorded(file: string): RecordedRatios {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as RecordedRatios;
  } catch (error) {
    throw new Error(`No ratios are recorded in ${FILE}: record them with --record`, { cause: error });
  }
}

function toRecord(context: BenchContext, ratios: Ratios): RecordedRatios {
  const { startedAt, machine, bun, commit } = describeRun(bench, context.flags, context.root);
  const { cpu, cores, memoryGib, kernel } = machine;
  const described = `${cores} cores of an ${cpu}, ${memoryGib} GiB, Linux ${kernel}`;
  return { recordedAt: startedAt, machine: described, bun, commit, ratios };
}
