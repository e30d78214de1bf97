/**
 * ScriptRunner: runs Lua that comes from elsewhere over this node's connection, under the rules of RedisConnection.
 */
import type { RedisArgument, RedisConnection } from "./redis-connection.ts";
import { type RedisScript, redisScript } from "./redis-script.ts";

export class ScriptRunner {
  readonly #connection: RedisConnection;
  /** By their text; as many as the program has. */
  readonly #scripts = new Map<string, RedisScript>();

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** As RedisConnection.evaluate(). */
  run(
    { name, lua }: Pick<RedisScript, "name" | "lua">,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<unknown> {
    let script = this.#scripts.get(lua);
    if (script === undefined) {
      script = redisScript(name, lua);
      this.#scripts.set(lua, script);
    }
    return this.#connection.evaluate(script, keys, args);
  }
}
