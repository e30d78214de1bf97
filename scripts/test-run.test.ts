import { expect, test } from "bun:test";
import { judgeTestRun } from "./test-run.ts";

const GOOD = "exit code 0";
const summary = (...counts: string[]): string =>
  `x.test.ts:\n(pass) 7 fail\n\n${counts.join("\n")}\nRan 4 tests across 2 files. [6.00ms]\n`;

test("judgeTestRun() counts what the summary says, in colour or not", () => {
  const output = summary(" 3 pass", " 1 skip", " 0 fail", " 12 expect() calls");
  expect(judgeTestRun(output, GOOD, false)).toEqual({ tally: { passed: 3, failed: 0, skipped: 1 } });
  const coloured = summary("\u001b[32m 3 pass\u001b[0m", " 2 fail");
  expect(judgeTestRun(coloured, "exit code 1", false).tally).toEqual({ passed: 3, failed: 2, skipped: 0 });
});

test("judgeTestRun() fails a run that crashed, ran nothing, or ended badly without a failed test", () => {
  expect(judgeTestRun("(pass) a\n", "signal SIGSEGV", false).tally.failed).toBe(1);
  expect(judgeTestRun("", GOOD, false).fault).toContain("no summary");
  expect(judgeTestRun(summary(" 0 pass", " 4 skip", " 0 fail"), GOOD, false).tally.failed).toBe(1);
  expect(judgeTestRun(summary(" 4 pass", " 0 fail"), "exit code 1", false).tally.failed).toBe(1);
});

test("judgeTestRun() fails a skipped test in CI", () => {
  const output = summary(" 3 pass", " 1 todo", " 0 fail");
  expect(judgeTestRun(output, GOOD, true).tally).toEqual({ passed: 3, failed: 1, skipped: 1 });
});
