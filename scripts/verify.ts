/**
 * `bun run verify`: from a bare checkout to a verdict. Installs packages and parts, then checks, then tests.
 *
 * Its last line is `N passed, N failed`, whatever happens. node_modules may be missing when it starts, so it
 * imports only what Bun brings and the files beside it.
 */
import { checkSteps } from "./check-steps.ts";
import { bunCommand } from "./command.ts";
import { partSteps } from "./install-parts.ts";
import { addTallies, commandStep, printTally, runSteps, type Tally } from "./step.ts";
import { runTests } from "./test-run.ts";

const startedMs = performance.now();
const tally = await verify();
printTally(tally, performance.now() - startedMs);
process.exit(tally.failed > 0 ? 1 : 0);

async function verify(): Promise<Tally> {
  const packages = await runSteps([commandStep("packages", bunCommand("install", "--frozen-lockfile"))]);
  if (packages.failed > 0) return packages;
  const steps = await runSteps([...partSteps(), ...checkSteps]);
  return addTallies(addTallies(packages, steps), await runTests());
}
