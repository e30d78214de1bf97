/**
 * `bun run bench <name> [flags]`: runs one bench and prints one JSON document. Without a name it
 * lists the benches. A bench is a module that exports `bench` (harness/bench.ts); progress goes to
 * stderr. Whatever happens, the processes and files of the run are gone when it ends.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Bench, BenchContext, FlagValue } from "./harness/bench.ts";
import { Children } from "./harness/children.ts";
import { describeRun, type Report } from "./harness/report.ts";

const BENCHES: Record<string, { readonly purpose: string; readonly file: string }> = {
  fanout: { file: "./fanout.ts", purpose: "deliveries to a room of 1,000, beside bare Bun publish" },
  pace: { file: "./pace.ts", purpose: "messages to one room that come one by one from many senders" },
  send: { file: "./send.ts", purpose: "sends in rooms of 10, beside bare Bun publish" },
  echo: { file: "./echo.ts", purpose: "ping and its answer over 50 connections, beside a bare Bun echo" },
  memory: { file: "./memory.ts", purpose: "memory per idle connection, bare, connected, and logged in" },
  idle: { file: "./idle.ts", purpose: "CPU and wake-ups of a server that has nothing to do" },
  login: { file: "./login.ts", purpose: "cost of a login while the room grows to 10,000 users" },
  store: { file: "./store.ts", purpose: "appends and reads of the channel logs" },
  resync: { file: "./resync.ts", purpose: "looking again at all open channels after a fault" },
  attendance: { file: "./attendance.ts", purpose: "comings and goings of big and small rooms in Redis" },
  rpc: {
    file: "./rpc.ts",
    purpose: "unary calls over Connect and gRPC, beside the same handler on bare Bun",
  },
  cluster: { file: "./cluster.ts", purpose: "messages to a room on 1, 2 and 3 nodes, and what a hop costs" },
  page: { file: "./page.ts", purpose: "a key to the next picture while 50 messages a second arrive" },
  link: { file: "./link.ts", purpose: "messages from node to node over one link" },
  "rpc-leak": { file: "./rpc-leak.ts", purpose: "what calls and cancelled streams leave behind" },
  flood: { file: "./flood.ts", purpose: "load of many kinds on prim or another server; see --scenario" },
  million: { file: "./million.ts", purpose: "a million connections, held, counted and written to" },
  compare: { file: "./compare.ts", purpose: "fresh ratios to bare Bun beside those in bench/ratios.json" },
};

const COMMON = {
  out: { default: "", help: "also write the document to this file" },
  prim: { default: "bun src/main.ts", help: "how to start prim, for comparing versions" },
  "minutes-max": { default: 15, max: 60, help: "give up after this long" },
};

const root = fileURLToPath(new URL("..", import.meta.url));
const [name, ...rest] = process.argv.slice(2);
const entry = name === undefined ? undefined : BENCHES[name];
if (entry === undefined) {
  const lines = Object.entries(BENCHES).map(([key, { purpose }]) => `  ${key.padEnd(9)} ${purpose}`);
  console.error(["bun run bench <name> [flags], --help for the flags", ...lines].join("\n"));
  process.exit(name === undefined || name === "--help" ? 0 : 2);
}
const { bench } = (await import(new URL(entry.file, import.meta.url).href)) as { bench?: Bench };
if (bench === undefined) throw new Error(`Module lacks an export "bench": "${entry.file}"`);
process.exit(await runBench(bench, rest));

async function runBench(chosen: Bench, args: string[]): Promise<number> {
  const minutesMax = { ...COMMON["minutes-max"], default: chosen.minutesMax ?? 15 };
  const specs = { ...COMMON, "minutes-max": minutesMax, ...chosen.flags };
  if (args.includes("--help")) {
    const lines = Object.entries(specs as Bench["flags"]).map(
      ([flag, { default: value, help, choices }]) =>
        `  --${flag.padEnd(18)} ${help}${choices ? `: ${choices.join(", ")}` : ""} (default "${value}")`,
    );
    console.error([chosen.question, ...lines].join("\n"));
    return 0;
  }
  const flags = parseFlags(specs, args);
  const children = new Children();
  const tempDir = mkdtempSync(join(tmpdir(), "prim-bench-"));
  const cleanUp = (): void => {
    children.killAll();
    rmSync(tempDir, { recursive: true, force: true });
  };
  const abort = (reason: string, code: number) => (): void => {
    cleanUp();
    console.error(`bench: ${reason}`);
    process.exit(code);
  };
  process.once("SIGINT", abort("interrupted", 130));
  process.once("SIGTERM", abort("terminated", 143));
  setTimeout(abort("out of time", 1), Number(flags["minutes-max"]) * 60_000).unref();

  const context: BenchContext = {
    flags,
    children,
    tempDir,
    root,
    primCommand: primCommand(String(flags["prim"])),
    progress: (line) => console.error(`${chosen.name}: ${line}`),
  };
  try {
    const description = describeRun(chosen, flags, root);
    const report: Report = { ...description, ...(await chosen.run(context)) };
    writeFiles(chosen, report);
    const { series: _, ...withoutSeries } = report;
    await Bun.write(Bun.stdout, `${JSON.stringify(withoutSeries, null, 2)}\n`);
    for (const failure of report.failures ?? []) console.error(`bench: FAILED: ${failure}`);
    return (report.failures ?? []).length > 0 ? 1 : 0;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    cleanUp();
  }
}

/** Writes the document where it was asked for, and with a page beside it where the bench has one. */
function writeFiles(chosen: Bench, report: Report): void {
  const json = `${JSON.stringify(report, null, 2)}\n`;
  let out = String(report.parameters["out"]);
  if (chosen.page !== undefined && out === "") {
    const stamp = report.startedAt.replaceAll(/[:.]/g, "-");
    mkdirSync(join(root, "bench/results"), { recursive: true });
    out = join(root, "bench/results", `${chosen.name}-${stamp}.json`);
  }
  if (out === "") return;
  writeFileSync(out, json);
  if (chosen.page === undefined) return;
  const page = `${out.replace(/\.json$/, "")}.html`;
  writeFileSync(page, chosen.page(report));
  console.error(`${chosen.name}: wrote ${out} and ${page}`);
}

