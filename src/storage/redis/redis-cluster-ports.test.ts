import { testAttendance } from "../../../test/contract/attendance.ts";
import { testNodeRegistry } from "../../../test/contract/node-registry.ts";
import { describeWith } from "../../../test/parts.ts";
import { addressOf } from "../../../test/redis/redis-bed.ts";
import { sharedRedisCluster } from "../../../test/redis/redis-cluster.ts";
import { RedisClusterBed } from "../../../test/redis/redis-cluster-bed.ts";
import { sharedRedisServer } from "../../../test/redis/redis-server.ts";

describeWith("redis-server", "one Redis", () => {
  const server = sharedRedisServer();
  const bed = new RedisClusterBed(async () => addressOf(await server()));
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});

describeWith("redis-server", "a Redis Cluster", () => {
  const cluster = sharedRedisCluster();
  const bed = new RedisClusterBed(async () => addressOf(...(await cluster())));
  testAttendance("RedisAttendance", bed);
  testNodeRegistry("RedisNodeRegistry", bed);
});
