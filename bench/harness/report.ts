/**
 * The document of one run: figures without their machine, Bun version, commit and parameters
 * cannot be compared with anything.
 */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { Bench, FlagValues, Outcome } from "./bench.ts";

export interface Report extends Outcome {
  readonly bench: string;
  readonly question: string;
  readonly startedAt: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGib: number;
    readonly kernel: string;
    /** Runnable processes over the last minute when the run began: above 0 there were neighbours. */
    readonly loadBefore: number;
  };
  readonly bun: string;
  readonly commit: string;
  readonly parameters: FlagValues;
}

export function describeRun(bench: Bench, parameters: FlagValues, root: string): Omit<Report, keyof Outcome> {
  const cores = cpus();
  return {
    bench: bench.name,
    question: bench.question,
    startedAt: new Date().toISOString(),
    machine: {
      cpu: cores[0]?.model ?? "unknown",
      cores: cores.length,
      memoryGib: Math.round(totalmem() / 1024 ** 3),
      kernel: release(),
      loadBefore: Number(readFileSync("/proc/loadavg", "latin1").split(" ")[0]),
    },
    bun: Bun.version,
    commit: commit(root),
    parameters,
  };
}

function commit(root: string): string {
  const git = (...args: string[]): string => {
    const run = Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
    return run.success ? run.stdout.toString().trim() : "";
  };
  const id = git("rev-parse", "--short=12", "HEAD");
  if (id === "") return "unknown";
  return git("status", "--porcelain") === "" ? id : `${id} with changes`;
}