/** Under npx there may be no `bun` on PATH. */
function primCommand(flag: string): string[] {
  const [program = "", ...args] = flag.split(" ");
  return [program === "bun" ? process.execPath : program, ...args];
}

function parseFlags(specs: Bench["flags"], args: string[]): Record<string, FlagValue> {
  const options = Object.fromEntries(
    Object.entries(specs).map(([flag, { default: byDefault }]) => [
      flag,
      typeof byDefault === "boolean"
        ? { type: "boolean" as const, default: byDefault }
        : { type: "string" as const, default: String(byDefault) },
    ]),
  );
  try {
    const { values } = parseArgs({ args, options, allowNegative: true });
    return Object.fromEntries(
      Object.entries(specs).map(([flag, spec]) => [flag, parseFlag(flag, spec, values[flag])]),
    );
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

function parseFlag(flag: string, spec: Bench["flags"][string], given: unknown): FlagValue {
  if (typeof spec.default === "boolean") return given === true;
  const value = String(given);
  if (typeof spec.default === "string") {
    if (spec.choices === undefined || spec.choices.includes(value)) return value;
    throw new Error(`Flag "--${flag}" has no such value: "${value}", allowed are ${spec.choices.join(", ")}`);
  }
  const number = Number(value);
  const { min = 1, max = Number.MAX_SAFE_INTEGER } = spec;
  if (value.trim() !== "" && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new Error(`Flag "--${flag}" is out of range: "${value}", allowed ${min} to ${max}`);
}
