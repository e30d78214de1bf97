import { expect, test } from "bun:test";
import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { FakeClock } from "../../../test/fake-clock.ts";
import type { NodeId } from "../../base/ids.ts";
import { ChatService } from "../../gen/prim/v1/chat_service_pb.ts";
import { PushService } from "../../gen/prim/v1/push_pb.ts";
import { LOGIN } from "./call-values.ts";
import { createChatGate } from "./chat-gate.ts";
import { LoginBook } from "./login-book.ts";

const clock = new FakeClock();
const logins = new LoginBook({ clock, nodeId: "node" as NodeId, loginsMax: 10, lifeMs: 60_000 });
const gate = createChatGate({ logins, clock, callsPerSecond: 2 });

function contextOf(method: DescMethod, authorization?: string): HandlerContext {
  const requestHeader = new Headers(authorization === undefined ? {} : { authorization });
  const context = { service: method.parent, method, requestHeader, values: createContextValues() };
  return context as unknown as HandlerContext;
}

test("the gate finds the login of a call, and lets Login and other services pass without one", () => {
  const login = logins.open({ user: undefined, profile: undefined, rooms: undefined });
  const context = contextOf(ChatService.method.send, `bearer  ${login.token}`);
  gate(context);
  expect(context.values.get(LOGIN)).toBe(login);
  gate(contextOf(ChatService.method.login));
  gate(contextOf(PushService.method.sendToUser));
});

test.each([undefined, "", "Bearer", "Bearer nonsense", "Basic YTpi"])("the gate refuses %p", (header) => {
  expect(() => gate(contextOf(ChatService.method.subscribe, header))).toThrow(
    "the token is missing or not valid",
  );
});

test("the gate bounds the calls of a login, by the second", () => {
  const { token } = logins.open({ user: undefined, profile: undefined, rooms: undefined });
  const call = () => gate(contextOf(ChatService.method.send, `Bearer ${token}`));
  call();
  call();
  expect(call).toThrow("more than 2 calls in a second");
  clock.advance(1_000);
  call();
});
