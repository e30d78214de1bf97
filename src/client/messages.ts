/**
 * What a program that uses the SDK sees: messages, positions, events. Names and meaning are those of PROTOCOL.md.
 */

/** What a message is. All but "text" and "custom" are media and carry a `url`. */
export type MessageType = "text" | "img" | "audio" | "video" | "file" | "custom";

/** Width and height of a picture. */
export interface PixelSize {
  /** Pixels, 1 to 65,535. */
  readonly width: number;
  /** Pixels, 1 to 65,535. */
  readonly height: number;
}

/** What `img`, `audio`, `video` and `file` carry; `url` is required for them, `name` for `file`. */
export interface MediaFields {
  /** http(s), or a path on the server; at most 2,048 bytes. Text of another user: check it before it becomes a link. */
  readonly url?: string | undefined;
  /** What the reader shows to get the file; at most 512 bytes. */
  readonly secret?: string | undefined;
  /** Of `img` and `video`: reserve the space. */
  readonly size?: PixelSize | undefined;
  /** Length of `audio` and `video` in milliseconds. */
  readonly durationMs?: number | undefined;
  /** File name, at most 255 bytes. */
  readonly name?: string | undefined;
  /** Size of the file in bytes. */
  readonly bytes?: number | undefined;
  /** For example "image/png"; at most 255 bytes. */
  readonly mimeType?: string | undefined;
}

/** A room that was joined. */
export interface RoomTarget {
  /** "room:" and 1 to 64 letters, digits, "_", "." or "-". */
  readonly channel: string;
  /** Not with a room. */
  readonly userId?: undefined;
}

/** A user, online or not. */
export interface UserTarget {
  /** 1 to 64 bytes. */
  readonly userId: string;
  /** Not with a user. */
  readonly channel?: undefined;
}

/** Where a message goes: a room that was joined, or a user, online or not. */
export type Target = RoomTarget | UserTarget;

/** What a message to send holds besides where it goes. */
export interface DraftContent extends MediaFields {
  /** Default "text". */
  readonly type?: MessageType | undefined;
  /** The text, a caption for media, what you like for "custom"; may be missing for media. The whole frame has 64 KiB at most. */
  readonly msg?: string | undefined;
}

/** A message to send. */
export type Draft = Target & DraftContent;

/** A place in a channel: offsets count from 1 without holes; another epoch counts anew. */
export interface Position {
  /** Names the log that the offset counts in; to be compared only. */
  readonly epoch: string;
  /** 0: before the first message. */
  readonly offset: number;
}

/** A place in a named channel. */
export interface ChannelPosition extends Position {
  /** "room:<name>", "inbox:<user id>" or "all". */
  readonly channel: string;
}

/** A stored message. `msg`, `from`, `nickname` and the rest are other people's text, never HTML. */
export interface Message extends MediaFields, ChannelPosition {
  /** Unique; the same in both inboxes of a 1:1 message. */
  readonly id: string;
  /** The sender's own id for it: what send() used. */
  readonly seq: string;
  /** The sender's user id. */
  readonly from: string;
  /** The sender's platform, 101 for web; 0 if a back end sent it. */
  readonly appPlatform: number;
  /** The recipient of a 1:1 message; empty in a room. */
  readonly target: string;
  /** What it is. */
  readonly type: MessageType;
  /** The text, or a caption; may be empty for media. */
  readonly msg: string;
  /** When it was stored, unix milliseconds; never decreasing within a channel. */
  readonly sentAt: number;
  /** The sender's display name at that time, if there was one. */
  readonly nickname?: string | undefined;
  /** Address of the sender's picture at that time, if there was one. Check it before it becomes a link. */
  readonly avatar?: string | undefined;
}

/** A message was stored: its id and place. Of a 1:1 message, the place in the own inbox. */
export interface Receipt extends ChannelPosition {
  /** The message's id. */
  readonly id: string;
  /** When it was stored, unix milliseconds. */
  readonly sentAt: number;
}

/** A channel the session is a member of now; everything after `offset` arrives as `message` events. */
export interface JoinedChannel extends ChannelPosition {
  /** Only when resuming: whether everything that was missed follows. */
  readonly recovered?: boolean | undefined;
  /** The offset up to which this user has read, if known. */
  readonly read?: number | undefined;
}

/** A login that succeeded. */
export interface LoginResult {
  /** Names this session in operators' lists. */
  readonly sessionId: string;
  /** The channels that the session is a member of: the platform's room, the own inbox, "all", and those resumed. */
  readonly channels: readonly JoinedChannel[];
}

/** A page of kept messages. */
export interface HistoryPage {
  /** The channel that was asked for. */
  readonly channel: string;
  /** The log that the offsets count in. */
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
  /** Upwards from this offset, exclusive; 0 for the first message. */
  readonly after?: number | undefined;
  /** Downwards from this offset, exclusive. */
  readonly before?: number | undefined;
  /** 1 to 1,000 messages; default 100. */
  readonly limit?: number | undefined;
}

/** Who logs in. */
export interface Credentials {
  /** 1 to 64 bytes, no control characters, no white space at the ends. */
  readonly userId: string;
  /** One of the server's platforms; default 101, web. */
  readonly appPlatform?: number | undefined;
  /** Proves who this is; a function is asked anew at each reconnect, so that a token may be short-lived. At most 8,192 bytes. */
  readonly serviceToken?: string | (() => string | Promise<string>) | undefined;
  /** Display name, at most 64 bytes. */
  readonly nickname?: string | undefined;
  /** Address of a picture, at most 2,048 bytes. */
  readonly avatar?: string | undefined;
  /** Where an earlier run had read to (`positions` of the client), at most 256: what was missed since follows. */
  readonly positions?: readonly ChannelPosition[] | undefined;
}

/** A user came to a room or left it. */
export interface PresenceEvent {
  /** The room. */
  readonly channel: string;
  /** The user's id. */
  readonly from: string;
  /** The user's platform. */
  readonly appPlatform: number;
  /** Display name, if there is one. */
  readonly nickname?: string | undefined;
  /** Address of a picture, if there is one. */
  readonly avatar?: string | undefined;
}

/** In a room of more than 200 members, instead of `enter` and `exit`; at most once a second. */
export interface MembersEvent {
  /** The room. */
  readonly channel: string;
  /** Users in it now. */
  readonly count: number;
  /** User ids of the newest few, newest last. */
  readonly newest: readonly string[];
}

/** A user is writing. */
export interface TypingEvent {
  /** The room, or the own inbox if it is a 1:1 message. */
  readonly channel: string;
  /** Who writes. */
  readonly from: string;
  /** The platform on which they write. */
  readonly appPlatform: number;
}

/** A room or the own inbox was read up to `offset`; or `from` has read your 1:1 messages up to that with `id`. */
export interface ReadEvent {
  /** The room, or the own inbox. */
  readonly channel: string;
  /** Who has read. */
  readonly from: string;
  /** The platform on which they have. */
  readonly appPlatform: number;
  /** With `offset`: the log that it counts in. */
  readonly epoch?: string | undefined;
  /** Up to where, in a room or the own inbox. */
  readonly offset?: number | undefined;
  /** The newest message of yours that they have read, in a 1:1 conversation. */
  readonly id?: string | undefined;
}

/** The server speaks to this session. */
export interface NoticeEvent {
  /**
   * "draining": this node is about to stop, and the client will reconnect. "history_lost": a channel's log was lost and counts
   * anew. Others may be added.
   */
  readonly notice: string;
  /** The channel concerned, if there is one. */
  readonly channel?: string | undefined;
}
