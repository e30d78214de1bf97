/** A Redis Cluster of three servers on loopback. */
import { afterAll } from "bun:test";
import { eventually } from "../deadline.ts";
import { freePort, RedisServer } from "./redis-server.ts";

const SLOTS = 16_384;
const SERVERS = 3;
const NODE_TIMEOUT_MS = 2_000;

export async function startRedisCluster(): Promise<RedisServer[]> {
  const servers: RedisServer[] = [];
  try {
    await startAll(servers);
    return servers;
  } catch (error) {
    for (const server of servers) await server.stop();
    throw error;
  }
}

async function startAll(servers: RedisServer[]): Promise<void> {
  await Promise.all(
    Array.from({ length: SERVERS }, async () => {
      const config = [
        "cluster-enabled yes",
        `cluster-port ${await freePort()}`,
        `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
        "appendonly yes",
        "appendfsync always",
      ];
      servers.push(await RedisServer.start({ config }));
    }),
  );
  const [first] = servers;
  if (first === undefined) throw new Error("A cluster has servers");
  const [, busPort = ""] = (await first.admin.config("GET", "cluster-port")) as string[];
  for (const [index, { admin }] of servers.entries()) {
    const begin = Math.floor((SLOTS * index) / SERVERS);
    const end = Math.floor((SLOTS * (index + 1)) / SERVERS) - 1;
    await admin.call("CLUSTER", "ADDSLOTSRANGE", begin, end);
    await admin.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    if (index > 0) await admin.call("CLUSTER", "MEET", "127.0.0.1", first.port, busPort);
  }
  for (const server of servers) await untilWhole(server);
}

/** Until this server knows an owner of every slot. */
export async function untilWhole({ admin }: RedisServer): Promise<void> {
  await eventually(
    async () => String(await admin.call("CLUSTER", "INFO")),
    (info) =>
      info.includes("cluster_state:ok") &&
      info.includes(`cluster_slots_ok:${SLOTS}`) &&
      info.includes(`cluster_known_nodes:${SERVERS}`),
    "a whole Redis Cluster",
  );
}

/** One cluster for all tests of a file, started by the first that asks. */
export function sharedRedisCluster(): () => Promise<RedisServer[]> {
  let servers: Promise<RedisServer[]> | undefined;
  afterAll(async () => {
    for (const server of (await servers) ?? []) await server.stop();
  });
  return () => {
    servers ??= startRedisCluster();
    return servers;
  };
}
