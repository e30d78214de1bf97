import { testAttendance } from "../../../test/contract/attendance.ts";
import { testNodeRegistry } from "../../../test/contract/node-registry.ts";
import { describeWith } from "../../../test/parts.ts";
import { sharedRedisCluster } from "../../../test/redis-cluster.ts";
import { RedisClusterBed, standalone } from "../../../test/redis-cluster-bed.ts";
import { sharedRedisServer } from "../../../test/redis-server.ts";

describeWith("redis-server", "one Redis", () => {
  const server = sharedRedisServer();
  const bed = new RedisClusterBed(async () => standalone((await server()).port));
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});

describeWith("redis-server", "a Redis Cluster", () => {
  const cluster = sharedRedisCluster();
  const bed = new RedisClusterBed(async () => (await cluster()).address);
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});
