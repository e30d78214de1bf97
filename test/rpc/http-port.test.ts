/** The HTTP port carries everything at once: the page, the HTTP interface, WebSockets, and RPC over both HTTP versions. */
import { expect, test } from "bun:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";
import { startPrim } from "./prim-process.ts";
import { openStream } from "./stream-client.ts";
import { openWebSocket } from "./web-socket-client.ts";

test("one port serves the page, the HTTP interface, a WebSocket, and calls over HTTP/1.1 and HTTP/2", async () => {
  await using prim = await startPrim();
  const baseUrl = prim.httpUrl;
  await using web = await openWebSocket(`${baseUrl.replace("http", "ws")}/acc`, "web");
  const transports = [
    createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    createConnectTransport({ baseUrl, httpVersion: "2" }),
    createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
    createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
  ];
  for (const [index, transport] of transports.entries()) {
    await using stream = await openStream("", `user-${index}`, { transport });
    const content = { msg: `call ${index}` };
    await createClient(PushService, transport).sendToRoom({ channel: "room:101", content });
    await stream.until((messages) => messages.length === 1);
    expect(stream.messages()[0]?.msg).toBe(`call ${index}`);
  }
  expect(web.messages().map(({ offset }) => offset)).toEqual([1, 2, 3, 4]);
  expect(await (await fetch(`${baseUrl}/home/index`)).text()).toContain("<!doctype html>");
  const online = await (await fetch(`${baseUrl}/user/online?userId=web`)).json();
  expect(online).toMatchObject({ code: 200, data: { online: true } });
  const grpc = createClient(OpsService, createGrpcTransport({ baseUrl }));
  const refused = ConnectError.from(await grpc.getState({}).catch((error) => error));
  expect(refused.code).toBe(Code.Unimplemented);
}, 20_000);

test("a call may carry 4 MiB and no more, a body of the HTTP interface a part of that", async () => {
  await using prim = await startPrim();
  const baseUrl = prim.httpUrl;
  const push = createClient(PushService, createConnectTransport({ baseUrl, httpVersion: "1.1" }));
  const users = Array.from({ length: 1_000 }, () => ({ userId: "马".repeat(21) }));
  expect((await push.queryUsersOnline({ users })).users).toHaveLength(1_000);
  const large = { userId: "ann", content: { msg: "x".repeat(5 * 1024 * 1024) } };
  const tooLarge = ConnectError.from(await push.sendToUser(large).catch((error) => error));
  expect(tooLarge.code).toBe(Code.ResourceExhausted);
  const body = new URLSearchParams({ userId: "ann", message: "x".repeat(300 * 1024) });
  const response = await fetch(`${baseUrl}/user/sendMessage`, { method: "POST", body });
  expect(await response.json()).toMatchObject({ code: 1012 });
}, 20_000);
