/**
 * PrimClientError: how every call of the SDK fails.
 */

/** What the server answers by code (PROTOCOL.md, "Codes"). */
const REASON_OF_CODE = {
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
} as const;

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

export type ErrorReason = (typeof REASON_OF_CODE)[keyof typeof REASON_OF_CODE] | LocalReason | "unknown";

export class PrimClientError extends Error {
  override readonly name = "PrimClientError";
  /** The server's code, 1000 and up; 0 if the SDK itself gave up. */
  readonly code: number;
  readonly reason: ErrorReason;

  constructor(reason: ErrorReason, message: string, options?: { code?: number; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.code = options?.code ?? 0;
  }

  /** Of an answer that is no success. */
  static fromAnswer(code: number, text: string): PrimClientError {
    const reason = (REASON_OF_CODE as Readonly<Record<number, ErrorReason>>)[code] ?? "unknown";
    return new PrimClientError(reason, text, { code });
  }
}
