/**
 * `bun run bench <name> [flags]`: runs one bench and prints one JSON document. Without a name it
 * lists the benches. A bench is a module that exports `bench` (harness/bench.ts); progress goes to
 * stderr. Whatever happens, the processes and files of the run are gone when it ends.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Bench, BenchContext, FlagValue } from "./harness/bench.ts";
import { Children } from "./harness/children.ts";
import { describeRun, type Report } from "./harness/report.ts";

const BENCHES: Record<string, { readonly purpose: string; readonly file: string }> = {
  fanout: { file: "./fanout.ts", purpose: "deliveries to a room of 1,000, beside bare Bun publish" },
  echo: { file: "./echo.ts", purpose: "ping and its answer over 50 connections, beside a bare Bun echo" },
  memory: { file: "./memory.ts", purpose: "memory per idle connection, bare, connected, and logged in" },
  login: { file: "./login.ts", purpose: "cost of a login while the room grows to 10,000 users" },
  store: { file: "./store.ts", purpose: "appends and reads of the channel logs" },
  rpc: {
    file: "./rpc.ts",
    purpose: "unary calls over Connect and gRPC, beside the same handler on bare Bun",
  },
  cluster: { file: "./cluster.ts", purpose: "messages to a room on 1, 2 and 3 nodes, and what a hop costs" },
  link: { file: "./link.ts", purpose: "messages from node to node over one link" },
  "rpc-leak": { file: "./rpc-leak.ts", purpose: "what calls and cancelled streams leave behind" },
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
  const lines = Object.entries(BENCHES).map(([key, { purpose }]) => `  ${key.padEnd(8)} ${purpose}`);
  console.error(["bun run bench <name> [flags], --help for the flags", ...lines].join("\n"));
  process.exit(name === undefined || name === "--help" ? 0 : 2);
}
const { bench } = (await import(new URL(entry.file, import.meta.url).href)) as { bench?: Bench };
if (bench === undefined) throw new Error(`Module lacks an export "bench": "${entry.file}"`);
process.exit(await runBench(bench, rest));

async function runBench(chosen: Bench, args: string[]): Promise<number> {
  const specs = { ...chosen.flags, ...COMMON };
  if (args.includes("--help")) {
    const lines = Object.entries(specs).map(
      ([flag, { default: value, help }]) => `  --${flag.padEnd(14)} ${help} (default "${value}")`,
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
    primCommand: String(flags["prim"]).split(" "),
    progress: (line) => console.error(`${chosen.name}: ${line}`),
  };
  try {
    const description = describeRun(chosen, flags, root);
    const report: Report = { ...description, ...(await chosen.run(context)) };
    const json = `${JSON.stringify(report, null, 2)}\n`;
    if (flags["out"] !== "") writeFileSync(String(flags["out"]), json);
    await Bun.write(Bun.stdout, json);
    return 0;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    cleanUp();
  }
}

function parseFlags(specs: Bench["flags"], args: string[]): Record<string, FlagValue> {
  const options = Object.fromEntries(
    Object.entries(specs).map(([flag, spec]) => [
      flag,
      { type: "string" as const, default: String(spec.default) },
    ]),
  );
  try {
    const { values } = parseArgs({ args, options });
    return Object.fromEntries(
      Object.entries(specs).map(([flag, spec]) => [flag, parseFlag(flag, spec, String(values[flag]))]),
    );
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

function parseFlag(flag: string, spec: Bench["flags"][string], value: string): FlagValue {
  if (typeof spec.default === "string") return value;
  const number = Number(value);
  const max = spec.max ?? Number.MAX_SAFE_INTEGER;
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new Error(`Flag "--${flag}" is out of range: "${value}", allowed 1 to ${max}`);
}
