/**
 * What lies in Redis for all nodes of the reference system, read as strictly as that system's decoder does: a number where a
 * text is wanted, or a server without exactly one colon, is an error there.
 */
import type { Redis } from "ioredis";
import { z } from "zod";

const uint = z.int().min(0);
const recordShape = z.object({
  accIp: z.string(),
  accPort: z.string(),
  appID: uint,
  userID: z.string(),
  clientIp: z.string(),
  clientPort: z.string(),
  loginTime: uint,
  heartbeatTime: uint,
  logOutTime: uint,
  qua: z.string(),
  deviceInfo: z.string(),
  isLogoff: z.boolean(),
});

export type OldRecord = z.output<typeof recordShape>;

export const SERVERS_KEY = "acc:hash:servers";
const ALIVE_SECONDS = 180;
const LIFE_SECONDS = 24 * 3_600;

export function keyOf(appID: number, userID: string): string {
  return `acc:user:online:${appID}_${userID}`;
}

export async function readRecord(
  redis: Redis,
  appID: number,
  userID: string,
): Promise<OldRecord | undefined> {
  const text = await redis.get(keyOf(appID, userID));
  return text === null ? undefined : recordShape.parse(JSON.parse(text));
}

export async function writeRecord(redis: Redis, record: OldRecord): Promise<void> {
  await redis.setex(keyOf(record.appID, record.userID), LIFE_SECONDS, JSON.stringify(record));
}

export function isOnline({ isLogoff, heartbeatTime }: OldRecord, now: number): boolean {
  return !isLogoff && heartbeatTime >= now - ALIVE_SECONDS;
}

/** Living servers as ip:port. */
export async function readServers(redis: Redis, now: number): Promise<string[]> {
  return Object.entries(await redis.hgetall(SERVERS_KEY)).flatMap(([server, at]) => {
    if (!/^[^:]+:\d+$/.test(server) || !/^\d+$/.test(at)) throw new Error(`No server: ${server} ${at}`);
    return Number(at) + ALIVE_SECONDS <= now ? [] : [server];
  });
}
