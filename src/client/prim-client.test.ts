import { expect, test } from "bun:test";
import { FakeTransport, settle } from "../../test/client/fake-transport.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { CALLS_MAX, STREAM_MESSAGES_MAX } from "./limits.ts";
import { PrimClient, type PrimClientOptions } from "./prim-client.ts";

const ROOM = "room:101";

function open(options: Partial<PrimClientOptions> = {}) {
  const clock = new FakeClock();
  const transport = new FakeTransport();
  const client = new PrimClient({ url: "", transport, clock, random: () => 0.5, ...options });
  const seen: string[] = [];
  client.on("status", ({ status }) => seen.push(status));
  return { client, clock, transport, seen };
}

function welcome(transport: FakeTransport, offset = 0, recovered?: boolean): void {
  const { link } = transport;
  const joined = { channel: ROOM, epoch: "e1", offset, ...(recovered === undefined ? {} : { recovered }) };
  link.answer(link.asked("login").at(-1)?.seq, { sessionId: "n-1", channels: [joined] });
}

async function online(options: Partial<PrimClientOptions> = {}) {
  const opened = open(options);
  const login = opened.client.login({ userId: "ann" });
  opened.transport.link.events.opened();
  await settle();
  welcome(opened.transport);
  await login;
  return opened;
}

test("login() connects, asks for details, and tells each status", async () => {
  const { client, transport, seen } = await online();
  expect(transport.link.asked("login")[0]?.data).toMatchObject({
    userId: "ann",
    appPlatform: 101,
    positions: [],
  });
  expect(seen).toEqual(["connecting", "connected", "online"]);
  expect(client.userId).toBe("ann");
});

test("login() that is refused rejects with the code, and another one may follow", async () => {
  const { client, transport, seen } = open();
  const login = client.login({ userId: " " });
  transport.link.events.opened();
  await settle();
  transport.link.answer(transport.link.asked("login")[0]?.seq, null, 1002);
  await expect(login).rejects.toMatchObject({ code: 1002, reason: "illegal_user_id" });
  expect(seen.at(-1)).toBe("connected");
  const second = client.login({ userId: "ann" });
  await settle();
  welcome(transport);
  expect(await second).toMatchObject({ sessionId: "n-1" });
});

test("login() without an answer rejects by deadline, and nobody is logged in", async () => {
  const { client, clock, transport } = open();
  const login = client.login({ userId: "ann" });
  transport.link.events.opened();
  await settle();
  clock.advance(10_000);
  await expect(login).rejects.toMatchObject({ reason: "deadline" });
  expect(client.userId).toBeUndefined();
});

test("leave() while offline finds on the next link that the room was not resumed", async () => {
  const { client, clock, transport } = await online();
  transport.link.end(1006);
  const left = client.leave(ROOM);
  clock.advance(500);
  transport.link.events.opened();
  await settle();
  welcome(transport);
  for (const { seq } of transport.link.asked("leave")) transport.link.answer(seq, null, 1003);
  await left;
  expect(client.positions).toEqual([]);
});

test("a second login() rejects", async () => {
  const { client } = await online();
  await expect(client.login({ userId: "bob" })).rejects.toMatchObject({ reason: "operation_failed" });
});

test("calls without a login reject at once", async () => {
  const { client } = open();
  await expect(client.join("room:x")).rejects.toMatchObject({ reason: "not_logged_in" });
  await expect(client.send({ channel: ROOM, msg: "x" })).rejects.toMatchObject({ reason: "not_logged_in" });
  await expect(client.typing({ channel: ROOM })).rejects.toMatchObject({ reason: "offline" });
});

