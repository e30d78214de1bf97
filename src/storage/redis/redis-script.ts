/**
 * RedisScript: Lua that runs in Redis as one atomic step, known there by its digest.
 */
import { createHash } from "node:crypto";

export interface RedisScript {
  /** For logs and errors. */
  readonly name: string;
  readonly lua: string;
  /** SHA-1 of `lua` in hex, by which Redis remembers it. */
  readonly sha: string;
}

export function redisScript(name: string, lua: string): RedisScript {
  return { name, lua, sha: createHash("sha1").update(lua).digest("hex") };
}
