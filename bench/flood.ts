/**
 * Flood: a load generator for prim and for other servers of the seed's protocol. What it measures
 * and how is in docs/performance.md; scenarios are in flood/scenarios.ts.
 */
import { Flood } from "./flood/flood.ts";
import { floodPage } from "./flood/page.ts";
import { phasesOf, play, SCENARIOS, type Scenario } from "./flood/scenarios.ts";
import { FLOOD_FLAGS, floodSettings } from "./flood/settings.ts";
import type { Bench, BenchContext, Outcome } from "./harness/bench.ts";

const names = Object.keys(SCENARIOS);
const list = Object.entries(SCENARIOS).map(([name, { purpose }]) => `    ${name.padEnd(7)} ${purpose}`);

export const bench: Bench = {
  name: "flood",
  question: [
    "What does a server do under this load, and is every message delivered exactly once?",
    ...list,
  ].join("\n"),
  flags: {
    scenario: { default: "room", choices: names, help: "what the connections do" },
    ...FLOOD_FLAGS,
  },
  page: floodPage,
  run,
};

async function run(context: BenchContext): Promise<Outcome> {
  const name = String(context.flags["scenario"]);
  const scenario = SCENARIOS[name] as Scenario;
  const settings = floodSettings(context, scenario.defaults);
  return await Flood.run(context, settings, `flood ${name}`, phasesOf(settings), (flood) =>
    play(scenario, flood),
  );
}
