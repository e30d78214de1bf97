/**
 * RedisCluster: a real Redis Cluster of masters without replicas, the slots shared out evenly, for the tests that need one.
 */
import { afterAll } from "bun:test";
import type { RedisAddress } from "../src/storage/redis/redis-address.ts";
import { eventually } from "./deadline.ts";
import { freePort, RedisServer } from "./redis-server.ts";

const HOST = "127.0.0.1";
const SLOTS = 16_384;

export class RedisCluster {
  readonly servers: readonly RedisServer[];

  /** Starts it and waits until all slots are served, and everybody knows. */
  static async start(masters = 3): Promise<RedisCluster> {
    const starts = Array.from({ length: masters }, async () => {
      const busPort = await freePort();
      const config = ["cluster-enabled yes", `cluster-port ${busPort}`, "cluster-node-timeout 5000"];
      return { busPort, server: await RedisServer.start({ config }) };
    });
    const nodes = await Promise.all(starts);
    const [first] = nodes;
    for (const [index, { server }] of nodes.entries()) {
      const from = Math.floor((index * SLOTS) / masters);
      const to = Math.floor(((index + 1) * SLOTS) / masters) - 1;
      await server.admin.call("CLUSTER", "ADDSLOTSRANGE", from, to);
      await server.admin.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
      if (first !== undefined && first.server !== server) {
        await server.admin.call("CLUSTER", "MEET", HOST, first.server.port, first.busPort);
      }
    }
    const cluster = new RedisCluster(nodes.map(({ server }) => server));
    for (const { admin } of cluster.servers) {
      await eventually(
        async () => String(await admin.call("CLUSTER", "INFO")),
        (info) => info.includes("cluster_state:ok") && info.includes(`cluster_size:${masters}`),
        "the cluster to be formed",
      );
    }
    return cluster;
  }

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  get address(): RedisAddress {
    return { mode: "cluster", hosts: this.servers.map(({ port }) => ({ host: HOST, port })), database: 0 };
  }

  /** For good. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** One cluster for all tests of a file, started by the first that asks. */
export function sharedRedisCluster(): () => Promise<RedisCluster> {
  let cluster: Promise<RedisCluster> | undefined;
  afterAll(async () => {
    await (await cluster)?.stop();
  });
  return () => {
    cluster ??= RedisCluster.start();
    return cluster;
  };
}
