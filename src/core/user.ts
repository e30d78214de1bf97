/**
 * Users: `appPlatform` + `userId`. This file owns what a user id may look like and what a node
 * remembers of a user who is logged in on it.
 */
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, UserId } from "../base/ids.ts";
import { USER_ID_BYTES_MAX } from "../base/limits.ts";
import type { Session } from "./session.ts";

/** Somebody logged in on one platform on this node, over one or more sessions. */
export interface User {
  readonly appPlatform: AppPlatform;
  readonly userId: UserId;
  /** Never empty while the user is in the hub. */
  readonly sessions: Session[];
}

/** The sender of messages that a back end sends in nobody's name; nobody can log in as it. */
export const SYSTEM_USER = "system" as UserId;

// Control characters (C0, DEL, C1) break logs and terminals; line and paragraph separators and
// bidirectional overrides let one name look like another.
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

/**
 * Checks a user id that came from outside: 1 to USER_ID_BYTES_MAX bytes of well-formed text
 * without control characters, direction overrides or surrounding white space.
 *
 * @throws {PrimError} `invalid_argument`, reason `ILLEGAL_USER_ID`.
 */
export function parseUserId(text: string): UserId {
  const fault = userIdFault(text);
  if (fault !== undefined) {
    throw new PrimError("invalid_argument", `Cannot use the user id: ${fault}`, {
      reason: "ILLEGAL_USER_ID",
    });
  }
  return text as UserId;
}

function userIdFault(text: string): string | undefined {
  if (text.length === 0) return "it is empty";
  if (text.length > USER_ID_BYTES_MAX || Buffer.byteLength(text) > USER_ID_BYTES_MAX) {
    return `it is longer than ${USER_ID_BYTES_MAX} bytes of UTF-8`;
  }
  if (!text.isWellFormed()) return "it has half a surrogate pair";
  if (FORBIDDEN.test(text)) return "it has control characters";
  if (text.trim() !== text) return "it begins or ends with white space";
  return undefined;
}
