/**
 * What the view shows: plain values that are replaced, never changed, so that a part which did not change is the same object.
 */
import type { ErrorReason } from "../../src/client/index.ts";
import type { ConversationKind, Summary } from "./conversation.ts";
import type { People } from "./roster.ts";
import type { Row } from "./rows.ts";
import type { Reading } from "./timeline.ts";

export type ConnectionState =
  | { readonly kind: "connecting" | "online" | "draining" }
  /** Another attempt follows at this time, in unix milliseconds. */
  | { readonly kind: "offline"; readonly retryAt: number }
  /** The server does not let this user in (any more). */
  | { readonly kind: "refused"; readonly reason: ErrorReason };

export interface OpenState {
  readonly id: string;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly joined: boolean;
  /** Of the other user of a 1:1 conversation. */
  readonly online: boolean | undefined;
  readonly rows: readonly Row[];
  readonly loaded: boolean;
  readonly reading: Reading | undefined;
  readonly olderLeft: boolean;
  /** False while newer messages than those in `rows` have to be read first. */
  readonly attached: boolean;
  readonly typing: readonly string[];
  readonly unread: number;
  /** Who is in the room; undefined until it is known, and where there is no room. */
  readonly people: People | undefined;
  /** People who wrote here and are not in the room now. */
  readonly away: readonly string[];
  /** Changes when the rows have nothing to do with those before. */
  readonly run: string;
}

/** For those who hear the page: the newest message of somebody else in the open conversation. */
export interface Announcement {
  readonly key: string;
  readonly from: string;
  readonly text: string;
}

export interface ChatState {
  readonly me: string;
  readonly connection: ConnectionState;
  /** The connection was lost, and is not back yet. */
  readonly lost: boolean;
  /** The name was refused. */
  readonly nameRefused: boolean;
  /** Latest first; offered rooms are among them, not joined. */
  readonly conversations: readonly Summary[];
  readonly unreadTotal: number;
  readonly open: OpenState | undefined;
  readonly announcement: Announcement | undefined;
}
