/**
 * Installs the parts that this machine lacks: Debian packages by apt-get, as root only, then the part's own
 * commands. What is still missing fails in CI, and is skipped with its name elsewhere.
 */
import { inCi, runCommand } from "./command.ts";
import { findPart, PARTS, type Part, partVariable } from "./parts.ts";
import { resultOf, type Step, type StepResult } from "./step.ts";

const APT_GET = ["apt-get", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"];

/** One step per part. `apt-get update` runs once, before the first package that is needed. */
export function partSteps(): Step[] {
  let updated = false;
  const install = async (part: Part): Promise<string> => {
    const outputs: string[] = [];
    if (part.debian.length > 0 && canInstallPackages()) {
      if (!updated) outputs.push(await failureOf([...APT_GET, "update"]));
      updated = true;
      outputs.push(await failureOf([...APT_GET, "install", "-y", "--no-install-recommends", ...part.debian]));
    }
    for (const command of part.commands ?? []) outputs.push(await failureOf(command));
    return outputs.filter((output) => output !== "").join("\n");
  };
  return PARTS.map((part: Part) => ({ name: `part: ${part.name}`, run: () => providePart(part, install) }));
}

async function providePart(part: Part, install: (part: Part) => Promise<string>): Promise<StepResult> {
  if (findPart(part) !== undefined) return { kind: "passed" };
  const refused = process.env[partVariable(part)] !== undefined;
  const output = refused ? `${partVariable(part)} names no program` : await install(part);
  if (findPart(part) !== undefined) return { kind: "passed" };
  const missing = `"${part.name}" is not installed (Debian: ${part.debian.join(" ")})`;
  if (inCi) return { kind: "failed", output: `${output}\n${missing}`.trim() };
  return { kind: "skipped", reason: `${missing}, tests that need it are skipped` };
}

function canInstallPackages(): boolean {
  return process.getuid?.() === 0 && Bun.which("apt-get") !== null;
}

/** Runs a command and gives its output if it failed. */
async function failureOf(command: readonly string[]): Promise<string> {
  const result = resultOf(await runCommand(command, { DEBIAN_FRONTEND: "noninteractive" }));
  return result.kind === "failed" ? result.output : "";
}
