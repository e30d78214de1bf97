/**
 * The servers of a flood: prims that it starts, with a Redis of their own if they are to be one
 * cluster, or one server that runs already.
 */
import { RedisClient, type Subprocess } from "bun";
import type { BenchContext } from "../harness/bench.ts";
import { clientFrame } from "../harness/frames.ts";
import { freePort } from "../harness/free-port.ts";
import { RawClient } from "../harness/raw-client.ts";
import { ServerProcess } from "../harness/server-process.ts";
import type { Priorities } from "./priorities.ts";
import type { FloodSettings } from "./settings.ts";

/** Starting one takes a core for half a second. */
const STARTED_AT_ONCE = 4;
/** Nodes that share a few cores among many, with their clients, wait for each other longer than nodes on machines of their own. */
const PATIENT = { PRIM_REDIS_TIMEOUT_MS: "20000", PRIM_CLUSTER_LEASE_SECONDS: "60" };
const REDIS_START_MS_MAX = 10_000;
const CLUSTER_MS_MAX = 10_000;
const POLL_MS = 50;

export interface NodeAddress {
  readonly webSocketUrl: string;
  /** Empty if it is not known. */
  readonly httpUrl: string;
  readonly rpcUrl: string;
  /** Undefined if the process is not known. */
  readonly pid: number | undefined;
}

export interface FloodNodes {
  readonly nodes: readonly NodeAddress[];
  readonly cluster: boolean;
  /** Bytes that Redis says it uses; undefined without one. */
  redisBytes(): Promise<number | undefined>;
}

export async function openNodes(
  context: BenchContext,
  stack: AsyncDisposableStack,
  settings: FloodSettings,
  priorities: Priorities,
): Promise<FloodNodes> {
  if (settings.url !== "") {
    const { url, httpUrl, rpcUrl, serverPid } = settings;
    const pid = serverPid === 0 ? undefined : serverPid;
    return { nodes: [{ webSocketUrl: url, httpUrl, rpcUrl, pid }], cluster: true, redisBytes };
  }
  const redis = settings.redis ? await startRedis(context, stack) : undefined;
  const env = redis === undefined ? {} : { PRIM_REDIS_URL: redis.url, ...PATIENT };
  const nodes = new Array<NodeAddress>(settings.nodes);
  const inPlace = {
    ...context,
    primCommand: [...priorities.nodes, ...endingWithUs(context).primCommand],
  };
  let next = 0;
  let started = 0;
  const start = async (): Promise<void> => {
    while (next < nodes.length) {
      const at = next++;
      const server = stack.use(await ServerProcess.prim(inPlace, "memory", env));
      const { url: webSocketUrl, httpUrl, rpcUrl, pid } = server;
      nodes[at] = { webSocketUrl, httpUrl, rpcUrl, pid };
      started++;
      if (started % 10 === 0) context.progress(`${started} of ${nodes.length} nodes are up`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(STARTED_AT_ONCE, nodes.length) }, start));
  if (redis !== undefined && nodes.length > 1) await mustBeCluster(nodes);
  return {
    nodes,
    cluster: redis !== undefined || nodes.length === 1,
    redisBytes: redis === undefined ? redisBytes : () => usedMemory(redis.client),
  };
}

async function redisBytes(): Promise<undefined> {
  return undefined;
}

/** A prim that ends when this process does, even if nobody could tell it to. */
function endingWithUs(context: BenchContext): BenchContext {
  const [program = "", ...args] = context.primCommand;
  if (program !== process.execPath) return context;
  return { ...context, primCommand: [program, "--no-orphans", ...args] };
}

interface Redis {
  readonly url: string;
  readonly client: RedisClient;
}

async function startRedis(context: BenchContext, stack: AsyncDisposableStack): Promise<Redis> {
  const binary = Bun.which("redis-server");
  if (binary === null) throw new Error('Redis is not installed: "redis-server" is not on PATH');
  const port = await freePort();
  // As prim wants it: what is written outlives a restart.
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"];
  const child: Subprocess = context.children.spawn([binary, ...flags, "--dir", context.tempDir], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  stack.defer(() => context.children.end(child));
  const url = `redis://127.0.0.1:${port}`;
  const deadline = performance.now() + REDIS_START_MS_MAX;
  while (performance.now() < deadline) {
    const client = new RedisClient(url, { autoReconnect: false });
    try {
      await client.connect();
      stack.defer(() => client.close());
      return { url, client };
    } catch {
      // Not up yet.
      client.close();
      await Bun.sleep(POLL_MS);
    }
  }
  throw new Error(`Redis does not answer after ${REDIS_START_MS_MAX} ms`);
}

async function usedMemory(client: RedisClient): Promise<number | undefined> {
  const info = String(await client.send("INFO", ["memory"]));
  const used = /^used_memory:(\d+)/m.exec(info)?.[1];
  return used === undefined ? undefined : Number(used);
}

/** @throws {Error} if a user on the first node is not online on the last: then they share no Redis. */
async function mustBeCluster(nodes: readonly NodeAddress[]): Promise<void> {
  const first = nodes[0] as NodeAddress;
  const last = nodes.at(-1) as NodeAddress;
  const user = "flood-cluster-probe";
  const client = await RawClient.connect(new URL(first.webSocketUrl), 0);
  client.send(
    clientFrame(JSON.stringify({ seq: "1", action: "login", data: { userId: user, appPlatform: 101 } })),
  );
  try {
    const deadline = performance.now() + CLUSTER_MS_MAX;
    while (performance.now() < deadline) {
      const answer = await fetch(`${last.httpUrl}/user/online?userId=${user}`);
      const { data } = (await answer.json()) as { data?: { online?: boolean } };
      if (data?.online === true) return;
      await Bun.sleep(POLL_MS);
    }
  } finally {
    client.close();
  }
  throw new Error(
    "Nodes are no cluster: a user on the first is not online on the last; leave --redis out for nodes on their own",
  );
}
