import { describe, expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { PrimError } from "../../base/errors.ts";
import { RPC_VIOLATIONS_MAX } from "../../base/limits.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { invalidRequest, toConnectError } from "./errors.ts";

describe("toConnectError()", () => {
  test("keeps a PrimError's code, message and reason", () => {
    const cause = new PrimError("permission_denied", "Cannot send", { reason: "NOT_A_MEMBER" });
    const error = toConnectError(cause);
    expect(error.code).toBe(Code.PermissionDenied);
    expect(error.rawMessage).toBe("Cannot send");
    expect(error.cause).toBe(cause);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "NOT_A_MEMBER", domain: "prim" }]);
  });

  test("gives a PrimError without a reason its code as reason", () => {
    const error = toConnectError(new PrimError("not_found", "None there"));
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "NOT_FOUND", domain: "prim" }]);
  });

  test("tells nothing of an unknown error, and keeps it as cause", () => {
    const cause = new TypeError("password=hunter2");
    const error = toConnectError(cause);
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toBe("Internal error");
    expect(error.cause).toBe(cause);
  });

  test("leaves a ConnectError as it is", () => {
    const error = new ConnectError("as it is", Code.DataLoss);
    expect(toConnectError(error)).toBe(error);
  });

  test("makes the echo of a deadline or a cancel what it was", () => {
    const deadline = new ConnectError("late", Code.DeadlineExceeded);
    const echo = new DOMException("The operation was aborted", "AbortError");
    expect(toConnectError(echo, AbortSignal.abort(deadline))).toBe(deadline);
    expect(toConnectError(echo, AbortSignal.abort()).code).toBe(Code.Canceled);
    expect(toConnectError(echo, new AbortController().signal).code).toBe(Code.Internal);
    expect(toConnectError(new TypeError("a bug"), AbortSignal.abort()).code).toBe(Code.Internal);
  });
});

describe("invalidRequest()", () => {
  test("names the first violation in words and all in details", () => {
    const error = invalidRequest([
      { field: "users[3].user_id", description: "must be longer", reason: "string.min_bytes" },
      { field: "users", description: "must be fewer", reason: "repeated.max_items" },
    ]);
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.rawMessage).toBe("Cannot use the request: users[3].user_id must be longer");
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "INVALID_REQUEST", domain: "prim" }]);
    const [badRequest] = error.findDetails(BadRequestSchema);
    expect(badRequest?.fieldViolations.map(({ field }) => field)).toEqual(["users[3].user_id", "users"]);
  });

  test("tells no more than the first ten", () => {
    const violations = Array.from({ length: RPC_VIOLATIONS_MAX + 1 }, (_, index) => {
      return { field: `users[${index}]`, description: "is wrong", reason: "wrong" };
    });
    const [badRequest] = invalidRequest(violations).findDetails(BadRequestSchema);
    expect(badRequest?.fieldViolations).toHaveLength(RPC_VIOLATIONS_MAX);
  });
});
