/**
 * What prim wants of a Redis server, judged by its INFO.
 */
import { PrimError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";

const VERSION_MIN = 7;

/**
 * @param info the answer of INFO.
 * @throws {PrimError} `failed_precondition` if the server is too old.
 */
export function checkServer(info: string, name: string, log: Logger): void {
  const field = (wanted: string) => new RegExp(`^${wanted}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const version = field("redis_version") ?? "unknown";
  if (!(Number.parseInt(version, 10) >= VERSION_MIN)) {
    throw new PrimError(
      "failed_precondition",
      `Cannot use Redis at ${name}: it is version ${version}, and prim needs ${VERSION_MIN}.0 or newer`,
    );
  }
  const policy = field("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    log.warn("redis may throw messages away when its memory is full: set maxmemory-policy noeviction", {
      redis: name,
      policy,
    });
  }
  if (field("aof_enabled") === "0") {
    log.warn("redis keeps no append-only file: its restart loses messages, set appendonly yes", {
      redis: name,
    });
  }
}
