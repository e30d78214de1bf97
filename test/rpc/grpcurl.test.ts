/** Every method that back ends and operators have, called with grpcurl (grpc-go) on a running prim. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ChatService } from "../../src/gen/prim/v1/chat_service_pb.ts";
import { describeWith } from "../parts.ts";
import { type PrimProcess, run, startPrim } from "./prim-process.ts";
import { openStream } from "./stream-client.ts";

describeWith("grpcurl", "grpcurl", (grpcurl) => {
  let prim: PrimProcess;
  beforeAll(async () => {
    prim = await startPrim();
  });
  afterAll(() => prim[Symbol.asyncDispose]());

  async function call(method: string, request: object = {}, ...flags: string[]) {
    const body = ["-d", JSON.stringify(request)];
    const { stdout, stderr } = await run([grpcurl, "-plaintext", ...flags, ...body, prim.rpcAddress, method]);
    return { stderr, answer: stderr === "" ? JSON.parse(stdout) : {}, stdout };
  }
  const push = (method: string, request: object) => call(`prim.v1.PushService/${method}`, request);
  const ops = (method: string, request: object = {}) => call(`prim.v1.OpsService/${method}`, request);

  test("lists and describes all services", async () => {
    const { stdout } = await run([grpcurl, "-plaintext", prim.rpcAddress, "list"]);
    expect(stdout.trim().split("\n")).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "prim.v1.ChatService",
      "prim.v1.OpsService",
      "prim.v1.PushService",
      "protobuf.AccServer",
    ]);
    for (const symbol of ["prim.v1.ChatService", "prim.v1.PushService", "protobuf.AccServer"]) {
      const described = await run([grpcurl, "-plaintext", prim.rpcAddress, "describe", symbol]);
      expect(described.stdout).toContain(`${symbol} is a service`);
    }
  }, 20_000);

  test("PushService: sends, lists, asks who is online, reads history and kicks", async () => {
    await using ann = await openStream(prim.rpcAddress, "ann");
    const users = [{ user_id: "ann", app_platform: 101 }, { user_id: "ann" }, { user_id: "bob" }];
    const online = await push("QueryUsersOnline", { users });
    expect(online.answer.users.map((user: { online?: boolean }) => user.online ?? false)).toEqual([
      true,
      true,
      false,
    ]);
    const listed = await push("ListUsers", { app_platform: 101 });
    expect(listed.answer).toEqual({ users: [{ userId: "ann", appPlatform: 101 }], totalCount: "1" });

    const mail = { content: { msg: "hello" }, msg_id: "order-1" };
    const first = await push("SendToUser", { user_id: "ann", ...mail });
    expect(first.answer).toMatchObject({ online: true, receipt: { channel: "inbox:ann", offset: "1" } });
    const again = await push("SendToUser", { user_id: "ann", ...mail });
    expect(again.answer).toMatchObject({ repeated: true, receipt: { id: first.answer.receipt.id } });
    const many = await push("SendToUsers", { user_ids: ["ann", " bob", "cat"], content: { msg: "many" } });
    expect(many.answer.results).toMatchObject([
      { userId: "ann", receipt: { offset: "2" } },
      { userId: " bob", failure: { code: 3, reason: "ILLEGAL_USER_ID" } },
      { userId: "cat", receipt: { offset: "1" } },
    ]);
    const room = await push("SendToRoom", { channel: "room:101", from: "news", content: { msg: "room" } });
    expect(room.answer.receipt).toMatchObject({ channel: "room:101", offset: "1" });
    const picture = { type: "img", media: { url: "https://example.org/a.png" } };
    const all = await push("Broadcast", { content: picture });
    expect(all.answer.receipt).toMatchObject({ channel: "all" });
    await ann.until((messages) => messages.length === 4);
    expect(ann.messages().map(({ msg, from }) => `${from}: ${msg}`)).toEqual([
      "system: hello",
      "system: many",
      "news: room",
      "system: ",
    ]);

    const page = await push("History", { channel: "inbox:ann", limit: 1 });
    expect(page.answer).toMatchObject({ head: "2", more: true, messages: [{ msg: "many", offset: "2" }] });
    const kicked = await push("Kick", { user: { user_id: "ann" }, reason: "out" });
    expect(kicked.answer).toEqual({ sessions: 1 });
    expect(await ann.ended).toMatchObject({ rawMessage: "out", reason: "KICKED" });
    expect((await push("Kick", { user: { user_id: "ann" } })).stderr).toContain("Code: NotFound");
  }, 30_000);

  test("PushService pages through users, and refuses a token that is none", async () => {
    await using _ann = await openStream(prim.rpcAddress, "ann");
    await using _bob = await openStream(prim.rpcAddress, "bob");
    const first = await push("ListUsers", { page_size: 1 });
    expect(first.answer.users).toMatchObject([{ userId: "ann" }]);
    const next = { page_size: 1, page_token: first.answer.nextPageToken };
    expect((await push("ListUsers", next)).answer).toEqual({
      users: [{ userId: "bob", appPlatform: 101 }],
      totalCount: "2",
    });
    expect((await push("ListUsers", { page_token: "nonsense" })).stderr).toContain("Code: InvalidArgument");
    expect((await push("ListUsers", { channel: "all" })).stderr).toContain("Code: InvalidArgument");
  }, 20_000);

  test("OpsService: state, nodes, sessions, a watch and the log level", async () => {
    await using ann = await openStream(prim.rpcAddress, "ann");
    const { state } = (await ops("GetState")).answer;
    expect(state).toMatchObject({ status: "NODE_STATUS_SERVING", storage: "memory", storageOk: true });
    expect(state).toMatchObject({ sessions: "1", users: "1", channels: "3" });
    const nodes = (await ops("ListNodes")).answer.nodes;
    expect(nodes).toMatchObject([{ nodeId: state.nodeId, self: true, rpcAddress: prim.rpcAddress }]);

    const { sessions } = (await ops("ListSessions", { user_id: "ann", wire: "SESSION_WIRE_RPC" })).answer;
    expect(sessions).toMatchObject([{ userId: "ann", appPlatform: 101, remoteAddress: "127.0.0.1" }]);
    expect(sessions[0].sessionId).toBe(ann.sessionId);
    expect((await ops("ListSessions", { wire: "SESSION_WIRE_WEBSOCKET_JSON" })).answer).toEqual({});
    expect((await ops("ListSessions", { channel: "room:nowhere" })).answer).toEqual({});
    expect((await ops("ListSessions", { backlog_bytes_min: 1 })).answer).toEqual({});
    const one = (await ops("GetSession", { session_id: ann.sessionId })).answer.session;
    expect(one.channels).toEqual(["room:101", "inbox:ann", "all"]);
    expect((await ops("GetSession", { session_id: "nobody" })).stderr).toContain("Code: NotFound");

    const watch = [
      "-d",
      JSON.stringify({ period_ms: 100 }),
      prim.rpcAddress,
      "prim.v1.OpsService/WatchState",
    ];
    const watching = Bun.spawn([grpcurl, "-plaintext", ...watch], { stdout: "pipe", stderr: "ignore" });
    const decoder = new TextDecoder();
    let watched = "";
    for await (const chunk of watching.stdout) {
      watched += decoder.decode(chunk, { stream: true });
      if (watched.split("NODE_STATUS_SERVING").length > 5) watching.kill();
    }
    expect(watched.split("NODE_STATUS_SERVING").length).toBeGreaterThan(5);

    expect((await ops("SetLogLevel", { level: "LOG_LEVEL_WARN" })).answer).toEqual({
      previous: "LOG_LEVEL_ERROR",
    });
    expect((await ops("SetLogLevel", { level: 4 })).answer).toEqual({ previous: "LOG_LEVEL_WARN" });
  }, 30_000);

  test("shows the reason and the field of a refused call", async () => {
    const refused = await push("SendToUser", { user_id: "ann ", content: { msg: "x" } });
    expect(refused.stderr).toContain("ILLEGAL_USER_ID");
    const broken = await push("QueryUsersOnline", { users: [{ user_id: "" }] });
    expect(broken.stderr).toContain("google.rpc.BadRequest");
    expect(broken.stderr).toContain("users[0].user_id");
    expect((await call("prim.v1.ChatService/Send", { channel: "room:101", msg: "x" })).stderr).toContain(
      "Code: Unauthenticated",
    );
  }, 20_000);

  test("AccServer answers as the reference system does", async () => {
    await using ann = await openStream(prim.rpcAddress, "ann");
    const acc = (method: string, request: object) => call(`protobuf.AccServer/${method}`, request);
    const key = { appID: 101, userID: "ann" };
    expect((await acc("QueryUsersOnline", key)).answer).toEqual({ retCode: 200, online: true });
    expect((await acc("QueryUsersOnline", { appID: 9, userID: "ann" })).answer.retCode).toBe(1003);
    expect((await acc("QueryUsersOnline", { appID: 101 })).answer.retCode).toBe(1002);
    expect((await acc("GetUserList", { appID: 101 })).answer).toEqual({ retCode: 200, userID: ["ann"] });
    const one = { ...key, seq: "7", cms: "msg", type: "text", msg: "one" };
    const sent = (await acc("SendMsg", one)).answer;
    expect(sent.retCode).toBe(200);
    expect((await acc("SendMsg", one)).answer.sendMsgID).toBe(sent.sendMsgID);
    const all = { appID: 101, userID: "bob", seq: "8", cms: "msg", type: "text", msg: "all" };
    expect((await acc("SendMsgAll", all)).answer.retCode).toBe(200);
    expect((await acc("SendMsgAll", { ...all, seq: "9", cms: "exit" })).answer.retCode).toBe(200);
    expect((await acc("SendMsg", { ...one, cms: "dance" })).answer.retCode).toBe(1001);
    await ann.until((_, events) => events.length === 3);
    expect(ann.messages().map(({ msg }) => msg)).toEqual(["one", "all"]);
    expect(ann.events().map((event) => event.case)).toEqual(["msg", "msg", "exit"]);
  }, 30_000);

  test("Drain makes the process stop: health, streams and exit code", async () => {
    const own = await startPrim();
    await using ann = await openStream(own.rpcAddress, "ann");
    const drain = [grpcurl, "-plaintext", own.rpcAddress, "prim.v1.OpsService/Drain"];
    expect(JSON.parse((await run(drain)).stdout)).toEqual({ sessions: "1" });
    expect(await ann.ended).toMatchObject({ reason: "DRAINING" });
    expect(await own.exited).toBe(0);
    const transport = createGrpcTransport({ baseUrl: `http://${own.rpcAddress}` });
    await expect(createClient(ChatService, transport).login({ userId: "ann" })).rejects.toThrow();
  }, 20_000);
});
