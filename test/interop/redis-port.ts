/** The RedisPort that a node has, over a connection of the tests. */
import type { RedisPort } from "../../src/interop/redis-port.ts";
import type { RedisConnection } from "../../src/storage/redis/redis-connection.ts";
import { ScriptRunner } from "../../src/storage/redis/script-runner.ts";

export function redisPort(connection: RedisConnection, keysPerRun = 3): RedisPort {
  const runner = new ScriptRunner(connection);
  return {
    keysPerRun,
    command: (name, ...args) => connection.command(name, ...args),
    run: (script, keys, args) => runner.run(script, keys, args),
    onBack: (listener) => connection.onBack(listener),
  };
}
