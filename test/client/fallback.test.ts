/** The fallback against real prims, behind a proxy that treats WebSockets as bad networks do. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  FallbackTransport,
  jsonCodec,
  type Message,
  PrimClient,
  type PrimClientOptions,
  StreamTransport,
  type WebSocketConstructor,
  WebSocketTransport,
} from "../../src/client/index.ts";
import { eventually } from "../deadline.ts";
import { ChaosProxy, type WebSocketPolicy } from "./chaos-proxy.ts";
import { type PrimProcess, startPrim } from "./prim-process.ts";

const ROOM = "room:101";
let prim: PrimProcess;
let people = 0;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  prim = await startPrim();
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await prim.kill();
});

interface Bad {
  readonly proxy: ChaosProxy;
  readonly client: PrimClient;
  readonly userId: string;
  readonly heard: Message[];
  readonly statuses: string[];
}

interface BadOptions extends Partial<PrimClientOptions> {
  readonly server?: PrimProcess;
  readonly silentMsMax?: number;
  readonly probeHoldMs?: number;
}

/** A client that reaches prim by a proxy only, with short times. */
async function behind(
  policy: WebSocketPolicy,
  { server = prim, silentMsMax, probeHoldMs = 300, ...options }: BadOptions = {},
): Promise<Bad> {
  const proxy = new ChaosProxy(portOf(server));
  proxy.unruly = false;
  proxy.webSockets = () => policy;
  const address = `127.0.0.1:${await proxy.listen()}`;
  const Socket = WebSocket as unknown as WebSocketConstructor;
  const transport = new FallbackTransport(
    new WebSocketTransport(`ws://${address}/acc`, jsonCodec, Socket),
    new StreamTransport(`http://${address}`, { silentMsMax }),
    { openMsMax: 500, provenMs: 1_000, probeMinMs: 100, probeMaxMs: 400, probeHoldMs },
  );
  const client = new PrimClient({ url: "", transport, backoffMinMs: 20, backoffMaxMs: 200, ...options });
  closing.push(
    () => proxy.close(),
    () => client.close(),
  );
  const heard: Message[] = [];
  const statuses: string[] = [];
  client.on("message", (message) => heard.push(message));
  client.on("status", ({ status }) => statuses.push(`${status} ${client.via ?? ""}`.trim()));
  return { proxy, client, userId: `far ${++people}`, heard, statuses };
}

/** Somebody with a good network. */
async function neighbour(server = prim): Promise<PrimClient> {
  const client = new PrimClient({ url: server.webSocketUrl });
  closing.push(() => client.close());
  await client.login({ userId: `near ${++people}` });
  return client;
}

function portOf({ httpUrl }: PrimProcess): number {
  return Number(new URL(httpUrl).port);
}

function until(what: string, holds: () => boolean): Promise<boolean> {
  return eventually(holds, (so) => so, what, 10_000);
}

const texts = (heard: readonly Message[]) => heard.map(({ msg }) => msg);

describe("a client whose WebSockets are", () => {
  const policies: readonly [string, WebSocketPolicy][] = [
    ["refused with 403", "refuse"],
    ["swallowed without an answer", "swallow"],
    ["cut after 200 ms", { cutAfterMs: 200 }],
  ];
  for (const [name, policy] of policies) {
    test(`${name} chats by the stream, and by WebSocket once that gets through`, async () => {
      const room = `room:fallback-${++people}`;
      const [{ proxy, client, userId, heard }, near] = await Promise.all([behind(policy), neighbour()]);
      const nearHeard: Message[] = [];
      near.on("message", (message) => nearHeard.push(message));
      await client.login({ userId });
      await until("the stream", () => client.via === "stream" && client.status === "online");
      await Promise.all([client.join(room), near.join(room)]);
      const wanted = Array.from({ length: 40 }, (_, index) => `${index}`);
      for (const [index, msg] of wanted.entries()) {
        if (index === 10) proxy.webSockets = () => "pass";
        await (index % 2 === 0 ? client : near).send({ channel: room, msg });
        if (index === 20) await until("WebSocket", () => client.via === "websocket");
      }
      await until("all", () => heard.length >= wanted.length && nearHeard.length >= wanted.length);
      expect(texts(heard.filter(({ channel }) => channel === room))).toEqual(wanted);
      expect(texts(nearHeard.filter(({ channel }) => channel === room))).toEqual(wanted);
      expect(client.status).toBe("online");
    });
  }

  test("cut again and again stays on the stream while it tries", async () => {
    // Held so long that a machine which stands still for a moment does not see the end of the hold before the cut.
    const { proxy, client, userId, statuses } = await behind({ cutAfterMs: 200 }, { probeHoldMs: 10_000 });
    await client.login({ userId });
    await until("the stream", () => client.via === "stream" && client.status === "online");
    const [upgrades, told] = [proxy.upgrades, statuses.length];
    await until("three more were tried", () => proxy.upgrades >= upgrades + 3);
    expect(statuses.length).toBe(told);
    expect(client.via).toBe("stream");
  });
});

