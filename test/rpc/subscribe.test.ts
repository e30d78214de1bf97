/** ChatService on a running prim: its streams beside WebSockets, and every way in which a stream ends. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ChatService } from "../../src/gen/prim/v1/chat_service_pb.ts";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";
import { eventually, type PrimProcess, startPrim } from "./prim-process.ts";
import { endOf, openStream } from "./stream-client.ts";
import { openWebSocket } from "./web-socket-client.ts";

const lobby = "room:101";
let prim: PrimProcess;
const grpc = () => createGrpcTransport({ baseUrl: `http://${prim.rpcAddress}` });
const push = () => createClient(PushService, grpc());
const ops = () => createClient(OpsService, grpc());
const open = (userId: string, options = {}) => openStream(prim.rpcAddress, userId, options);
const say = (msg: string, channel = lobby) => ({ to: { case: "channel" as const, value: channel }, msg });

beforeAll(async () => {
  prim = await startPrim("--backlog-bytes-max", "65536");
});
afterAll(() => prim[Symbol.asyncDispose]());

describe("a stream beside a WebSocket", () => {
  test("both get what either sends, with the same offsets", async () => {
    await using web = await openWebSocket(prim.webSocketUrl, "bob");
    await using ann = await open("ann");
    web.send({ seq: "w1", action: "send", data: { channel: lobby, msg: "by WebSocket" } });
    await ann.until((messages) => messages.length === 1);
    const sent = await ann.chat.send(say("by RPC"), { headers: ann.headers });
    await ann.until((messages) => messages.length === 2);
    await eventually(() => web.messages().length === 2);
    const seen = ann
      .messages()
      .map(({ id, offset, epoch, msg }) => ({ id, offset: Number(offset), epoch, msg }));
    expect(web.messages().map(({ id, offset, epoch, msg }) => ({ id, offset, epoch, msg }))).toEqual(seen);
    expect(seen.map(({ msg }) => msg)).toEqual(["by WebSocket", "by RPC"]);
    expect(sent).toMatchObject({ id: seen[1]?.id, offset: BigInt(seen[1]?.offset ?? 0), channel: lobby });
  });

  test("a user's coming and going with a stream is told, and so is typing", async () => {
    await using web = await openWebSocket(prim.webSocketUrl, "bob");
    const ann = await open("ann");
    await ann.chat.setTyping({ to: { case: "channel", value: lobby } }, { headers: ann.headers });
    await ann.chat.setTyping({ to: { case: "userId", value: "bob" } }, { headers: ann.headers });
    ann.cancel();
    await eventually(() => web.actions().includes("exit"));
    expect(web.actions()).toEqual(["enter", "typing", "typing", "exit"]);
  });

  test("a 1:1 message lies in both inboxes, and its reading is told", async () => {
    await using ann = await open("ann");
    await using web = await openWebSocket(prim.webSocketUrl, "bob");
    const sent = await ann.chat.send(
      { to: { case: "userId", value: "bob" }, msg: "psst", clientMessageId: "m1" },
      { headers: ann.headers },
    );
    const again = await ann.chat.send(
      { to: { case: "userId", value: "bob" }, msg: "psst", clientMessageId: "m1" },
      { headers: ann.headers },
    );
    expect(again).toEqual(sent);
    await eventually(() => web.messages().length === 1);
    web.send({ seq: "r", action: "read", data: { channel: "inbox:bob", offset: web.messages()[0]?.offset } });
    await ann.until((_, events) =>
      events.some((event) => event.case === "read" && event.value.id === sent.id),
    );
  });
});

describe("a login without a stream", () => {
  test("sends, reads and marks, and is not online", async () => {
    const chat = createClient(ChatService, grpc());
    const { token, tokenExpiresAtMs } = await chat.login({
      userId: "dan",
      appPlatform: 101,
      nickname: "Dan",
    });
    expect(Number(tokenExpiresAtMs)).toBeGreaterThan(Date.now() + 3_600_000);
    const headers = { authorization: `Bearer ${token}` };
    const { offset } = await chat.send(say("hello"), { headers });
    const page = await chat.history({ channel: lobby, limit: 1 }, { headers });
    expect(page).toMatchObject({ head: offset, messages: [{ msg: "hello", from: "dan", nickname: "Dan" }] });
    await chat.markRead({ channel: lobby, offset }, { headers });
    expect(
      await endOfCall(chat.markRead({ channel: lobby, offset: offset + 1n }, { headers })),
    ).toMatchObject({
      code: Code.InvalidArgument,
    });
    expect((await push().queryUsersOnline({ users: [{ userId: "dan" }] })).users[0]?.online).toBe(false);
    expect(await endOfCall(chat.join({ channel: "room:x" }, { headers }))).toMatchObject({
      reason: "NOT_SUBSCRIBED",
    });
    expect(await endOfCall(chat.send(say("x", "room:x"), { headers }))).toMatchObject({
      reason: "NOT_A_MEMBER",
    });
    expect(await endOfCall(chat.listUsers({ channel: "room:x" }, { headers }))).toMatchObject({
      reason: "NOT_A_MEMBER",
    });
  });

  test("needs its token", async () => {
    const chat = createClient(ChatService, grpc());
    const headers = { authorization: "Bearer nonsense" };
    expect(await endOfCall(chat.send(say("x")))).toMatchObject({ code: Code.Unauthenticated });
    expect(await endOfCall(chat.send(say("x"), { headers }))).toMatchObject({ code: Code.Unauthenticated });
    expect(await endOfCall(chat.login({ userId: "dan", appPlatform: 7 }))).toMatchObject({
      reason: "PLATFORM_NOT_ALLOWED",
    });
    expect(await endOfCall(chat.login({ userId: " dan", appPlatform: 101 }))).toMatchObject({
      reason: "ILLEGAL_USER_ID",
    });
  });
});

describe("rooms", () => {
  test("are joined and left on the stream, also at once, and listed by their members", async () => {
    await using ann = await open("ann");
    const { chat, headers } = ann;
    const room = { channel: "room:game-7" };
    await Promise.all([
      chat.join(room, { headers }),
      chat.join(room, { headers }),
      chat.join(room, { headers }),
    ]);
    await chat.send(say("in", room.channel), { headers });
    await ann.until((messages) => messages.length === 1);
    const { users, totalCount } = await chat.listUsers(room, { headers });
    expect(users).toMatchObject([{ userId: "ann", appPlatform: 101 }]);
    expect(totalCount).toBe(1n);
    await Promise.all([chat.leave(room, { headers }), chat.leave(room, { headers })]);
    await push().sendToRoom({ ...room, content: { msg: "out" } });
    await push().sendToRoom({ channel: lobby, content: { msg: "last" } });
    await ann.until((messages) => messages.some(({ msg }) => msg === "last"));
    expect(ann.messages().map(({ msg }) => msg)).toEqual(["in", "last"]);
    const { state } = await ops().getState({});
    expect(state?.channels).toBe(3n);
  });

  test("are resumed with what was missed", async () => {
    await using ann = await open("ann");
    const { chat, headers } = ann;
    const first = await push().sendToRoom({ channel: "room:late", content: { msg: "1" } });
    await push().sendToRoom({ channel: "room:late", content: { msg: "2" } });
    const epoch = first.receipt?.epoch ?? "";
    const joined = await chat.join({ channel: "room:late", position: { epoch, offset: 1n } }, { headers });
    expect(joined.channel).toMatchObject({ offset: 2n, recovered: true });
    await ann.until((messages) => messages.length === 1);
    expect(ann.messages()[0]).toMatchObject({ msg: "2", offset: 2n });
  });
});

test("a stream resumes by positions: what was missed comes once and in order, before what is new", async () => {
  const before = await open("eve");
  const at = before.channels.find(({ channel }) => channel === lobby);
  before.cancel();
  await before.ended;
  const missed = Array.from({ length: 250 }, (_, index) => `missed ${index}`);
  for (const msg of missed) await push().sendToRoom({ channel: lobby, content: { msg } });
  const position = { channel: lobby, epoch: at?.epoch ?? "", offset: at?.offset ?? 0n };
  await using after = await open("eve", { positions: [position], token: before.token });
  expect(after.channels.find(({ channel }) => channel === lobby)).toMatchObject({ recovered: true });
  await push().sendToRoom({ channel: lobby, content: { msg: "new" } });
  await after.until((messages) => messages.length === 251);
  expect(after.messages().map(({ msg }) => msg)).toEqual([...missed, "new"]);
  expect(await endOfOpening(after.token, "inbox:somebody")).toMatchObject({ code: Code.PermissionDenied });
});

describe("a stream ends", () => {
  test("with REPLACED when the login opens another, which goes on", async () => {
    const first = await open("fay");
    await using second = await open("fay", { token: first.token });
    expect(await first.ended).toMatchObject({ code: Code.Aborted, reason: "REPLACED" });
    await second.chat.send(say("still here"), { headers: second.headers });
    await second.until((messages) => messages.length === 1);
    const { sessions } = await ops().listSessions({ userId: "fay" });
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual([second.sessionId]);
  });

  test("with KICKED, and its token with it", async () => {
    await using fay = await open("fay");
    await using web = await openWebSocket(prim.webSocketUrl, "fay");
    const { sessions } = await push().kick({ user: { userId: "fay" }, reason: "enough" });
    expect(sessions).toBe(2);
    expect(await fay.ended).toEqual({ code: Code.PermissionDenied, reason: "KICKED", rawMessage: "enough" });
    expect(await web.closed).toMatchObject({ code: 4003, reason: "enough" });
    expect(await endOfCall(fay.chat.send(say("x"), { headers: fay.headers }))).toMatchObject({
      code: Code.Unauthenticated,
    });
  });

  test("when it is not read: the user is offline at once, and TOO_SLOW is told to who reads on", async () => {
    const chat = createClient(ChatService, grpc());
    const { token } = await chat.login({ userId: "slow", appPlatform: 101 });
    const before = (await ops().getState({})).state?.slowClosedTotal ?? 0n;
    const { session, stream } = openUnread(token);
    const trailers = new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once("trailers", resolve));
    const online = () => isOnline("slow");
    await eventually(online);
    const msg = "x".repeat(10_000);
    for (let count = 0; await online(); count += 1) {
      expect(count).toBeLessThan(100);
      await push().sendToUser({ userId: "slow", content: { msg } });
    }
    expect((await ops().getState({})).state?.slowClosedTotal).toBe(before + 1n);
    stream.resume();
    expect((await trailers)["grpc-status"]).toBe(String(Code.ResourceExhausted));
    session.close();
  }, 20_000);

  test("when the caller cancels, though it never read, or is gone", async () => {
    const chat = createClient(ChatService, grpc());
    const { token } = await chat.login({ userId: "gone", appPlatform: 101 });
    const content = { msg: "x".repeat(10_000) };
    for (const leave of ["cancel", "destroy"]) {
      const { session, stream } = openUnread(token);
      await eventually(() => isOnline("gone"));
      await push().sendToUser({ userId: "gone", content });
      await push().sendToUser({ userId: "gone", content });
      if (leave === "cancel") stream.close(http2.constants.NGHTTP2_CANCEL);
      else session.destroy();
      await eventually(async () => !(await isOnline("gone")));
      session.destroy();
    }
    await eventually(async () => (await ops().listSessions({ userId: "gone" })).sessions.length === 0);
  }, 20_000);

  test("with DRAINING, after the notice", async () => {
    const own = await startPrim();
    const gina = await openStream(own.rpcAddress, "gina");
    const web = createConnectTransport({ baseUrl: own.httpUrl, httpVersion: "1.1" });
    const hugo = await openStream(own.rpcAddress, "hugo", { transport: web });
    expect(await own.stop()).toBe(0);
    for (const { ended, events } of [gina, hugo]) {
      expect(await ended).toMatchObject({ code: Code.Unavailable, reason: "DRAINING" });
      expect(events().at(-1)).toMatchObject({ case: "notice", value: { notice: "draining" } });
    }
  }, 20_000);
});

test("a quiet stream hears heartbeats, and the sweep leaves it alone", async () => {
  await using own = await startPrim("--heartbeat-seconds", "8");
  const ida = await openStream(own.rpcAddress, "ida");
  const ended = ida.ended.then((end) => ({ end }));
  expect(await Promise.race([ended, Bun.sleep(10_000)])).toBeUndefined();
  await ida.chat.send(say("alive"), { headers: ida.headers });
  await ida.until((messages) => messages.length === 1);
  ida.cancel();
}, 20_000);

async function endOfCall(call: Promise<unknown>) {
  return call.then(() => undefined, endOf);
}

async function endOfOpening(token: string, channel: string) {
  return open("eve", { token, positions: [{ channel, epoch: "", offset: 0n }] }).then(() => undefined, endOf);
}

async function isOnline(userId: string): Promise<boolean> {
  return (await push().queryUsersOnline({ users: [{ userId }] })).users[0]?.online === true;
}

/** A Subscribe stream by hand, of which nothing is read but what a small window holds. */
function openUnread(token: string) {
  const session = http2.connect(`http://${prim.rpcAddress}`, { settings: { initialWindowSize: 1_024 } });
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": "/prim.v1.ChatService/Subscribe",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${token}`,
  });
  stream.on("error", () => {});
  stream.end(Buffer.alloc(5));
  return { session, stream };
}