const COMING_BACK: readonly number[] = [1000, 1001, 1005, 1006, 1011, 1012, 1013, 4001];
for (const code of COMING_BACK) {
  test(`close code ${code} reconnects after a wait, with the positions`, async () => {
    const { client, clock, transport, seen } = await online();
    transport.link.message(ROOM, 1);
    transport.link.end(code);
    expect(seen.at(-1)).toBe("offline");
    clock.advance(249);
    expect(transport.links.length).toBe(1);
    clock.advance(1);
    expect(transport.links.length).toBe(2);
    transport.link.events.opened();
    await settle();
    const positions = [{ channel: ROOM, epoch: "e1", offset: 1 }];
    expect(transport.link.asked("login")[0]?.data.positions).toEqual(positions);
    welcome(transport, 1, true);
    expect(client.status).toBe("online");
  });
}

const FINAL: readonly [number, string][] = [
  [1002, "protocol"],
  [1007, "protocol"],
  [1009, "too_large"],
  [4003, "kicked"],
];
for (const [code, reason] of FINAL) {
  test(`close code ${code} is final, and everything rejects with "${reason}"`, async () => {
    const { client, clock, transport } = await online();
    const errors: unknown[] = [];
    client.on("status", ({ error }) => errors.push(error?.reason));
    const sent = client.send({ channel: ROOM, msg: "x" });
    const asked = client.history(ROOM);
    transport.link.end(code);
    await expect(sent).rejects.toMatchObject({ reason });
    await expect(asked).rejects.toMatchObject({ reason });
    clock.advance(1e6);
    expect(transport.links.length).toBe(1);
    expect(errors).toEqual([reason]);
  });
}

test("waits grow while no login lasts, and are short again after one that did", async () => {
  const { clock, transport } = await online();
  const waits: number[] = [];
  const comeBack = async () => {
    const before = transport.links.length;
    transport.link.end(1006);
    let waited = 0;
    while (transport.links.length === before) {
      clock.advance(50);
      waited += 50;
    }
    waits.push(waited);
    transport.link.events.opened();
    await settle();
    welcome(transport, 0, true);
  };
  await comeBack();
  await comeBack();
  await comeBack();
  clock.advance(10_000);
  transport.link.answer(transport.link.asked("ping").at(-1)?.seq, "pong");
  await comeBack();
  expect(waits).toEqual([250, 500, 1_000, 250]);
});

test("a silent link is given up after a ping, and another one opened", async () => {
  const { client, clock, transport } = await online();
  const [first] = transport.links;
  clock.advance(27_000);
  expect(first?.asked("ping").length).toBe(1);
  clock.advance(10_000);
  expect(client.status).toBe("offline");
  expect(first?.closed).toBe(true);
  first?.message(ROOM, 1);
  clock.advance(20_000);
  expect(transport.links.length).toBeGreaterThan(1);
});

test("a link that doesn't open is given up after 10 s", () => {
  const { client, clock, transport } = open();
  client.connect({ deadlineMs: Number.POSITIVE_INFINITY }).catch(() => {});
  clock.advance(10_000);
  expect(client.status).toBe("offline");
  clock.advance(250);
  expect(transport.links.length).toBe(2);
});

test("wake() reconnects without waiting, and tests an open link", async () => {
  const { client, transport } = await online();
  client.wake();
  expect(transport.link.asked("ping").length).toBe(1);
  transport.link.end(1006);
  client.wake();
  expect(transport.links.length).toBe(2);
});

test("calls that were not answered are asked again on the next link, in order, before what was sent", async () => {
  const { client, clock, transport } = await online();
  const joined = client.join("room:x");
  const sent = client.send({ channel: "room:x", msg: "hello" });
  transport.link.end(1006);
  clock.advance(250);
  transport.link.events.opened();
  await settle();
  welcome(transport, 0, true);
  const { link } = transport;
  expect(link.sent.map(({ action }) => action)).toEqual(["login", "join", "send"]);
  expect(link.asked("send")[0]?.seq).toBe(transport.links[0]?.asked("send")[0]?.seq as string);
  link.answer(link.asked("join")[0]?.seq, { channel: "room:x", epoch: "e1", offset: 4 });
  link.answer(link.asked("send")[0]?.seq, { id: "m", channel: "room:x", epoch: "e1", offset: 5, sentAt: 1 });
  expect(await joined).toMatchObject({ offset: 4 });
  expect(await sent).toMatchObject({ offset: 5 });
});

