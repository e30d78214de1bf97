import { expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import { ConnectFailure } from "./connect-failure.ts";

function failureOf(code: Code, reason: string, field?: string): ConnectFailure | undefined {
  const details = [{ desc: ErrorInfoSchema, value: { reason, domain: "prim" } }];
  const error = new ConnectError("why", code, undefined, details);
  if (field !== undefined) {
    const violations = [{ field, description: "d".repeat(200), reason: "r" }];
    error.details.push({ desc: BadRequestSchema, value: { fieldViolations: violations } });
  }
  const json = errorToJson(error, undefined) as { details: object[] };
  // `debug` is for people: it may be missing.
  const details2 = json.details.map((detail) => ({ ...detail, debug: undefined }));
  return ConnectFailure.fromJson({ ...json, details: details2 });
}

test("ConnectFailure reads code, reason and field as the server writes them", () => {
  expect(failureOf(Code.PermissionDenied, "KICKED")).toMatchObject({
    code: "permission_denied",
    reason: "KICKED",
    message: "why",
    wireCode: 1003,
  });
  expect(failureOf(Code.InvalidArgument, "ILLEGAL_USER_ID")?.wireCode).toBe(1002);
  expect(failureOf(Code.InvalidArgument, "INVALID_REQUEST", "user_id")?.wireCode).toBe(1002);
  expect(failureOf(Code.InvalidArgument, "INVALID_REQUEST", "nickname")?.wireCode).toBe(1001);
  expect(failureOf(Code.Canceled, "")?.wireCode).toBe(1009);
  const codes = Object.values(Code).filter((code) => typeof code === "number");
  for (const code of codes) expect(failureOf(code, "X")?.wireCode).toBeGreaterThan(999);
});

test("ConnectFailure is none of what others say", () => {
  for (const json of [
    null,
    1,
    "x",
    [],
    {},
    { code: 5 },
    { code: "toString" },
    { code: "nginx" },
    { error: {} },
  ]) {
    expect(ConnectFailure.fromJson(json)).toBeUndefined();
  }
});

test("ConnectFailure gets along with details that are broken", () => {
  const info = "google.rpc.ErrorInfo";
  const details = [null, 1, { type: info }, { type: info, value: 1 }, { type: info, value: "%" }, "x"];
  for (const detail of [...details, { type: info, value: "Cg" }, { type: info, value: "//__" }]) {
    const failure = ConnectFailure.fromJson({ code: "internal", details: [detail] });
    expect(failure).toMatchObject({ code: "internal", reason: "", wireCode: 1004 });
  }
});
