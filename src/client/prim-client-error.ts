/**
 * PrimClientError: how every call of the SDK fails.
 */

/** What the server answers, each with its code (PROTOCOL.md, "Codes"). */
export type ServerReason =
  /** 1000: nobody is logged in on this connection. */
  | "not_logged_in"
  /** 1001: an argument is not allowed; the message says which, and what is. */
  | "illegal_parameter"
  /** 1002: the user id is empty, too long, or has control characters or white space at its ends. */
  | "illegal_user_id"
  /** 1003: the platform is not allowed, or the user is no member of the channel. */
  | "unauthorized"
  /** 1004: a fault in the server. */
  | "server_error"
  /** 1005: what was asked for does not exist. */
  | "no_data"
  /** 1006 to 1009: not now, for example because somebody is logged in already. */
  | "operation_failed"
  /** 1010: the server does not know the action. */
  | "no_such_action"
  /** 1011: over the rate, or over the number of rooms or sessions. */
  | "too_many_requests"
  /** 1012: the request is too large. */
  | "too_large"
  /** 1013: the store is away or the node is stopping. The SDK tries such calls again by itself. */
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

/** What the SDK says itself; the wire code is 0 then. */
export type LocalReason =
  /** No answer within the deadline. A message that was on its way may have been stored. */
  | "deadline"
  /** The caller's AbortSignal. A message that was on its way may have been stored. */
  | "aborted"
  /** close() was called, or the server said not to come back. */
  | "closed"
  /** Not connected, and the call makes no sense later. */
  | "offline"
  /** Nobody is logged in, or logout() was called. */
  | "not_logged_in"
  /** A user is logged in already. */
  | "operation_failed"
  /** More messages wait than the outbox takes. */
  | "outbox_full"
  /** More calls wait than allowed, or a reader of messages is too slow. */
  | "too_many_requests"
  /** Larger than a frame may be. */
  | "too_large"
  /** An operator or a back end ended the login. */
  | "kicked"
  /** The server closed the connection because of what this client sent. */
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
