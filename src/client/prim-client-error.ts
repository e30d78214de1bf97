/**
 * PrimClientError: how every call of the SDK fails.
 */

/**
 * What the server answers, each with its code (PROTOCOL.md, "Codes").
 *
 * - `not_logged_in`: 1000: nobody is logged in on this connection.
 * - `illegal_parameter`: 1001: an argument is not allowed; the message says which, and what is.
 * - `illegal_user_id`: 1002: the user id is empty, too long, or has control characters or white space at its ends.
 * - `unauthorized`: 1003: the platform is not allowed, or the user is no member of the channel.
 * - `server_error`: 1004: a fault in the server.
 * - `no_data`: 1005: what was asked for does not exist.
 * - `operation_failed`: 1006 to 1009: not now, for example because somebody is logged in already.
 * - `no_such_action`: 1010: the server does not know the action.
 * - `too_many_requests`: 1011: over the rate, or over the number of rooms or sessions.
 * - `too_large`: 1012: the request is too large.
 * - `unavailable`: 1013: the store is away or the node is stopping. The SDK tries such calls again by itself.
 */
export type ServerReason =
  | "not_logged_in"
  | "illegal_parameter"
  | "illegal_user_id"
  | "unauthorized"
  | "server_error"
  | "no_data"
  | "operation_failed"
  | "no_such_action"
  | "too_many_requests"
  | "too_large"
  | "unavailable";

const REASON_OF_CODE: Readonly<Record<number, ServerReason>> = {
  1000: "not_logged_in",
  1001: "illegal_parameter",
  1002: "illegal_user_id",
  1003: "unauthorized",
  1004: "server_error",
  1005: "no_data",
  1006: "operation_failed",
  1007: "operation_failed",
  1008: "operation_failed",
  1009: "operation_failed",
  1010: "no_such_action",
  1011: "too_many_requests",
  1012: "too_large",
  1013: "unavailable",
};

/**
 * What the SDK says itself; the wire code is 0 then.
 *
 * - `deadline`: no answer within the deadline. A message that was on its way may have been stored.
 * - `aborted`: the caller's AbortSignal. A message that was on its way may have been stored.
 * - `closed`: close() was called, or the server said not to come back.
 * - `offline`: not connected, and the call makes no sense later.
 * - `not_logged_in`: nobody is logged in, or logout() was called.
 * - `operation_failed`: a user is logged in already.
 * - `outbox_full`: more messages wait than the outbox takes.
 * - `too_many_requests`: more calls wait than allowed, or a reader of messages is too slow.
 * - `too_large`: larger than a frame may be.
 * - `kicked`: an operator or a back end ended the login.
 * - `protocol`: the server closed the connection because of what this client sent.
 */
export type LocalReason =
  | "deadline"
  | "aborted"
  | "closed"
  | "offline"
  | "not_logged_in"
  | "operation_failed"
  | "outbox_full"
  | "too_many_requests"
  | "too_large"
  | "kicked"
  | "protocol";

/** For programs to branch on. "unknown" is a code that this version of the SDK does not know. */
export type ErrorReason = ServerReason | LocalReason | "unknown";

/** How every call of the SDK fails. `message` says it for people, `cause` holds the error behind it if there is one. */
export class PrimClientError extends Error {
  /** Always "PrimClientError". */
  override readonly name = "PrimClientError";
  /** The server's code, 1000 and up; 0 if the SDK itself gave up. */
  readonly code: number;
  /** The same as a word. */
  readonly reason: ErrorReason;

  /** The SDK makes them. */
  constructor(reason: ErrorReason, message: string, options?: { code?: number; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.code = options?.code ?? 0;
  }

  /** Of an answer that is no success. */
  static fromAnswer(code: number, text: string): PrimClientError {
    const reason = REASON_OF_CODE[code] ?? "unknown";
    return new PrimClientError(reason, text, { code });
  }
}
