/**
 * Errors on the RPC wire: PrimError and everything else that may be thrown becomes a ConnectError with details
 * that a program can use (google.rpc.ErrorInfo and BadRequest, https://google.aip.dev/193).
 *
 * What is not a PrimError says nothing of its inside to the caller: it stays as `cause`, for the log.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorCode, PrimError } from "../../base/errors.ts";
import { RPC_VIOLATIONS_MAX } from "../../base/limits.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

/** A field of a request that breaks its rules. */
export interface FieldViolation {
  /** Path as the caller writes it, for example `users[3].user_id`. */
  readonly field: string;
  readonly description: string;
  /** The rule, for example `string.max_bytes`. */
  readonly reason: string;
}

const ERROR_DOMAIN = "prim";

const CODES: Readonly<Record<ErrorCode, Code>> = {
  cancelled: Code.Canceled,
  invalid_argument: Code.InvalidArgument,
  deadline_exceeded: Code.DeadlineExceeded,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  out_of_range: Code.OutOfRange,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  unauthenticated: Code.Unauthenticated,
};

/**
 * What the caller is told.
 *
 * @param signal of the call: an error that is only the echo of its end becomes `canceled` or `deadline_exceeded`.
 * @returns an error with ErrorInfo, unless it was a ConnectError already, which stays as it is.
 */
export function toConnectError(error: unknown, signal?: AbortSignal): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof PrimError) {
    const reason = error.reason ?? error.code.toUpperCase();
    return errorWithInfo(error.message, CODES[error.code], reason, error);
  }
  if (signal?.aborted && (error === signal.reason || isAbort(error))) {
    if (signal.reason instanceof ConnectError) return signal.reason;
    return new ConnectError("The caller ended the call", Code.Canceled, undefined, undefined, error);
  }
  return errorWithInfo("Internal error", Code.Internal, "INTERNAL", error);
}

/**
 * `invalid_argument`, reason INVALID_REQUEST, with the first RPC_VIOLATIONS_MAX violations.
 *
 * @param violations at least one.
 */
export function invalidRequest(violations: readonly FieldViolation[]): ConnectError {
  const [first] = violations;
  const message = `Cannot use the request: ${first?.field ?? "it"} ${first?.description ?? "is invalid"}`;
  const error = errorWithInfo(message, Code.InvalidArgument, "INVALID_REQUEST");
  const fieldViolations = violations.slice(0, RPC_VIOLATIONS_MAX).map((violation) => ({ ...violation }));
  error.details.push({ desc: BadRequestSchema, value: { fieldViolations } });
  return error;
}

/** `unavailable`, reason DRAINING: what a stream ends with when the node stops. */
export function drainingError(): ConnectError {
  return errorWithInfo("The node is stopping: come back at once", Code.Unavailable, "DRAINING");
}

/** `unimplemented`: this door can't carry gRPC. */
export function noTrailersError(): ConnectError {
  return new ConnectError(
    "This port has no gRPC: use the RPC port, or gRPC-Web or Connect here",
    Code.Unimplemented,
  );
}

function errorWithInfo(message: string, code: Code, reason: string, cause?: unknown): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, domain: ERROR_DOMAIN } };
  return new ConnectError(message, code, undefined, [info], cause);
}

/** The runtime's words for a call that was broken off; the last is what reading its request fails with. */
function isAbort(error: unknown): boolean {
  if (error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE") return true;
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}
