/**
 * docs/sdk-reference.md: the SDK's reference, made from the doc comments of src/client by TypeDoc. What a program can see and
 * has no doc comment is an error.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, runCommand } from "./command.ts";
import type { StepResult } from "./step.ts";

const HEAD = `# The SDK's reference

Made by \`bun run generate\` from the doc comments of \`src/client\`. [sdk.md](sdk.md) is where to begin.

`;

/** Headings over lists of what a thing comes from: its own members say it all. */
const PARENTAGE = [
  "Extends",
  "Extended by",
  "Implements",
  "Implementation of",
  "Inherited from",
  "Overrides",
];

const PATH = "docs/sdk-reference.md";

/** Makes the reference anew. @throws {Error} with TypeDoc's words if a doc comment is missing. */
export async function writeSdkReference(root: string): Promise<void> {
  await Bun.write(join(root, PATH), await renderSdkReference());
}

/** Passes if the reference is what the doc comments give. */
export async function compareSdkReference(): Promise<StepResult> {
  try {
    const wanted = await renderSdkReference();
    const file = Bun.file(join(ROOT, PATH));
    if ((await file.exists()) && (await file.text()) === wanted) return { kind: "passed" };
    return { kind: "failed", output: `${PATH}: differs from the doc comments. Run "bun run generate"` };
  } catch (error) {
    return { kind: "failed", output: error instanceof Error ? error.message : String(error) };
  }
}

/** Takes out what repeats the signature, and the headings that hold no more than a word. */
function tightened(markdown: string): string {
  return markdown
    .replace(/^#+ Returns\n\n[^\n]+\n\n(?=#|\*\*\*)/gm, "")
    .replace(/^#+ Returns\n\n([^\n]+)\n\n([^\n]+)\n\n/gm, (_, ...lines: string[]) => {
      const said = lines.slice(0, 2).find((line) => !/^[`[(\\]/.test(line));
      return `**Returns** ${said ?? lines[0]}\n\n`;
    })
    .replace(/^#+ Throws\n\n/gm, "**Throws** ")
    .replace(new RegExp(`^#+ (?:${PARENTAGE.join("|")})\n\n(?:[^\n]+\n)+\n`, "gm"), "")
    .replace(/^#+ (?:Get Signature|Constructor|Parameters|Type Parameters)\n\n/gm, "")
    .replace(/<a id="[^"]*"><\/a> /g, "")
    .replace(/\n{3,}/g, "\n\n");
}

async function renderSdkReference(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), "prim-reference-"));
  try {
    const program = join(import.meta.dir, "typedoc-run.ts");
    const { exitCode, output } = await runCommand([process.execPath, program, outDir]);
    const made = join(outDir, "README.md");
    if (exitCode !== 0 || !existsSync(made)) throw new Error(output);
    return HEAD + tightened(await Bun.file(made).text());
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}
