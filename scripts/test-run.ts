/**
 * Runs all tests, shows their output as it comes, and counts.
 *
 * The count is what `bun test` says at its end, because that includes files which could not be loaded. A run
 * that ends without saying it, or that ran nothing, has failed. In CI a skipped test has failed as well.
 */
import { bunCommand, inCi, ROOT } from "./command.ts";
import type { Tally } from "./step.ts";

/** All tests together; CI gives the whole of verify 15 minutes. */
const TESTS_MS_MAX = 13 * 60_000;

/** Files at once. Half of their time most of them wait for a deadline, a lease or a browser; on two cores three keep both busy. */
const FILES_AT_ONCE = 3;

/** How long after its end a run's output may still arrive: a process it left behind can hold the pipe open. */
const LAST_OUTPUT_MS_MAX = 1_000;

/** Characters of output in which the summary is looked for. */
const TAIL_CHARS_MAX = 16_384;

export async function runTests(): Promise<Tally> {
  console.log("== tests");
  const child = Bun.spawn(
    bunCommand("test", "--no-orphans", `--parallel=${FILES_AT_ONCE}`, "--timeout=30000"),
    {
      cwd: ROOT,
      env: process.stderr.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env,
      stdin: "ignore",
      stdout: "inherit",
      stderr: "pipe",
      timeout: TESTS_MS_MAX,
      killSignal: "SIGKILL",
    },
  );
  let tail = "";
  const copied = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      await new Promise((resolve) => process.stdout.write(chunk, resolve));
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-TAIL_CHARS_MAX);
    }
  })();
  const exitCode = await child.exited;
  await Promise.race([copied, Bun.sleep(LAST_OUTPUT_MS_MAX)]);
  const ending = child.signalCode === null ? `exit code ${exitCode}` : `signal ${child.signalCode}`;
  const { tally, fault } = judgeTestRun(tail, ending, inCi);
  if (fault !== undefined) console.log(`FAILED: ${fault}`);
  return tally;
}

/**
 * Reads the summary at the end of `output`. `ending` is how the run ended: `exit code 0` is the good way.
 * `fault` says what is wrong beyond tests that failed; it counts as one failure more.
 */
export function judgeTestRun(
  output: string,
  ending: string,
  ci: boolean,
): { readonly tally: Tally; readonly fault?: string } {
  const { ran, pass, fail, skip } = readSummary(output);
  let fault: string | undefined;
  if (!ran) fault = `bun test gave no summary: ${ending}`;
  else if (pass + fail === 0) fault = "no test was run";
  else if (fail === 0 && ending !== "exit code 0") fault = `bun test did not end well: ${ending}`;
  else if (ci && skip > 0) fault = "tests were skipped, and in CI none may be";
  if (fault === undefined) return { tally: { passed: pass, failed: fail, skipped: skip } };
  return { tally: { passed: pass, failed: fail + 1, skipped: skip }, fault };
}

function readSummary(output: string): { ran: boolean; pass: number; fail: number; skip: number } {
  const lines = Bun.stripANSI(output).trimEnd().split("\n");
  const end = lines.findLastIndex((line) => /^Ran \d+ tests? across \d+ files?\./.test(line));
  const counts = new Map<string, number>();
  // Upwards from the last line: the counts stand in one block, one to a line.
  for (const line of lines.slice(0, Math.max(end, 0)).reverse()) {
    const found = /^ *(\d+) (.+)$/.exec(line);
    if (found === null) break;
    counts.set(String(found[2]), Number(found[1]));
  }
  const count = (word: string): number => counts.get(word) ?? 0;
  return { ran: end >= 0, pass: count("pass"), fail: count("fail"), skip: count("skip") + count("todo") };
}
