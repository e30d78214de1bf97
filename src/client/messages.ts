/**
 * What a program that uses the SDK sees: messages, positions, events. Names and meaning are those of PROTOCOL.md.
 */

export type MessageType = "text" | "img" | "audio" | "video" | "file" | "custom";

/** What `img`, `audio`, `video` and `file` carry; `url` is required for them, `name` for `file`. */
export interface MediaFields {
  /** http(s), or a path on the server. Text of another user: check it before it becomes a link. */
  readonly url?: string | undefined;
  /** What the reader shows to get the file. */
  readonly secret?: string | undefined;
  /** Pixels: reserve the space. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  readonly durationMs?: number | undefined;
  readonly name?: string | undefined;
  readonly bytes?: number | undefined;
  readonly mimeType?: string | undefined;
}

/** Where a message goes: a room that was joined, or a user, online or not. */
export type Target =
  | { readonly channel: string; readonly userId?: undefined }
  | { readonly userId: string; readonly channel?: undefined };

/** A message to send. */
export type Draft = Target &
  MediaFields & {
    /** Default "text". */
    readonly type?: MessageType | undefined;
    /** The text; may be missing for media. */
    readonly msg?: string | undefined;
  };

/** A place in a channel: offsets count from 1 without holes; another epoch counts anew. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface ChannelPosition extends Position {
  readonly channel: string;
}

/** A stored message. `msg`, `from`, `nickname` and the rest are other people's text, never HTML. */
export interface Message extends MediaFields, ChannelPosition {
  /** The same in both inboxes of a 1:1 message. */
  readonly id: string;
  /** The sender's own id for it: what send() used. */
  readonly seq: string;
  readonly from: string;
  /** The sender's platform; 0 if a back end sent it. */
  readonly appPlatform: number;
  /** The recipient of a 1:1 message; empty in a room. */
  readonly target: string;
  readonly type: MessageType;
  readonly msg: string;
  /** Unix milliseconds. */
  readonly sentAt: number;
  readonly nickname?: string | undefined;
  readonly avatar?: string | undefined;
}

/** A message was stored: its id and place. Of a 1:1 message, the place in the own inbox. */
export interface Receipt extends ChannelPosition {
  readonly id: string;
  readonly sentAt: number;
}

/** A channel the session is a member of now; everything after `offset` arrives as `message` events. */
export interface JoinedChannel extends ChannelPosition {
  /** Only when resuming: whether everything that was missed follows. */
  readonly recovered?: boolean | undefined;
  /** How far this user has read. */
  readonly read?: number | undefined;
}

export interface LoginResult {
  readonly sessionId: string;
  readonly channels: readonly JoinedChannel[];
}

export interface HistoryPage {
  readonly channel: string;
  readonly epoch: string;
  /** The newest offset. */
  readonly head: number;
  /** Oldest first, whichever way was asked. */
  readonly messages: readonly Message[];
  /** Whether there are more that way. */
  readonly more: boolean;
}

/** Which way to read: upwards after an offset, downwards before one; neither gives the newest. */
export interface HistoryRange {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined;
}

export interface Credentials {
  /** 1 to 64 bytes. */
  readonly userId: string;
  /** Default 101, web. */
  readonly appPlatform?: number | undefined;
  /** Proves who this is; a function is asked anew at each reconnect, so that a token may be short-lived. */
  readonly serviceToken?: string | (() => string | Promise<string>) | undefined;
  readonly nickname?: string | undefined;
  readonly avatar?: string | undefined;
  /** Where an earlier run had read to (`positions` of the client): what was missed since follows. */
  readonly positions?: readonly ChannelPosition[] | undefined;
}

export interface PresenceEvent {
  readonly channel: string;
  readonly from: string;
  readonly appPlatform: number;
  readonly nickname?: string | undefined;
  readonly avatar?: string | undefined;
}

/** In a big room, instead of `enter` and `exit`. */
export interface MembersEvent {
  readonly channel: string;
  readonly count: number;
  /** User ids, newest last. */
  readonly newest: readonly string[];
}

export interface TypingEvent {
  readonly channel: string;
  readonly from: string;
  readonly appPlatform: number;
}

/** A room or the own inbox was read up to `offset`; or `from` has read your 1:1 messages up to that with `id`. */
export interface ReadEvent {
  readonly channel: string;
  readonly from: string;
  readonly appPlatform: number;
  readonly epoch?: string | undefined;
  readonly offset?: number | undefined;
  readonly id?: string | undefined;
}

export interface NoticeEvent {
  readonly notice: string;
  readonly channel?: string | undefined;
}
