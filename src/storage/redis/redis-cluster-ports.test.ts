import { testAttendance } from "../../../test/contract/attendance.ts";
import { testNodeRegistry } from "../../../test/contract/node-registry.ts";
import { describeWith } from "../../../test/parts.ts";
import { sharedRedisCluster } from "../../../test/redis-cluster.ts";
import { RedisClusterBed } from "../../../test/redis-cluster-bed.ts";
import { sharedRedisServer } from "../../../test/redis-server.ts";

describeWith("redis-server", "one Redis", () => {
  const server = sharedRedisServer();
  const bed = new RedisClusterBed(async () => {
    const { port } = await server();
    return { mode: "standalone", hosts: [{ host: "127.0.0.1", port }], database: 0 };
  });
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});

describeWith("redis-server", "a Redis Cluster", () => {
  const cluster = sharedRedisCluster();
  const bed = new RedisClusterBed(async () => (await cluster()).address);
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});
