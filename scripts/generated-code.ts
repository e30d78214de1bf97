/**
 * The code in src/gen: made from proto/ by buf, committed, never edited.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, ROOT, runCommand, toolCommand } from "./command.ts";
import type { StepResult } from "./step.ts";

/** Generates into `outDir`/src/gen; what lay there is removed first. */
export function generateInto(outDir: string): Promise<CommandResult> {
  return runCommand(toolCommand("buf", "generate", "--output", outDir));
}

/** Passes if src/gen is byte for byte what proto/ gives; says which files are not. */
export async function compareGenerated(): Promise<StepResult> {
  const outDir = mkdtempSync(join(tmpdir(), "prim-gen-"));
  try {
    const generated = await generateInto(outDir);
    if (generated.exitCode !== 0) return { kind: "failed", output: generated.output };
    const faults = differences(readFiles(join(outDir, "src/gen")), readFiles(join(ROOT, "src/gen")));
    if (faults.length === 0) return { kind: "passed" };
    return { kind: "failed", output: [...faults, `Run "bun run generate" and commit src/gen`].join("\n") };
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

/** What is wrong with `actual`, one line per file; both map a path to a text. */
export function differences(
  wanted: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): string[] {
  const faults: string[] = [];
  for (const [path, text] of wanted) {
    if (!actual.has(path)) faults.push(`src/gen/${path}: missing`);
    else if (actual.get(path) !== text) faults.push(`src/gen/${path}: differs from what proto/ gives`);
  }
  for (const path of actual.keys()) {
    if (!wanted.has(path)) faults.push(`src/gen/${path}: no proto file gives it`);
  }
  return faults.sort();
}

function readFiles(dir: string): Map<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [path.slice(dir.length + 1), readFileSync(path, "utf8")];
    }),
  );
}
