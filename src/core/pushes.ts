/**
 * Pushes: what reaches a session without being asked for. Core speaks of these; protocol/
 * makes frames of them.
 */
import type { AppPlatform, ChannelId, Epoch, MessageId, UserId } from "../base/ids.ts";
import type { Message } from "./message.ts";

export type Push = MessagePush | PresencePush | MembersPush | TypingPush | ReadPush | NoticePush;

export interface MessagePush {
  readonly kind: "msg";
  readonly message: Message;
}

/** A user came to a room or left it: with their first session there, or with their last. */
export interface PresencePush {
  readonly kind: "enter" | "exit";
  readonly channel: ChannelId;
  readonly from: UserId;
  readonly appPlatform: AppPlatform;
  readonly nickname?: string | undefined;
  readonly avatar?: string | undefined;
}

/** Comings and goings of a big room, gathered. */
export interface MembersPush {
  readonly kind: "members";
  readonly channel: ChannelId;
  /** Users in the room now. */
  readonly count: number;
  /** The newest who came and are still there, newest last. */
  readonly newest: readonly UserId[];
}

export interface TypingPush {
  readonly kind: "typing";
  /** The room, or the inbox of the one who is written to. */
  readonly channel: ChannelId;
  readonly from: UserId;
  readonly appPlatform: AppPlatform;
}

/**
 * Somebody read a channel up to a place. In a room: everyone is told the offset. In a 1:1
 * conversation the sender is told the id of the newest of their messages that was read, since
 * the two inboxes count apart.
 */
export interface ReadPush {
  readonly kind: "read";
  readonly channel: ChannelId;
  readonly from: UserId;
  readonly appPlatform: AppPlatform;
  readonly epoch?: Epoch | undefined;
  readonly offset?: number | undefined;
  readonly id?: MessageId | undefined;
}

/** The server speaks to a session: it is about to stop, or it has lost a channel's history. */
export interface NoticePush {
  readonly kind: "notice";
  readonly notice: "draining" | "history_lost";
  readonly channel?: ChannelId | undefined;
}
