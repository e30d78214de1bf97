/**
 * RedisProcess: a real redis-server for a bench, and what it says of itself.
 */
import { join } from "node:path";
import { findPart, PARTS } from "../../scripts/parts.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { RedisConnection } from "../../src/storage/redis/redis-connection.ts";
import type { BenchContext } from "./bench.ts";
import { freePort } from "./free-port.ts";

const MEMORY_MAX = "1gb";

export interface RedisProcess {
  readonly url: string;
  readonly connection: RedisConnection;
  /** A number of INFO, such as `used_memory`, or of a command's statistics, such as `evalsha:calls`. */
  number(name: string): Promise<number>;
  end(): Promise<void>;
}

/** Undefined if this machine has no redis-server. */
export async function startRedis(
  context: BenchContext,
  appendFsync: "everysec" | "always",
): Promise<RedisProcess | undefined> {
  const part = PARTS.find(({ name }) => name === "redis-server");
  const path = part === undefined ? undefined : findPart(part);
  if (path === undefined) return undefined;
  const port = await freePort();
  const folder = join(context.tempDir, `redis-${port}`);
  await Bun.write(join(folder, "empty"), "");
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--maxmemory", MEMORY_MAX];
  const keeping = ["--save", "", "--appendonly", "yes", "--appendfsync", appendFsync];
  const child = context.children.spawn([path, ...flags, ...keeping], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const connection = await RedisConnection.open({
    address: { mode: "standalone", hosts: [{ host: "127.0.0.1", port }], database: 0 },
    keyPrefix: "prim:",
    callTimeoutMs: 30_000,
    clock: systemClock,
    log: silentLogger,
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    connection,
    async number(name) {
      const info = String(await connection.command("INFO", "everything"));
      const [field = "", detail] = name.split(":");
      const line = new RegExp(
        detail === undefined ? `^${field}:(\\d+)` : `^cmdstat_${field}:.*?${detail}=(\\d+)`,
        "m",
      );
      return Number(line.exec(info)?.[1] ?? 0);
    },
    async end() {
      await connection.close();
      await context.children.end(child);
    },
  };
}
