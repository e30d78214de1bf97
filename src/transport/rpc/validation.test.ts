import { expect, test } from "bun:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { openRpc } from "../../../test/rpc/rpc-fixture.ts";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { OpsService } from "../../gen/prim/v1/ops_pb.ts";
import { PushService } from "../../gen/prim/v1/push_pb.ts";

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  return call.then(
    () => Promise.reject(new Error("The call did not fail")),
    (error) => ConnectError.from(error),
  );
}

test("a request that breaks rules is refused with the path, the rule and the words for each", async () => {
  await using rpc = await openRpc();
  const push = createClient(PushService, createGrpcTransport({ baseUrl: rpc.baseUrl }));
  const users = [{ userId: "ann" }, { userId: "x".repeat(65) }];
  const error = await failureOf(push.queryUsersOnline({ users }));
  expect(error.code).toBe(Code.InvalidArgument);
  expect(error.findDetails(BadRequestSchema)).toMatchObject([
    {
      fieldViolations: [
        { field: "users[1].user_id", description: "must be at most 64 bytes", reason: "string.max_bytes" },
      ],
    },
  ]);
});

test("what a user wrote is not in the error", async () => {
  await using rpc = await openRpc();
  const push = createClient(PushService, createGrpcTransport({ baseUrl: rpc.baseUrl }));
  const error = await failureOf(push.sendToUser({ userId: "ann", content: { type: "hunter2" } }));
  expect(error.rawMessage).not.toContain("hunter2");
});

test("the borders hold: 1 and 1,000 users pass, 0 and 1,001 do not", async () => {
  await using rpc = await openRpc();
  const push = createClient(PushService, createGrpcTransport({ baseUrl: rpc.baseUrl }));
  const ask = (count: number) =>
    push.queryUsersOnline({ users: Array.from({ length: count }, () => ({ userId: "ann" })) });
  expect((await ask(1)).users).toHaveLength(1);
  expect((await ask(1_000)).users).toHaveLength(1_000);
  expect((await failureOf(ask(0))).code).toBe(Code.InvalidArgument);
  expect((await failureOf(ask(1_001))).code).toBe(Code.InvalidArgument);
});

test("the request of a stream is checked as well", async () => {
  await using rpc = await openRpc();
  const ops = createClient(OpsService, createGrpcTransport({ baseUrl: rpc.baseUrl }));
  const first = (periodMs: number) => ops.watchState({ periodMs })[Symbol.asyncIterator]().next();
  expect((await failureOf(first(99))).code).toBe(Code.InvalidArgument);
  expect((await first(100)).value?.state?.requestsTotal).toBe(1n);
});
