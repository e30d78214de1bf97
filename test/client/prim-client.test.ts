/** PrimClient against real prims: both codecs, the stream, every call, resuming over a restart, and what the server refuses. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Message,
  PrimClient,
  type PrimClientEvents,
  type PrimClientOptions,
  StreamTransport,
} from "../../src/client/index.ts";
import { jsonCodec } from "../../src/client/json-codec.ts";
import { protobufCodec } from "../../src/client/protobuf.ts";
import { type PrimProcess, startPrim } from "./prim-process.ts";

let prim: PrimProcess;
let people = 0;
const open: PrimClient[] = [];

beforeAll(async () => {
  prim = await startPrim();
});
afterAll(async () => {
  await Promise.all(open.map((client) => client.close()));
  await prim.kill();
});

/** How a client talks. */
type Wire = (server: PrimProcess) => Partial<PrimClientOptions>;

const json: Wire = () => ({ codec: jsonCodec });
const protobuf: Wire = () => ({ codec: protobufCodec });
const stream: Wire = ({ httpUrl }) => ({ transport: new StreamTransport(httpUrl) });

function newClient(server: PrimProcess, wire = json): PrimClient {
  const url = server.webSocketUrl;
  const client = new PrimClient({ url, backoffMinMs: 20, backoffMaxMs: 200, ...wire(server) });
  open.push(client);
  return client;
}

async function newPerson(wire?: Wire): Promise<PrimClient> {
  const client = newClient(prim, wire);
  await client.login({ userId: `user ${++people}`, nickname: "N" });
  return client;
}

