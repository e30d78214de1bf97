/**
 * Frames: what the codecs turn bytes into, and make bytes of.
 */
import type { PrimError } from "../base/errors.ts";
import type { ChannelId, SessionId } from "../base/ids.ts";
import type { HistoryPage } from "../core/channel-log.ts";
import type { JoinedChannel } from "../core/membership.ts";
import type { Receipt } from "../core/message.ts";
import type { Command } from "./commands.ts";

/** `json` is the seed's spelling, `reference` the reference system's (`cmd`, `userID`, `appID`), both as text frames. */
export type Format = "json" | "reference" | "protobuf";

/** A frame that came from a client: a command, or what is wrong with it. */
export interface Incoming {
  readonly format: Format;
  /** Empty if the frame is no valid request. */
  readonly seq: string;
  /** As the client wrote it; empty if the frame is no valid request. */
  readonly action: string;
  readonly command: Command | PrimError;
}

/** What a command that succeeded is answered. */
export type Result =
  | {
      readonly action: "login";
      readonly sessionId: SessionId;
      readonly channels: readonly JoinedChannel[];
      /** False for a client of the seed's protocol, which expects null. */
      readonly details: boolean;
    }
  | { readonly action: "heartbeat" | "logout" | "leave" | "read" | "typing" | "ping" }
  | { readonly action: "send"; readonly receipt: Receipt }
  | { readonly action: "join"; readonly joined: JoinedChannel }
  | { readonly action: "history"; readonly channel: ChannelId; readonly page: HistoryPage };

export type Frame = string | Uint8Array<ArrayBuffer>;
