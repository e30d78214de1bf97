import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPart, type Part } from "./parts.ts";

const PART: Part = { name: "no-such-part", binaries: ["no-such-part-a", "no-such-part-b"], debian: [] };

test("findPart() takes the first executable on PATH, but none from Bun's own folder", () => {
  const dir = mkdtempSync(join(tmpdir(), "prim-parts-"));
  try {
    const fake = join(dir, "bun-node-1234");
    const real = join(dir, "bin");
    for (const folder of [fake, real]) {
      mkdirSync(folder);
      writeFileSync(join(folder, "no-such-part-b"), "");
    }
    expect(findPart(PART, { PATH: `${fake}:${real}` })).toBeUndefined();
    for (const folder of [fake, real]) chmodSync(join(folder, "no-such-part-b"), 0o755);
    expect(findPart(PART, { PATH: fake })).toBeUndefined();
    expect(findPart(PART, { PATH: `${fake}:${real}` })).toBe(join(real, "no-such-part-b"));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("findPart() lets the environment overrule the search", () => {
  expect(findPart(PART, { PATH: "", PRIM_TEST_NO_SUCH_PART: process.execPath })).toBe(process.execPath);
  const shell: Part = { name: "sh", binaries: ["/bin/sh"], debian: [] };
  expect(findPart(shell, { PATH: "" })).toBe("/bin/sh");
  expect(findPart(shell, { PATH: "", PRIM_TEST_SH: "" })).toBeUndefined();
});
