/**
 * Layout: which server has which keys. A scan over all of them is complete only if that stays the same meanwhile: a cursor
 * means nothing to the server that took over, and keys that move to a server already scanned are never seen.
 */
import type { RedisServer } from "./redis-connection.ts";

const SLOTS = 16_384;

/** What must be the same before and after a scan; undefined if these servers don't have all keys between them. */
export async function layoutOf(
  servers: readonly RedisServer[],
  isCluster: boolean,
): Promise<string | undefined> {
  const runs = await Promise.all(servers.map(runIdOf));
  if (!isCluster) return runs.join();
  const parts = await Promise.all(servers.map(partOf));
  const slots = parts.reduce((sum, part) => sum + part.slots, 0);
  return slots === SLOTS ? parts.map((part, index) => `${runs[index]} ${part.text}`).join("\n") : undefined;
}

/** Changes when the process does. */
async function runIdOf(server: RedisServer): Promise<string> {
  const info = String(await server.command("INFO", "server"));
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
}

/** Of the server's own line in the list of the cluster: how many slots it has, and which, those that are on the move too. */
async function partOf(server: RedisServer): Promise<{ slots: number; text: string }> {
  const nodes = String(await server.command("CLUSTER", "NODES"));
  const own = nodes.split("\n").find((line) => /\bmyself\b/.test(line)) ?? "";
  const ranges = own.split(" ").slice(8);
  let slots = 0;
  for (const range of ranges) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first !== undefined) slots += Number(last) - Number(first) + 1;
  }
  return { slots, text: ranges.join(" ") };
}
