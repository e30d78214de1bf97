/**
 * The failures that callers are expected to handle.
 *
 * A PrimError carries a canonical gRPC code, which each transport maps with one table, and
 * where that is too coarse a reason, for programs to branch on. Bugs are assertions, not this.
 */

/** Canonical gRPC status names (google.rpc.Code), without `ok`. */
export type ErrorCode =
  | "cancelled"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "unauthenticated";

/** Finer than a code, stable, for programs: `google.rpc.ErrorInfo.reason` and the wire code tables use it. */
export type ErrorReason =
  | "ILLEGAL_USER_ID"
  | "PLATFORM_NOT_ALLOWED"
  | "NOT_A_MEMBER"
  | "ALREADY_LOGGED_IN"
  | "TOO_MANY_REQUESTS"
  | "TOO_MANY_CHANNELS"
  | "TOO_LARGE"
  | "STORE_FAILED"
  | "DRAINING"
  | "NOT_SUBSCRIBED"
  | "REPLACED"
  | "TOO_SLOW"
  | "KICKED"
  | "TOKEN_EXPIRED";

export class PrimError extends Error {
  override readonly name = "PrimError";
  readonly code: ErrorCode;
  readonly reason: ErrorReason | undefined;

  /** @param message one sentence, present tense, values in double quotes, no final period. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; reason?: ErrorReason }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options?.reason;
  }
}

/** States what must hold. A failure is a bug in prim: at start it stops the process, in a handler it closes that session. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}