describe("the switch back to WebSocket", () => {
  test("loses and doubles nothing of what is under way, and doesn't wait", async () => {
    const room = `room:fallback-${++people}`;
    const [{ proxy, client, userId, heard, statuses }, near] = await Promise.all([
      behind("refuse"),
      neighbour(),
    ]);
    await client.login({ userId });
    await Promise.all([client.join(room), near.join(room)]);
    proxy.webSockets = () => "pass";
    const sent: Promise<unknown>[] = [];
    for (let n = 0; client.via !== "websocket" || n < 200; n++) {
      for (const sender of [client, near])
        sent.push(sender.send({ channel: room, msg: `${sender.userId} ${n}` }));
      await Promise.race([Promise.all(sent.slice(-2)), Bun.sleep(2)]);
    }
    await Promise.all(sent);
    await until("all", () => heard.length >= sent.length);
    const inRoom = heard.filter(({ channel }) => channel === room);
    expect(inRoom.map(({ offset }) => offset)).toEqual(sent.map((_, index) => index + 1));
    for (const { userId: from } of [client, near]) {
      const numbers = inRoom
        .filter((message) => message.from === from)
        .map(({ msg }) => Number(msg.split(" ").at(-1)));
      expect(numbers).toEqual(numbers.map((_, index) => index));
    }
    const back = ["offline", "connecting", "connected websocket", "online websocket"];
    expect(statuses.slice(-4)).toEqual(back);
  });
});

