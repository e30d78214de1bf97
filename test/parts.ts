/**
 * Gates for tests that need a program npm can't install. Without it the tests are skipped, under a name that
 * says what is missing; in CI they fail instead. This is the only place where a test may be skipped.
 */
import { describe, test } from "bun:test";
import { inCi } from "../scripts/command.ts";
import { findPart, PARTS, type Part, type PartName } from "../scripts/parts.ts";

/** The path of a part's binary; undefined if this machine doesn't have it. */
export function partPath(name: PartName): string | undefined {
  return findPart(partNamed(name));
}

/** Like `describe`, for tests that need a part; `body` is given the path of its binary. */
export function describeWith(name: PartName, title: string, body: (path: string) => void): void {
  const path = partPath(name);
  if (path !== undefined) {
    describe(title, () => body(path));
  } else if (inCi) {
    test(title, () => {
      throw new Error(`Part missing: "${name}"`);
    });
  } else {
    test.skip(`${title} (not run: "${name}" is not installed)`, () => {});
  }
}

function partNamed(name: PartName): Part {
  const part = PARTS.find((candidate) => candidate.name === name);
  if (part === undefined) throw new Error(`No such part: "${name}"`);
  return part;
}
