import { afterAll, beforeAll } from "bun:test";
import { testAttendance } from "../../../test/contract/attendance.ts";
import { testNodeRegistry } from "../../../test/contract/node-registry.ts";
import { describeWith } from "../../../test/parts.ts";
import { addressOf, RedisClusterBed } from "../../../test/redis-cluster-bed.ts";
import { RedisClusterServers, RedisServer } from "../../../test/redis-server.ts";

describeWith("redis-server", "Redis", (path) => {
  let server: RedisServer;
  const bed = new RedisClusterBed(() => addressOf([server]));
  beforeAll(async () => {
    server = await RedisServer.start({ path });
  });
  afterAll(() => server.stop());
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});

describeWith("redis-server", "Redis Cluster", (path) => {
  let cluster: RedisClusterServers;
  const bed = new RedisClusterBed(() => addressOf(cluster.servers));
  beforeAll(async () => {
    cluster = await RedisClusterServers.start(path);
  });
  afterAll(() => cluster.stop());
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});
