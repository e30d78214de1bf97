/**
 * `bun run check`: everything a commit must pass, on the machine as it is. `--no-tests` stops before the tests.
 */
import { checkSteps } from "./check-steps.ts";
import { addTallies, printTally, runSteps } from "./step.ts";
import { runTests } from "./test-run.ts";

const startedMs = performance.now();
let tally = await runSteps(checkSteps);
if (!process.argv.includes("--no-tests")) tally = addTallies(tally, await runTests());
printTally(tally, performance.now() - startedMs);
process.exit(tally.failed > 0 ? 1 : 0);