test("a login that is refused later on ends the client; one that can't be taken now is tried again", async () => {
  const { client, transport, seen } = await online();
  for (const code of [1013, 1004, 1011]) {
    transport.link.end(1012);
    client.wake();
    transport.link.events.opened();
    await settle();
    transport.link.answer(transport.link.asked("login")[0]?.seq, null, code);
    expect(seen.at(-1)).toBe("offline");
  }
  client.wake();
  transport.link.events.opened();
  await settle();
  transport.link.answer(transport.link.asked("login")[0]?.seq, null, 1003);
  expect(client.status).toBe("closed");
});

test("a token is asked for anew at each reconnect", async () => {
  let tokens = 0;
  const { client, clock, transport } = open();
  const login = client.login({ userId: "ann", serviceToken: async () => `token ${++tokens}` });
  for (const expected of ["token 1", "token 2"]) {
    transport.link.events.opened();
    await settle();
    expect(transport.link.asked("login")[0]?.data.serviceToken).toBe(expected);
    welcome(transport);
    await login;
    transport.link.end(1006);
    clock.advance(500);
  }
});

test("a room that was left stays left, though a login joins it by itself", async () => {
  const { client, clock, transport } = await online();
  const heard: number[] = [];
  client.on("message", ({ offset }) => heard.push(offset));
  const left = client.leave(ROOM);
  transport.link.answer(transport.link.asked("leave")[0]?.seq, null);
  await left;
  transport.link.end(1006);
  clock.advance(250);
  transport.link.events.opened();
  await settle();
  welcome(transport);
  expect(transport.link.asked("leave").length).toBe(1);
  transport.link.message(ROOM, 1);
  expect(heard).toEqual([]);
});

test("logout() ends the login and rejects what is under way; the link stays", async () => {
  const { client, transport } = await online();
  const sent = client.send({ channel: ROOM, msg: "x" });
  client.logout();
  await expect(sent).rejects.toMatchObject({ reason: "not_logged_in" });
  expect(transport.link.asked("logout").length).toBe(1);
  expect([client.status, client.userId]).toEqual(["connected", undefined]);
});

test("close() rejects what is under way, and the client can be used again", async () => {
  const { client, clock, transport } = await online();
  const asked = client.history(ROOM);
  await client.close();
  await expect(asked).rejects.toMatchObject({ reason: "closed" });
  clock.advance(1e6);
  expect(transport.links.length).toBe(1);
  const login = client.login({ userId: "ann" });
  transport.link.events.opened();
  await settle();
  welcome(transport);
  await login;
  expect(client.status).toBe("online");
});

test("calls have a deadline and a bound", async () => {
  const { client, clock } = await online();
  const calls = Array.from({ length: CALLS_MAX }, () => client.history(ROOM));
  await expect(client.history(ROOM)).rejects.toMatchObject({ reason: "too_many_requests" });
  clock.advance(10_000);
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
});

test("messages() iterates in order, ends with the client, and fails when its reader is too slow", async () => {
  const { client, transport } = await online();
  const [quick, slow] = [client.messages(), client.messages()];
  for (let offset = 1; offset <= STREAM_MESSAGES_MAX + 1; offset++) {
    transport.link.message(ROOM, offset);
    expect(await quick.next()).toMatchObject({ done: false, value: { offset } });
  }
  let read = 0;
  const reading = async () => {
    for await (const { offset } of slow) read = offset;
  };
  await expect(reading()).rejects.toMatchObject({ reason: "too_many_requests" });
  expect(read).toBe(STREAM_MESSAGES_MAX);
  const last = quick.next();
  await client.close();
  expect(await last).toEqual({ done: true, value: undefined });
});

test("an address that can't be opened rejects and is not tried again", async () => {
  const client = new PrimClient({ url: "nonsense" });
  await expect(client.connect()).rejects.toMatchObject({ reason: "illegal_parameter" });
  expect(client.status).toBe("closed");
});
