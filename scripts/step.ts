/**
 * Steps: named pieces of work that pass, fail or are skipped, each with a line of its own.
 *
 * A failure doesn't stop the steps after it, and its output is shown in full. Whether a step that fails makes
 * the rest pointless is for the caller to say.
 */
import { type CommandResult, runCommand } from "./command.ts";

export type StepResult =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly output: string }
  | { readonly kind: "skipped"; readonly reason: string };

export interface Step {
  readonly name: string;
  run(): Promise<StepResult>;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A step that runs one command and passes when that exits with 0. */
export function commandStep(name: string, command: readonly string[]): Step {
  return { name, run: async () => resultOf(await runCommand(command)) };
}

/** What a finished command means for a step. */
export function resultOf({ exitCode, output }: CommandResult): StepResult {
  return exitCode === 0
    ? { kind: "passed" }
    : { kind: "failed", output: output === "" ? `Exit code: ${exitCode}` : output };
}

/** Runs the steps one after the other and prints name, outcome and time of each. */
export async function runSteps(steps: readonly Step[]): Promise<Tally> {
  let tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    process.stdout.write(`== ${step.name} ... `);
    const startedMs = performance.now();
    const result = await step.run().catch((error: unknown): StepResult => {
      return { kind: "failed", output: Bun.inspect(error) };
    });
    const took = seconds(performance.now() - startedMs);
    if (result.kind === "passed") console.log(`ok (${took})`);
    else if (result.kind === "skipped") console.log(`skipped: ${result.reason}`);
    else console.log(`FAILED (${took})\n${result.output}\n`);
    tally = addTallies(tally, { passed: 0, failed: 0, skipped: 0, [result.kind]: 1 });
  }
  return tally;
}

export function addTallies(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The last lines of a run, in the form that machines read: `12 passed, 0 failed`. */
export function printTally({ passed, failed, skipped }: Tally, durationMs: number): void {
  console.log(`\nTook ${seconds(durationMs)}`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
