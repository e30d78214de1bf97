/**
 * OnlineRecord: what the reference system keeps of a user in Redis, for all its nodes to see.
 *
 * Who wrote it last has the user. A record counts while it is not logged off, its heartbeat is young, and (for prim) its
 * server lives.
 */
import type { AppPlatform, UserId } from "../base/ids.ts";
import { REFERENCE_ALIVE_SECONDS } from "../base/limits.ts";
import type { User } from "../core/user.ts";

/** The part of a record that says where a user is. */
export interface OnlineRecord {
  /** ip:rpcPort of the node that has the user. */
  readonly address: string;
  readonly isLogoff: boolean;
  /** Unix seconds. */
  readonly heartbeatTime: number;
}

export function recordKey(appPlatform: AppPlatform, userId: UserId): string {
  return `acc:user:online:${appPlatform}_${userId}`;
}

/** @returns undefined for what is no record. */
export function parseRecord(text: string): OnlineRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof record !== "object" || record === null) return undefined;
  const { accIp, accPort, isLogoff, heartbeatTime } = record as Record<string, unknown>;
  return {
    address: `${accIp}:${accPort}`,
    isLogoff: isLogoff === true,
    heartbeatTime: Number(heartbeatTime),
  };
}

/** @param now unix seconds. */
export function isYoung({ isLogoff, heartbeatTime }: OnlineRecord, now: number): boolean {
  return !isLogoff && heartbeatTime >= now - REFERENCE_ALIVE_SECONDS;
}

/**
 * A user of this node as a record: all text but the times, as the reference system's decoder wants it.
 *
 * @param address ip:rpcPort of this node.
 * @param now unix seconds.
 */
export function onlineRecord({ appPlatform, userId, sessions }: User, address: string, now: number): string {
  const newest = sessions.at(-1);
  return JSON.stringify({
    ...identity(appPlatform, userId, address),
    clientIp: newest?.connection.remoteAddress ?? "",
    clientPort: "",
    loginTime: toSeconds(newest?.loggedInAt ?? 0) || now,
    heartbeatTime: now,
    logOutTime: 0,
    qua: "",
    deviceInfo: "",
    isLogoff: false,
  });
}

/** The record of a user who has left this node. */
export function logoffRecord(
  { appPlatform, userId }: Pick<User, "appPlatform" | "userId">,
  address: string,
  now: number,
): string {
  return JSON.stringify({
    ...identity(appPlatform, userId, address),
    clientIp: "",
    clientPort: "",
    loginTime: 0,
    heartbeatTime: now,
    logOutTime: now,
    qua: "",
    deviceInfo: "",
    isLogoff: true,
  });
}

export function toSeconds(ms: number): number {
  return Math.floor(ms / 1_000);
}

function identity(appPlatform: AppPlatform, userId: UserId, address: string) {
  const [accIp, accPort] = address.split(":");
  return { accIp, accPort, appID: appPlatform, userID: userId };
}