describe("on the stream", () => {
  test("a kick is final", async () => {
    const { client, userId } = await behind("refuse");
    await client.login({ userId });
    const closed = new Promise((resolve) =>
      client.on("status", (event) => event.status === "closed" && resolve(event)),
    );
    const kicked = await fetch(`${prim.httpUrl}/prim.v1.PushService/Kick`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user: { userId }, reason: "enough" }),
    });
    expect(await kicked.json()).toEqual({ sessions: 1 });
    expect(await closed).toMatchObject({ error: { reason: "kicked" } });
    await expect(client.send({ channel: ROOM, msg: "x" })).rejects.toMatchObject({ reason: "not_logged_in" });
  });

  test("a stream that has ended unseen is found out by what is sent: nothing is refused for it", async () => {
    const room = `room:fallback-${++people}`;
    const [{ proxy, client, userId, heard }, near] = await Promise.all([behind("refuse"), neighbour()]);
    const left: string[] = [];
    near.on("exit", ({ from, channel }) => channel === room && left.push(from));
    await Promise.all([client.login({ userId }), near.join(room)]);
    await client.join(room);
    for (const [index, ask] of [
      () => client.send({ channel: room, msg: "after all" }),
      () => client.join(`${room}-other`),
      () => client.history(room),
    ].entries()) {
      proxy.orphanStreams();
      await until("the server has noticed", () => left.length === index + 1);
      expect(client.status).toBe("online");
      await ask();
      await until("it came back", () => client.status === "online");
    }
    expect(texts(heard)).toEqual(["after all"]);
    await expect(client.send({ channel: `${room}-never`, msg: "x" })).rejects.toMatchObject({ code: 1003 });
  });

  test("logout takes the user offline, and somebody else may log in", async () => {
    const [{ client, userId, heard }, near] = await Promise.all([behind("refuse"), neighbour()]);
    const left: string[] = [];
    near.on("exit", ({ from }) => left.push(from));
    await client.login({ userId });
    const last = client.send({ channel: ROOM, msg: "last words" });
    client.logout();
    await expect(last).rejects.toMatchObject({ reason: "not_logged_in" });
    expect(client.status).toBe("connected");
    await until("they left", () => left.includes(userId));
    const { channels } = await client.login({ userId: `${userId} again` });
    expect(channels.map(({ channel }) => channel)).toContain(`inbox:${userId} again`);
    heard.length = 0;
    await near.send({ userId, msg: "not for the new one" });
    await near.send({ userId: `${userId} again`, msg: "welcome" });
    await until("it was heard", () => heard.length > 0);
    expect(texts(heard)).toEqual(["welcome"]);
  });

  test("close() takes the user offline, and the client can be used again", async () => {
    const [{ client, userId }, near] = await Promise.all([behind("refuse"), neighbour()]);
    const left: string[] = [];
    near.on("exit", ({ from }) => left.push(from));
    await client.login({ userId });
    await client.close();
    expect(client.status).toBe("closed");
    await until("they left", () => left.includes(userId));
    await client.login({ userId });
    expect((await client.send({ channel: ROOM, msg: "back" })).offset).toBeGreaterThan(0);
  });

  test("deadlines and signals end a call that nobody answers, and later calls go through", async () => {
    const { proxy, client, userId } = await behind("refuse", { deadAfterMs: 500 });
    await client.login({ userId });
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    proxy.targetPort = (silent.address() as { port: number }).port;
    proxy.stallAll();
    const signal = AbortSignal.timeout(100);
    const aborted = client.send({ channel: ROOM, msg: "aborted" }, { signal });
    const late = client.history(ROOM, { deadlineMs: 100 });
    const kept = client.send({ channel: ROOM, msg: "kept" });
    expect(await Promise.allSettled([aborted, late])).toMatchObject([
      { reason: { reason: "aborted", code: 0 } },
      { reason: { reason: "deadline", code: 0 } },
    ]);
    proxy.targetPort = portOf(prim);
    expect((await kept).channel).toBe(ROOM);
    silent.close();
  });

  test("a restart is announced and resumed: nothing is missed, what was written meanwhile is stored once", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "prim-fallback-"));
    let own = await startPrim(dataDir);
    const { proxy, client, userId, heard } = await behind("refuse", { server: own });
    const notices: string[] = [];
    client.on("notice", ({ notice }) => notices.push(notice));
    const ends: (number | undefined)[] = [];
    client.on("status", ({ end }) => end && ends.push(end.code));
    await client.login({ userId });
    await client.send({ channel: ROOM, msg: "before" });
    ends.length = 0;
    await own.kill("SIGTERM");
    await until("the notice", () => notices.includes("draining"));
    await until("the end", () => ends.length > 0);
    expect(ends[0]).toBe(1012);
    const sent = ["while", "offline"].map((msg) => client.send({ channel: ROOM, msg }));
    own = await startPrim(dataDir);
    closing.push(() => own.kill());
    proxy.targetPort = portOf(own);
    await Promise.all(sent);
    await until("all", () => heard.length >= 3);
    expect(texts(heard)).toEqual(["before", "while", "offline"]);
    await client.close();
    await rm(dataDir, { recursive: true });
  });

  test("silence longer than the server's heartbeat is death; a quiet stream lives", async () => {
    const own = await startPrim("none", "--heartbeat-seconds", "8");
    closing.push(() => own.kill());
    const options = { server: own, silentMsMax: 5_500, heartbeatMs: 60_000 };
    const { proxy, client, userId, heard, statuses } = await behind("refuse", options);
    const near = await neighbour(own);
    await client.login({ userId });
    const told = statuses.length;
    await Bun.sleep(7_000); // Longer than a silence may be: heartbeats come every 4 s.
    expect(statuses.length).toBe(told);
    proxy.stallAll();
    await near.send({ channel: ROOM, msg: "missed" });
    await until("it came back", () => texts(heard).includes("missed"));
    expect(statuses.slice(told)).toContain("offline");
    expect(texts(heard)).toEqual(["missed"]);
  }, 30_000);
});

test("a server that was away is greeted by WebSocket, not by the stream", async () => {
  const own = await startPrim();
  const { proxy, client, userId, statuses } = await behind("pass", { server: own });
  await client.login({ userId });
  expect(client.via).toBe("websocket");
  await own.kill();
  await until("some were tried", () => proxy.connections >= 8);
  const again = await startPrim();
  closing.push(() => again.kill());
  statuses.length = 0;
  proxy.targetPort = portOf(again);
  await until("online", () => client.status === "online");
  expect(client.via).toBe("websocket");
});

test("httpUrl is all it takes; without a WebSocket at all the stream is the way", async () => {
  const client = new PrimClient({ url: "ws://127.0.0.1:1/acc", httpUrl: `${prim.httpUrl}/` });
  closing.push(() => client.close());
  await client.login({ userId: `far ${++people}` });
  expect(client.via).toBe("stream");
  const Socket = globalThis.WebSocket;
  try {
    Object.assign(globalThis, { WebSocket: undefined });
    const plain = new PrimClient({ url: prim.webSocketUrl, httpUrl: prim.httpUrl });
    closing.push(() => plain.close());
    await plain.login({ userId: `far ${++people}` });
    expect(plain.via).toBe("stream");
  } finally {
    Object.assign(globalThis, { WebSocket: Socket });
  }
});
