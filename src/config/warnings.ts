/** What an operator should hear at start-up although nothing is wrong with the configuration. */
import { redisAddressOf } from "./redis-address.ts";
import { type Config, MEMORY_ONLY } from "./settings.ts";

/** One sentence each, without values: a warning never holds a secret. */
export function startupWarnings(config: Config): string[] {
  const warnings: string[] = [];
  if (config.auth.mode === "guest") {
    warnings.push(
      "auth.mode is guest: anyone may log in with any name, and push over HTTP; keep this node off the public internet",
    );
  }
  if (config.app.dataDir === MEMORY_ONLY && redisAddressOf(config) === undefined) {
    warnings.push(
      `app.dataDir is ${MEMORY_ONLY}: messages are kept in memory only and are gone after a restart`,
    );
  }
  return warnings;
}
