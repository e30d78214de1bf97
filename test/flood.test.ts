import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../scripts/command.ts";
import { eventually, within } from "./deadline.ts";
import { describeWith } from "./parts.ts";
import { PrimProcess, temporaryFolder } from "./prim-process.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The parts of a flood's document that tests look at. */
interface FloodDocument {
  readonly series: { readonly samples: readonly { readonly redisBytes?: number }[] };
  readonly failures: readonly string[];
  readonly results: {
    readonly counters: Readonly<Record<string, number>>;
    readonly errors: Readonly<Record<string, number>>;
    readonly latencies: Readonly<
      Record<string, { readonly count: number; readonly p99Us: number } | undefined>
    >;
    readonly verdict: {
      readonly messages: number;
      readonly due: number;
      readonly delivered: number;
      readonly exactlyOnce: boolean;
    };
    readonly sessionsByServers?: number;
    readonly left?: number;
  };
}

interface Finished {
  readonly exitCode: number;
  readonly stderr: string;
}

function startBench(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return Bun.spawn([process.execPath, join(ROOT, "bench/run.ts"), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    // A group of its own, as a shell gives to a command: Ctrl-C goes to all of it.
    detached: true,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function runBench(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const child = startBench(args, env);
  const [stderr] = await Promise.all([new Response(child.stderr).text(), new Response(child.stdout).text()]);
  return { exitCode: await child.exited, stderr };
}

/** Runs a flood to its end. @throws {Error} if it fails. */
async function flood(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<FloodDocument["results"]> {
  const out = join(folder, `${name}.json`);
  const { exitCode, stderr } = await runBench([...args, "--out", out], env);
  if (exitCode !== 0) throw new Error(`The flood has failed:\n${stderr}`);
  const document = JSON.parse(readFileSync(out, "utf8")) as FloodDocument;
  expect(document.failures).toEqual([]);
  expect(document.results.verdict.exactlyOnce).toBeTrue();
  return document.results;
}

const SMALL = ["--connections", "200", "--rate", "1000", "--hold-seconds", "2", "--heartbeat-seconds", "2"];

test.each<[string, readonly string[]]>([
  ["idle", ["--nodes", "2"]],
  ["room", ["--format", "protobuf"]],
  ["rooms", ["--nodes", "2", "--client-processes", "2", "--distribution", "zipf"]],
  ["direct", ["--nodes", "3"]],
  ["push", ["--nodes", "2"]],
  ["churn", ["--client-processes", "2"]],
  ["storm", ["--spread-ms", "500"]],
])("flood, scenario %s: nobody is lost, and every message comes exactly once", async (scenario, args) => {
  const { counters, latencies, verdict, left } = await flood(scenario, [
    "flood",
    "--scenario",
    scenario,
    ...SMALL,
    ...args,
  ]);
  expect(counters).toMatchObject({ open: 200, ready: 200, lost: 0 });
  expect(counters["heartbeatsAnswered"]).toBeGreaterThan(0);
  expect(latencies["handshake"]?.count).toBe(counters["attempts"] as number);
  expect(latencies["login"]?.count).toBe(counters["attempts"] as number);
  if (scenario === "idle") expect(verdict.due).toBe(0);
  else expect(verdict.messages).toBeGreaterThan(20);
  if (scenario === "room") expect(verdict.due).toBe(verdict.messages * 200);
  if (scenario === "direct") expect(verdict.due).toBe(verdict.messages * 2);
  if (scenario === "push") {
    expect(latencies["pushHttp"]?.count).toBeGreaterThan(100);
    expect(latencies["pushGrpc"]?.count).toBeGreaterThan(100);
    expect(verdict.due).toBe(verdict.messages);
  }
  if (scenario === "churn") expect(counters["attempts"]).toBe(200 + Number(left));
  if (scenario === "storm") expect(latencies["return"]?.count).toBe(200);
});

test("flood, scenario slow: who does not read is closed, and the others get everything", async () => {
  // Some 12 MB to each, more than buffers hold; to few, so that a busy machine makes nobody else slow.
  const args = ["--connections", "12", "--sends", "50", "--text-bytes", "60000", "--hold-seconds", "4"];
  const { counters, verdict } = await flood("slow", ["flood", "--scenario", "slow", ...args]);
  expect(counters).toMatchObject({ lost: 0, closedSlow: 1, ready: 11 });
  expect(verdict.due).toBe(verdict.messages * 11);
});

test("flood of a server that runs already, in the reference spelling", async () => {
  const prim = await PrimProcess.start({ dataDir: "none" });
  try {
    const address = [
      "--url",
      prim.webSocketUrl,
      "--http-url",
      prim.httpUrl,
      "--server-pid",
      String(prim.pid),
    ];
    const args = ["--scenario", "push", "--spelling", "reference", "--pings", "200", ...SMALL, ...address];
    const { counters, latencies, verdict } = await flood("reference", ["flood", ...args]);
    expect(counters).toMatchObject({ ready: 200, lost: 0 });
    expect(latencies["echo"]?.count).toBeGreaterThan(100);
    expect(latencies["pushGrpc"]).toBeUndefined();
    expect(verdict.due).toBe(verdict.messages);
    expect(verdict.messages).toBeGreaterThan(100);
    await eventually(
      async () => (await prim.state()).connections,
      (connections) => connections === 0,
      "the flood's connections to be gone",
    );
  } finally {
    await prim.stop();
  }
});

describeWith("redis-server", "flood with --redis", (redis) => {
  test("makes a cluster of the nodes around a Redis of its own, counts over all of it, and says what it takes", async () => {
    const path = `${dirname(redis)}:${process.env["PATH"] ?? ""}`;
    const args = ["flood", "--scenario", "room", "--redis", "--nodes", "2", ...SMALL];
    const { verdict } = await flood("redis", args, { PATH: path });
    expect(verdict.due).toBe(verdict.messages * 200);
    const { series } = JSON.parse(readFileSync(join(folder, "redis.json"), "utf8")) as FloodDocument;
    expect(series.samples.at(-1)?.redisBytes).toBeGreaterThan(500_000);
  });
});

describeWith("redis-server", "a cluster", (redis) => {
  test("million, at 10,000 connections: all held, asked about, and written to exactly once", async () => {
    const began = performance.now();
    const args = [
      "--connections",
      "10000",
      "--rate",
      "4000",
      "--hold-seconds",
      "6",
      "--heartbeat-seconds",
      "5",
    ];
    // Two of each, as a million has many of each.
    const processes = ["--nodes", "2", "--client-processes", "2"];
    const out = join(folder, "million.json");
    const { exitCode, stderr } = await runBench(["million", ...args, ...processes, "--out", out], {
      PATH: `${dirname(redis)}:${process.env["PATH"] ?? ""}`,
    });
    const { failures, results } = JSON.parse(readFileSync(out, "utf8")) as FloodDocument;
    // Beside other tests the machine may be too busy for its p99; everything else has to hold.
    const others = failures.filter((failure) => !failure.startsWith("p99 of "));
    expect(others, stderr).toEqual([]);
    expect(exitCode).toBe(failures.length > 0 ? 1 : 0);
    expect(results.counters).toMatchObject({ open: 10_000, ready: 10_000, lost: 0, attempts: 10_000 });
    expect(results.counters["heartbeatsAnswered"]).toBeGreaterThan(10_000);
    expect(results.sessionsByServers).toBe(10_000);
    expect(results.verdict).toMatchObject({ exactlyOnce: true });
    const pushes = results.verdict.messages - 1;
    expect(results.verdict.due).toBe(10_000 + pushes);
    expect(results.latencies["online"]?.count).toBeGreaterThan(100);
    const page = readFileSync(join(folder, "million.html"), "utf8");
    expect(page).toContain("<svg");
    expect(page).not.toMatch(/NaN|undefined|https?:|<script/);
    expect(performance.now() - began).toBeLessThan(40_000);
  });
});

/** Processes that descend from `pid`, by /proc. */
function descendants(pid: number): number[] {
  const children = readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid ? [Number(name)] : [];
    } catch {
      return []; // Ended while we looked.
    }
  });
  return children.flatMap((child) => [child, ...descendants(child)]);
}

test.each<[string, (pid: number) => void, number | null]>([
  ["Ctrl-C", (pid) => process.kill(-pid, "SIGINT"), 130],
  ["SIGTERM", (pid) => process.kill(pid, "SIGTERM"), 143],
  ["SIGKILL", (pid) => process.kill(pid, "SIGKILL"), null],
])("%s ends a flood, and all that it has started", async (_, interrupt, exitCode) => {
  const temporary = join(folder, `temporary-${exitCode}`);
  mkdirSync(temporary);
  const args = [
    "flood",
    "--scenario",
    "room",
    "--connections",
    "300",
    "--nodes",
    "2",
    "--client-processes",
    "2",
  ];
  const child = startBench([...args, "--hold-seconds", "50"], { TMPDIR: temporary });
  try {
    const holding = (async () => {
      let text = "";
      for await (const chunk of child.stderr) {
        text += Buffer.from(chunk).toString();
        if (text.includes("flood: hold")) return;
      }
      throw new Error(`The flood has ended before it held:\n${text}`);
    })();
    await within(holding, "the flood to hold");
    const started = descendants(child.pid);
    expect(started.length).toBeGreaterThanOrEqual(4);
    interrupt(child.pid);
    await within(child.exited, "the flood to end");
    expect(child.exitCode).toBe(exitCode);
    await eventually(
      () => started.filter((pid) => existsSync(`/proc/${pid}`)),
      (left) => left.length === 0,
      "its processes to end",
    );
    // Nobody can tidy up after a SIGKILL.
    if (exitCode !== null) expect(readdirSync(temporary)).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
});

test.each<[readonly string[], number, string]>([
  [["flood", "--connections", "many"], 2, '"--connections" is out of range: "many"'],
  [["flood", "--connections", "-1"], 2, "--connections"],
  [["flood", "--connections", "5000001"], 2, "allowed 0 to 5000000"],
  [["flood", "--scenario", "rain"], 2, '"--scenario" has no such value: "rain"'],
  [["flood", "--distributon", "even"], 2, "--distributon"],
  [["flood", "--format", "protobuf", "--spelling", "reference"], 1, "Flags contradict each other"],
  [["flood", "--url", "http://127.0.0.1:1"], 1, "is no address like ws://"],
  [["flood", "--sends", "100000", "--hold-seconds", "3000"], 1, "more than 2000000"],
  [["flood", "--connections", "1000000", "--rate", "1"], 1, "ramp"],
  [["flood", "--connections", "2", "--nodes", "3"], 1, "fewer than processes or nodes"],
  [["flood", "--help"], 0, "--rooms-each"],
])("bench %p says what is wrong", async (args, exitCode, words) => {
  const finished = await runBench(args);
  expect(finished.stderr).toContain(words);
  expect(finished.exitCode).toBe(exitCode);
});
