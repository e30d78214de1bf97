/**
 * What a bench is: a question, flags with bounds, and a run that returns figures. run.ts finds
 * and runs it; report.ts makes the document of what it returns.
 */
import type { Children } from "./children.ts";
import type { Report } from "./report.ts";

export type FlagValue = number | string | boolean;

export interface Flag<V extends FlagValue = FlagValue> {
  /** A flag whose default is true or false takes no value: `--redis`, `--no-redis`. */
  readonly default: V;
  /** Inclusive; numbers only. The least is 1 unless said otherwise. */
  readonly min?: number;
  readonly max?: number;
  /** What it may be; strings only. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export type FlagValues = Readonly<Record<string, FlagValue>>;

export interface BenchContext {
  readonly flags: FlagValues;
  readonly children: Children;
  /** Removed when the bench ends. */
  readonly tempDir: string;
  /** The repository. */
  readonly root: string;
  /** How prim is started; ports, data directory and log level are added. */
  readonly primCommand: readonly string[];
  /** Writes one line for the person who waits. */
  progress(line: string): void;
}

export interface Outcome {
  readonly results: unknown;
  readonly ratios: unknown;
  /** What the reader must know to judge this run: a saturated client, memory that did not settle. */
  readonly notes?: readonly string[];
  /** What this run has shown to be wrong: the command fails with them, after the document is written. */
  readonly failures?: readonly string[];
  /** Figures over time: they go to the file, not to stdout. */
  readonly series?: unknown;
}

export interface Bench {
  readonly name: string;
  readonly question: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Default of `--minutes-max`. */
  readonly minutesMax?: number;
  /** The document as one HTML file for people. A bench that has it always writes both files. */
  page?(report: Report): string;
  run(context: BenchContext): Promise<Outcome>;
}

export function numberFlag(context: BenchContext, name: string): number {
  const value = context.flags[name];
  if (typeof value !== "number") throw new Error(`Bench has no such number flag: "${name}"`);
  return value;
}

/** A comma-separated list, such as `--windows 1,10,50`. */
export function listFlag(context: BenchContext, name: string): string[] {
  return String(context.flags[name] ?? "")
    .split(",")
    .filter((item) => item !== "");
}
