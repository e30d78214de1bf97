/**
 * `bun run chaos --rounds N --seed S`: rounds of faults on a cluster of this machine, with real processes. The same seed gives
 * the same faults. `--faults 0` is a calm round.
 */
import { parseArgs } from "node:util";
import { type RoundOptions, runRound, type Verdict } from "../test/chaos/round.ts";
import { partPath } from "../test/parts.ts";

const DEFAULTS = {
  rounds: "20",
  seed: String(Math.floor(Math.random() * 1_000_000)),
  members: "300",
  rooms: "20",
  seconds: "12",
  rate: "150",
  faults: "4",
  nodes: "3",
};
const FAULTS_SHOWN_MAX = 10;

const flags = Object.entries(DEFAULTS).map(
  ([name, value]) => [name, { type: "string", default: value }] as const,
);
const { values } = parseArgs({ options: Object.fromEntries(flags) });
const numberOf = (name: keyof typeof DEFAULTS) => Number(values[name]);

const nginx = partPath("nginx");
if (nginx === undefined || partPath("redis-server") === undefined) {
  console.error("chaos: needs nginx and redis-server; `bun run verify` installs them");
  process.exit(2);
}
let failed = 0;
for (let round = 0; round < numberOf("rounds"); round += 1) {
  const options: RoundOptions = {
    seed: numberOf("seed") + round,
    nginx,
    nodes: numberOf("nodes"),
    members: numberOf("members"),
    rooms: numberOf("rooms"),
    roomsPerMember: 2,
    loadMs: numberOf("seconds") * 1_000,
    rate: numberOf("rate"),
    faults: numberOf("faults"),
    told: (line) => console.log(`  ${line}`),
  };
  const startedAt = performance.now();
  console.log(`round ${round + 1}, seed ${options.seed}`);
  try {
    const verdict = await runRound(options);
    show(verdict, performance.now() - startedAt);
    if (verdict.faults.length > 0) failed += 1;
  } catch (error) {
    failed += 1;
    console.log(`  FAILED to start or to end: ${String(error)}`);
  }
}
console.log(`${numberOf("rounds") - failed} rounds passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function show({ faults, counts, logins, gapsFilled, logs }: Verdict, tookMs: number): void {
  const numbers = Object.entries({ ...counts, logins, gapsFilled }).map(
    ([name, count]) => `${name} ${count}`,
  );
  console.log(`  ${(tookMs / 1_000).toFixed(1)} s: ${numbers.join(", ")}`);
  console.log(faults.length === 0 ? "  passed" : `  FAILED: ${faults.length} faults, logs in ${logs}`);
  for (const fault of faults.slice(0, FAULTS_SHOWN_MAX)) console.log(`    ${fault}`);
}
