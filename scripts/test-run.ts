/**
 * Runs all tests, shows their output as it comes, and counts.
 *
 * The count is what `bun test` says at its end, because that includes files which could not be loaded. A run
 * that ends without saying it, or that ran nothing, has failed. In CI a skipped test has failed as well.
 */
import { bunCommand, inCi, ROOT } from "./command.ts";
import type { Tally } from "./step.ts";

/** All tests together; CI gives the whole of verify 15 minutes. */
const TESTS_MS_MAX = 12 * 60_000;

/** How long after its end a run's output may still arrive: a process it left behind can hold the pipe open. */
const LAST_OUTPUT_MS_MAX = 1_000;

/** Characters of output in which the summary is looked for. */
const TAIL_CHARS_MAX = 16_384;

export async function runTests(): Promise<Tally> {
  console.log("== tests");
  const child = Bun.spawn(bunCommand("test"), {
    cwd: ROOT,
    env: process.stderr.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
    timeout: TESTS_MS_MAX,
    killSignal: "SIGKILL",
  });
  let tail = "";
  const copied = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      process.stderr.write(chunk);
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-TAIL_CHARS_MAX);
    }
  })();
  const exitCode = await child.exited;
  await Promise.race([copied, Bun.sleep(LAST_OUTPUT_MS_MAX)]);
  if (child.signalCode === "SIGKILL") console.log(`FAILED: stopped, maybe after ${TESTS_MS_MAX / 60_000} minutes`);
  const { tally, fault } = judgeTestRun(tail, exitCode, inCi);
  if (fault !== undefined) console.log(`FAILED: ${fault}`);
  return tally;
}

/** Reads the summary at the end of `output`. `fault` says what is wrong beyond tests that failed. */
export function judgeTestRun(
  output: string,
  exitCode: number,
  ci: boolean,
): { readonly tally: Tally; readonly fault?: string } {
  const lines = Bun.stripANSI(output).trimEnd().split("\n");
  const end = lines.findLastIndex((line) => /^Ran \d+ tests? across \d+ files?\./.test(line));
  if (end < 0) {
    return {
      tally: { passed: 0, failed: 1, skipped: 0 },
      fault: `bun test gave no summary, exit code ${exitCode}`,
    };
  }
  // Upwards from the last line: the counts stand in one block, one to a line.
  const counts = { pass: 0, fail: 0, skip: 0, todo: 0 };
  for (const line of lines.slice(0, end).reverse()) {
    const found = /^ *(\d+) (pass|fail|skip|todo|filtered out|errors?|expect\(\) calls|snapshots?.*)$/.exec(line);
    if (found === null) break;
    const [, count, word] = found;
    if (word === "pass" || word === "fail" || word === "skip" || word === "todo") counts[word] = Number(count);
  }
  const tally = { passed: counts.pass, failed: counts.fail, skipped: counts.skip + counts.todo };
  const failedOnceMore = { ...tally, failed: tally.failed + 1 };
  if (counts.pass + counts.fail === 0) return { tally: failedOnceMore, fault: "no test was run" };
  if (exitCode !== 0 && counts.fail === 0) {
    return { tally: failedOnceMore, fault: `bun test ended with exit code ${exitCode}` };
  }
  if (ci && tally.skipped > 0) return { tally: failedOnceMore, fault: "tests were skipped, in CI none may be" };
  return { tally };
}
