import { testStore } from "../../../test/contract/channel-log.ts";
import type { OpenStore } from "../../../test/contract/store-bed.ts";
import { describeWith } from "../../../test/parts.ts";
import { sharedRedisServer } from "../../../test/redis-server.ts";
import { systemClock } from "../../base/clock.ts";
import { newNodeId } from "../../base/ids.ts";
import { silentLogger } from "../../base/logger.ts";
import { RedisConnection } from "./redis-connection.ts";
import { RedisStore } from "./redis-store.ts";

describeWith("redis-server", "RedisStore", () => {
  const server = sharedRedisServer();
  let opened = 0;

  const open: OpenStore = async (setup) => {
    opened += 1;
    const { port } = await server();
    const connection = await RedisConnection.open({
      address: { mode: "standalone", hosts: [{ host: "127.0.0.1", port }], database: 0 },
      keyPrefix: `store-${opened}:`,
      callTimeoutMs: 10_000,
      clock: systemClock,
      log: silentLogger,
    });
    const store = new RedisStore({ ...setup, connection, nodeId: newNodeId() });
    return { store, clear: () => connection.close() };
  };

  testStore("RedisStore on one server", open);
});
