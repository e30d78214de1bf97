/**
 * Where a room's attendance lies in Redis, in one hash slot with all else of the room (channel-keys.ts).
 *
 *     <base>:at           hash: how many users each node has there. They make the sum cheap, and say which sets there are
 *     <base>:at:<node>    set of those users, each as `<platform>:<userId>`
 */
import type { AppPlatform, ChannelId, NodeId, UserId } from "../../base/ids.ts";
import type { Attendee } from "../../core/attendance.ts";

export function countsKey(prefix: string, room: ChannelId): string {
  return `${prefix}{${room}}:at`;
}

export function usersKey(prefix: string, room: ChannelId, nodeId: NodeId): string {
  return `${countsKey(prefix, room)}:${nodeId}`;
}

/** The room of a key that usersKey() made for this node; undefined for any other key. */
export function roomOfUsersKey(prefix: string, key: string, nodeId: NodeId): ChannelId | undefined {
  const ending = `}:at:${nodeId}`;
  if (!key.startsWith(`${prefix}{`) || !key.endsWith(ending)) return undefined;
  return key.slice(prefix.length + 1, -ending.length) as ChannelId;
}

export function writeAttendee({ appPlatform, userId }: Attendee): string {
  return `${appPlatform}:${userId}`;
}

/** @param text from writeAttendee(): a user id may have colons, a platform has none. */
export function readAttendee(text: string): Attendee {
  const colon = text.indexOf(":");
  return {
    appPlatform: Number(text.slice(0, colon)) as AppPlatform,
    userId: text.slice(colon + 1) as UserId,
  };
}
