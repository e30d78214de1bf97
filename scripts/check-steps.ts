/**
 * What must hold before any test runs: format, lint, types, the wire contract and the code generated from it.
 * The house rules are tests (test/house/) and run with the others.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, runCommand, toolCommand } from "./command.ts";
import { compareGenerated } from "./generated-code.ts";
import { compareSdkReference } from "./sdk-reference.ts";
import { commandStep, resultOf, type Step, type StepResult } from "./step.ts";

export const checkSteps: readonly Step[] = [
  commandStep("format and lint", toolCommand("biome", "ci", "--colors=off", "--error-on-warnings", ".")),
  commandStep("type-aware lint", toolCommand("oxlint", "--type-aware", "--deny-warnings")),
  commandStep("types", toolCommand("tsc", "--noEmit")),
  commandStep("proto lint", toolCommand("buf", "lint")),
  commandStep("proto format", toolCommand("buf", "format", "-d", "--exit-code")),
  { name: "proto compatible with the last commit", run: checkBreaking },
  { name: "generated code up to date", run: compareGenerated },
  { name: "SDK reference up to date", run: compareSdkReference },
];

async function checkBreaking(): Promise<StepResult> {
  if (!existsSync(join(ROOT, ".git"))) return { kind: "skipped", reason: "no git history here" };
  if (Bun.which("git") === null) return { kind: "skipped", reason: "git is not installed" };
  const before = await runCommand(["git", "ls-tree", "-r", "--name-only", "HEAD", "proto"]);
  if (before.exitCode !== 0) return { kind: "skipped", reason: `git can't read HEAD: ${before.output}` };
  if (before.output === "") return { kind: "skipped", reason: "the last commit has no proto files" };
  return resultOf(await runCommand(toolCommand("buf", "breaking", "--against", ".git#ref=HEAD")));
}
