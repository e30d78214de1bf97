/**
 * Channels: ordered logs of messages with members. This file owns their names.
 *
 * There are three kinds: a room (`room:101`), a user's inbox (`inbox:ann`) and the broadcast
 * channel (`all`). It knows no storage: how a name becomes a key is the store's business.
 */
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, ChannelId, UserId } from "../base/ids.ts";
import { ROOM_NAME_CHARS_MAX } from "../base/limits.ts";
import { parseUserId } from "./user.ts";

export type ChannelKind = "room" | "inbox" | "broadcast";

export const BROADCAST = "all" as ChannelId;

const ROOM_PREFIX = "room:";
const INBOX_PREFIX = "inbox:";
const ROOM_NAME = new RegExp(`^[\\p{L}\\p{N}_.-]{1,${ROOM_NAME_CHARS_MAX}}$`, "u");

/** The room of all who are logged in on a platform: the seed's one chat room. */
export function platformRoom(appPlatform: AppPlatform): ChannelId {
  return `${ROOM_PREFIX}${appPlatform}` as ChannelId;
}

export function inboxOf(userId: UserId): ChannelId {
  return `${INBOX_PREFIX}${userId}` as ChannelId;
}

/** As `inbox === inboxOf(userId)`, without making the name. */
export function isInboxOf(inbox: ChannelId, userId: UserId): boolean {
  return (
    inbox.length === INBOX_PREFIX.length + userId.length &&
    inbox.startsWith(INBOX_PREFIX) &&
    inbox.endsWith(userId)
  );
}

/** The user whose inbox this is; call it on inboxes only. */
export function ownerOf(inbox: ChannelId): UserId {
  return inbox.slice(INBOX_PREFIX.length) as UserId;
}

export function kindOf(channel: ChannelId): ChannelKind {
  if (channel.startsWith(ROOM_PREFIX)) return "room";
  return channel === BROADCAST ? "broadcast" : "inbox";
}

/**
 * Checks a channel name that came from outside.
 *
 * @throws {PrimError} `invalid_argument` if it is no channel name.
 */
export function parseChannelId(text: string): ChannelId {
  if (text === BROADCAST) return BROADCAST;
  if (text.startsWith(ROOM_PREFIX) && ROOM_NAME.test(text.slice(ROOM_PREFIX.length)))
    return text as ChannelId;
  if (text.startsWith(INBOX_PREFIX)) return inboxOf(parseUserId(text.slice(INBOX_PREFIX.length)));
  throw new PrimError(
    "invalid_argument",
    `Cannot use the channel: it must be "room:" and 1 to ${ROOM_NAME_CHARS_MAX} letters, digits, "_", "." or "-", or "inbox:" and a user id, or "all"`,
  );
}
