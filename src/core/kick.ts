/**
 * Kick: ends sessions of a user, with words that tell the client not to come back by itself.
 */
import type { AppPlatform, SessionId, UserId } from "../base/ids.ts";
import type { Chat } from "./chat.ts";
import type { Hub } from "./hub.ts";

/** Which sessions are ended. */
export interface KickCommand {
  readonly userId: UserId;
  /** Undefined for all platforms. */
  readonly appPlatform?: AppPlatform | undefined;
  /** Undefined for all sessions. */
  readonly sessionId?: SessionId | undefined;
  /** Told to the client, at most CLOSE_TEXT_BYTES_MAX bytes; empty for the usual words. */
  readonly text: string;
}

/** @returns how many sessions there were on this node. */
export function kick(chat: Chat, hub: Hub, { userId, appPlatform, sessionId, text }: KickCommand): number {
  const sessions = hub
    .findAll(userId)
    .filter((user) => appPlatform === undefined || user.appPlatform === appPlatform)
    .flatMap((user) => user.sessions)
    .filter((session) => sessionId === undefined || chat.sessionIdOf(session) === sessionId);
  for (const session of sessions) {
    session.connection.close("kicked", text);
    // The transport says the same later; who asks now is told that the user is gone.
    chat.disconnect(session);
  }
  return sessions.length;
}