/** The next event of a kind; fails after 5 s. */
function next<Name extends keyof PrimClientEvents>(
  client: PrimClient,
  name: Name,
  wanted: (event: PrimClientEvents[Name]) => boolean = () => true,
): Promise<PrimClientEvents[Name]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No "${name}" within 5 s`)), 5_000);
    const stop = client.on(name, (event) => {
      if (!wanted(event)) return;
      clearTimeout(timer);
      stop();
      resolve(event);
    });
  });
}

const WIRES: readonly [string, Wire][] = [
  ["JSON", json],
  ["protobuf", protobuf],
  ["stream", stream],
];

for (const [name, wire] of WIRES) {
  describe(`PrimClient over ${name}`, () => {
    const room = `room:${name}`;

    test("carries every type of message with all its fields, live and from the history", async () => {
      const [ann, bob] = [await newPerson(wire), await newPerson(wire)];
      await Promise.all([ann.join(room), bob.join(room)]);
      const media = { url: "/f.bin", secret: "s", durationMs: 5, name: "f", bytes: 2 ** 40, mimeType: "a/b" };
      const size = { width: 1, height: 65_535 };
      const heard: Message[] = [];
      bob.on("message", (message) => heard.push(message));
      for (const type of ["img", "audio", "video", "file"] as const) {
        await ann.send({ channel: room, type, msg: "caption", ...media, size });
      }
      await ann.send({ channel: room, type: "custom", msg: "{}" });
      const { offset, id } = await ann.send({ channel: room, msg: "text 马远 🦄" });
      await bob.history(room);
      expect(heard.map(({ type }) => type)).toEqual(["img", "audio", "video", "file", "custom", "text"]);
      expect(heard[0]).toMatchObject({ ...media, size, from: ann.userId ?? "", nickname: "N", target: "" });
      expect(heard[5]).toMatchObject({ id, offset, msg: "text 马远 🦄", appPlatform: 101 });
      const page = await bob.history(room, { after: 0, limit: 6 });
      expect(page.messages).toEqual(heard);
      expect(await bob.history(room, { before: 3, limit: 1 })).toMatchObject({ head: 6, more: true });
    });

    test("tells comings and goings, typing and read marks", async () => {
      const [ann, bob] = [await newPerson(wire), await newPerson(wire)];
      const where = `${room}-2`;
      await ann.join(where);
      const entered = next(ann, "enter", ({ channel }) => channel === where);
      await bob.join(where);
      expect(await entered).toMatchObject({ from: bob.userId ?? "", appPlatform: 101, nickname: "N" });
      const typed = next(ann, "typing");
      await bob.typing({ channel: where });
      expect(await typed).toMatchObject({ channel: where, from: bob.userId ?? "" });
      await ann.send({ channel: where, msg: "x" });
      const read = next(ann, "read");
      await bob.markRead(where, 1);
      expect(await read).toMatchObject({ channel: where, from: bob.userId ?? "", offset: 1 });
      const left = next(ann, "exit", ({ channel }) => channel === where);
      await bob.leave(where);
      expect(await left).toMatchObject({ from: bob.userId ?? "" });
    });

    test("carries 1:1 messages, and who has read them", async () => {
      const [ann, bob] = [await newPerson(wire), await newPerson(wire)];
      const heard = next(bob, "message");
      const { id, channel } = await ann.send({ userId: bob.userId ?? "", msg: "psst" });
      expect(channel).toBe(`inbox:${ann.userId}`);
      expect(await heard).toMatchObject({ id, target: bob.userId ?? "", channel: `inbox:${bob.userId}` });
      const read = next(ann, "read");
      await bob.markRead(`inbox:${bob.userId}`, 1);
      expect(await read).toMatchObject({ from: bob.userId ?? "", id });
    });

    test("says what the server refuses, with its code", async () => {
      const ann = await newPerson(wire);
      await expect(ann.send({ channel: "room:elsewhere", msg: "x" })).rejects.toMatchObject({ code: 1003 });
      await expect(ann.send({ channel: "room:101", msg: "" })).rejects.toMatchObject({ code: 1001 });
      await expect(ann.join("lobby")).rejects.toMatchObject({ code: 1001, reason: "illegal_parameter" });
      await expect(ann.leave("room:elsewhere")).rejects.toMatchObject({ code: 1003 });
      await expect(ann.markRead("room:101", 1e6)).rejects.toMatchObject({ code: 1001 });
      const stranger = newClient(prim, wire);
      await expect(stranger.login({ userId: "a", appPlatform: 9 })).rejects.toMatchObject({ code: 1003 });
      await expect(stranger.login({ userId: "" })).rejects.toMatchObject({ code: 1002 });
      expect((await stranger.login({ userId: "now" })).channels.length).toBe(3);
    });

    test("a message of the greatest size arrives, one byte more never leaves", async () => {
      const ann = await newPerson(wire);
      const frame = (msg: string) =>
        JSON.stringify({ seq: "s", action: "send", data: { channel: "room:101", msg } });
      const most = "x".repeat(64 * 1024 - frame("").length);
      expect((await ann.send({ channel: "room:101", msg: most }, { seq: "s" })).offset).toBeGreaterThan(0);
      const sent = ann.send({ channel: "room:101", msg: `${most}x` }, { seq: "s" });
      await expect(sent).rejects.toMatchObject({ code: 0, reason: "too_large" });
      expect(ann.status).toBe("online");
    });
  });
}

test("the same seq is stored once, whichever session sends it", async () => {
  const [first, second] = [newClient(prim), newClient(prim, stream)];
  await Promise.all([first.login({ userId: "twin" }), second.login({ userId: "twin", appPlatform: 102 })]);
  await Promise.all([first.join("room:twins"), second.join("room:twins")]);
  const draft = { channel: "room:twins", msg: "once" };
  const receipts = await Promise.all([first, second].map((client) => client.send(draft, { seq: "mine" })));
  expect(receipts[0]).toEqual(receipts[1] as never);
  expect((await first.history("room:twins")).head).toBe(1);
});

test("positions of an earlier run bring what was missed since", async () => {
  const ann = await newPerson();
  await ann.join("room:diary");
  await ann.send({ channel: "room:diary", msg: "seen" });
  await ann.history("room:diary");
  const { positions, userId = "" } = ann;
  await ann.close();
  const bob = await newPerson();
  await bob.join("room:diary");
  await bob.send({ channel: "room:diary", msg: "missed" });
  const again = newClient(prim);
  const heard = next(again, "message");
  await again.login({ userId, positions });
  expect(await heard).toMatchObject({ channel: "room:diary", offset: 2, msg: "missed" });
});

test("a restart is resumed: what was written while offline is stored once, and nothing is missed", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "prim-sdk-"));
  let own = await startPrim(dataDir);
  const port = new URL(own.webSocketUrl).port;
  const [ann, bob] = [newClient(own), newClient(own, protobuf)];
  try {
    await Promise.all([ann.login({ userId: "ann" }), bob.login({ userId: "bob" })]);
    const heard: string[] = [];
    bob.on("message", ({ msg }) => heard.push(msg));
    await ann.send({ channel: "room:101", msg: "before" });
    const drained = next(bob, "notice");
    await own.kill("SIGTERM");
    expect(await drained).toMatchObject({ notice: "draining" });
    const sent = ["while", "offline"].map((msg) => ann.send({ channel: "room:101", msg }));
    expect(ann.unsent).toBe(2);
    own = await startPrim(dataDir, "--websocket-port", port);
    await Promise.all(sent);
    const last = next(bob, "message", ({ msg }) => msg === "after");
    await ann.send({ channel: "room:101", msg: "after" });
    await last;
    expect(heard).toEqual(["before", "while", "offline", "after"]);
  } finally {
    await Promise.all([ann.close(), bob.close()]);
    await own.kill();
    await rm(dataDir, { recursive: true });
  }
}, 30_000);

test("a server that has lost everything is told: recovered is false, and the chat goes on", async () => {
  let own = await startPrim();
  const port = new URL(own.webSocketUrl).port;
  const ann = newClient(own);
  try {
    await ann.login({ userId: "ann" });
    await ann.send({ channel: "room:101", msg: "lost" });
    await ann.history("room:101");
    const resumed = next(ann, "resumed", ({ channel }) => channel === "room:101");
    await own.kill();
    own = await startPrim("none", "--websocket-port", port);
    expect(await resumed).toMatchObject({ recovered: false, offset: 0 });
    const heard = next(ann, "message");
    await ann.send({ channel: "room:101", msg: "new" });
    expect(await heard).toMatchObject({ msg: "new", offset: 1 });
  } finally {
    await ann.close();
    await own.kill();
  }
}, 30_000);
