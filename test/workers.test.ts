import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { NodeId } from "../src/base/ids.ts";
import { eventually } from "./deadline.ts";
import { describeWith } from "./parts.ts";
import { PrimProcess } from "./prim-process.ts";
import { RedisServer } from "./redis/redis-server.ts";
import { TcpMigration } from "./tcp-migration.ts";

interface MachineAnswer {
  readonly connections: number;
  readonly workers?: readonly { readonly nodeId: NodeId; readonly connections: number }[];
}

const WORKERS = 2;

describeWith("redis-server", "workers", () => {
  let redis: RedisServer;
  let prim: PrimProcess | undefined;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    await prim?.stop();
    prim = undefined;
  });
  afterAll(() => redis.stop());

  const args = () => ["--workers", String(WORKERS), "--redis-url", `redis://127.0.0.1:${redis.port}`];
  async function start(): Promise<PrimProcess> {
    prim = await PrimProcess.start({ args: args() });
    return prim;
  }

  test("share the ports, and answer as one machine", async () => {
    const machine = await start();
    const sockets = await Promise.all(Array.from({ length: 24 }, () => openSocket(machine.webSocketUrl)));
    const { connections, workers = [] } = await stateOf(machine);
    expect(workers).toHaveLength(WORKERS);
    expect(connections).toBe(24);
    // By chance one of them might have got none of 24, once in ten million runs.
    for (const worker of workers) expect(worker.connections).toBeGreaterThan(0);
    expect(await machine.metric("prim_connections")).toBe(24);
    for (const socket of sockets) socket.close();
    await eventually(
      () => stateOf(machine),
      (state) => state.connections === 0,
      "all connections to be gone",
    );
  });

  test("a worker that is killed is started again", async () => {
    const machine = await start();
    const before = await nodesOf(machine);
    const { pid, worker } = startedWorkers(machine)[1] ?? { pid: 0, worker: 0 };
    process.kill(pid, "SIGKILL");
    await eventually(
      // The killed one breaks off whatever it was asked.
      () => nodesOf(machine).catch(() => []),
      (nodes) => nodes.length === WORKERS && nodes.some((node) => !before.includes(node)),
      "another worker in its place",
    );
    const started = startedWorkers(machine);
    expect(started.filter((line) => line.worker === worker)).toHaveLength(2);
  });

  test("SIGHUP replaces all of them, and nobody is refused meanwhile", async () => {
    const machine = await start();
    const before = await nodesOf(machine);
    const socket = await openSocket(machine.webSocketUrl);
    const closed = new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
    const knocking = { goesOn: true };
    using migration = new TcpMigration();
    const knocks = knock(machine, knocking, migration.isOn ? 1 : 2);
    machine.signal("SIGHUP");
    await machine.line("stderr", (line) => line.includes("workers replaced"), "the end of the replacement");
    knocking.goesOn = false;
    const { answered, failures } = await knocks;
    const after = await nodesOf(machine);
    expect(after).toHaveLength(WORKERS);
    expect(after.filter((node) => before.includes(node))).toEqual([]);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(10);
    expect(await closed).toBe(1012);
  });

  test("a second supervisor does not take part of the connections", async () => {
    const machine = await start();
    const port = new URL(machine.httpUrl).port;
    const other = await PrimProcess.run(["--host", "127.0.0.1", "--http-port", port, ...args()]);
    expect(other.exitCode).toBe(1);
    expect(other.stderr.join("\n")).toContain("app.httpPort): the port is in use");
  });

  test("SIGTERM stops all in order, and they leave with a supervisor that was killed", async () => {
    const orderly = await start();
    const first = startedWorkers(orderly);
    expect(await orderly.stop()).toBe(0);
    const killed = await start();
    const second = startedWorkers(killed);
    await killed.kill9();
    const all = [...first, ...second];
    await eventually(
      () => all.some(({ pid }) => isAlive(pid)),
      (some) => !some,
      "all workers to be gone",
    );
  });

  test("more than one worker wants Redis", async () => {
    const { exitCode, stderr } = await PrimProcess.run(["--workers", "2"]);
    expect([exitCode, stderr.join("\n")]).toEqual([2, expect.stringContaining("needs redis.url")]);
  });
});

async function stateOf(prim: PrimProcess): Promise<MachineAnswer> {
  return (await prim.get<MachineAnswer>("/system/state")).data;
}

async function nodesOf(prim: PrimProcess): Promise<NodeId[]> {
  return (await stateOf(prim)).workers?.map(({ nodeId }) => nodeId) ?? [];
}

/** What the log says of workers that started, in that order. */
function startedWorkers(prim: PrimProcess): { worker: number; pid: number }[] {
  return prim.stderr
    .filter((line) => line.includes('"node started"'))
    .map((line) => JSON.parse(line) as { worker: number; pid: number });
}

/**
 * Connects anew again and again, over the HTTP port and the WebSocket port.
 *
 * @param triesMax in which a connection must come about.
 */
async function knock(prim: PrimProcess, knocking: { readonly goesOn: boolean }, triesMax: number) {
  const failures: string[] = [];
  let answered = 0;
  while (knocking.goesOn) {
    try {
      const ask = () => fetch(`${prim.httpUrl}/livez`, { headers: { connection: "close" } });
      const response = await trying(triesMax, ask);
      if (!response.ok) failures.push(`HTTP ${response.status}`);
      (await trying(triesMax, () => openSocket(prim.webSocketUrl))).close();
      answered += 1;
    } catch (error) {
      failures.push(String(error));
    }
  }
  return { answered, failures };
}

async function trying<T>(triesMax: number, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === triesMax) throw error;
    }
  }
}

function openSocket(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error("Cannot connect: the WebSocket was refused"));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
