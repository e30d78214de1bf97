/**
 * Messages: what a sender writes (Content), what is handed to the log (Draft), and what the
 * log gives back with a place in its channel (Message). Knows no wire.
 */
import type { AppPlatform, ChannelId, Epoch, MessageId, UserId } from "../base/ids.ts";

export const MESSAGE_TYPES = ["text", "img", "audio", "video", "file", "custom"] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** Where a message stands: offsets count from 1 without holes within one epoch of a channel. */
export interface Position {
  readonly epoch: Epoch;
  readonly offset: number;
}

export interface ChannelPosition extends Position {
  readonly channel: ChannelId;
}

/** Width and height in pixels, so that a client can reserve the space. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** A file that lies elsewhere: `img`, `audio`, `video` and `file` messages have one. */
export interface Media {
  /** http(s), or a path on this server. */
  readonly url: string;
  /** What the reader must show to get the file; only members of the channel see it. */
  readonly secret?: string | undefined;
  readonly size?: PixelSize | undefined;
  readonly durationMs?: number | undefined;
  readonly name?: string | undefined;
  /** Size of the file. */
  readonly bytes?: number | undefined;
  readonly mimeType?: string | undefined;
}

export interface Content {
  readonly type: MessageType;
  /** The text; a caption for media; what the application likes for `custom`. */
  readonly msg: string;
  readonly media?: Media | undefined;
}

/** A message without a place yet. */
export interface Draft extends Content {
  readonly id: MessageId;
  /** The client message id: the sender's seq, or a back end's msgId. */
  readonly seq: string;
  readonly from: UserId;
  /** The sender's platform; 0 if a back end sent it. */
  readonly appPlatform: AppPlatform;
  /** The recipient, in a 1:1 message: it lies in two inboxes, this says who is at the other end. */
  readonly to?: UserId | undefined;
  readonly nickname?: string | undefined;
  readonly avatar?: string | undefined;
}

/** What a sender is answered: the message's id and place. */
export interface Receipt extends ChannelPosition {
  readonly id: MessageId;
  /** Unix milliseconds, never decreasing within a channel. */
  readonly sentAt: number;
}

export interface Message extends Draft, Receipt {}
