import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ChatClient } from "./chat-client.ts";
import { PrimProcess } from "./prim-process.ts";
import type { FrameData } from "./wire-frame.ts";

setDefaultTimeout(60_000);

let prim: PrimProcess;
let rooms = 0;

beforeAll(async () => {
  prim = await PrimProcess.start({ args: ["--frames-per-second", "100000"] });
});
afterAll(async () => {
  await prim?.stop();
});

function newRoom(): string {
  rooms += 1;
  return `room:test-${rooms}`;
}

/** Somebody nobody else is. */
function newName(name: string): string {
  rooms += 1;
  return `${name}-${rooms}`;
}

function login(userId: string, options: Parameters<typeof ChatClient.login>[2] = {}): Promise<ChatClient> {
  return ChatClient.login(prim.webSocketUrl, userId, options);
}

async function inRoom(room: string, userId: string, options?: Parameters<typeof ChatClient.login>[2]) {
  const client = await login(userId, options);
  await client.ok("join", { channel: room });
  return client;
}

function offsets(messages: readonly FrameData[]): number[] {
  return messages.map(({ offset }) => offset);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function texts(messages: readonly FrameData[]): string[] {
  return messages.map(({ msg }) => msg);
}

async function closeAll(...clients: ChatClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

describe("a room", () => {
  test("100 members get 1,000 messages of 10 senders at once in one order, without a hole", async () => {
    const room = newRoom();
    const members = await Promise.all(
      range(1, 100).map((n) => {
        const format = n % 2 === 0 ? "json" : "protobuf";
        return inRoom(room, newName("member"), { format, appPlatform: 102 });
      }),
    );
    const senders = members.slice(0, 10);
    const answers = await Promise.all(
      senders.map(async (sender, who) => {
        const seqs = range(1, 100).map((n) => sender.send("send", { channel: room, msg: `${who}:${n}` }));
        return Promise.all(seqs.map((seq) => sender.answer(seq)));
      }),
    );
    expect(answers.flat().map(({ code }) => code)).toEqual(new Array(1_000).fill(200));
    for (const member of members) await member.until(() => member.messages.length >= 1_000, "1,000 messages");
    await Promise.all(members.map((member) => member.settle()));

    const order = members[0]?.messages.map(({ id }) => id) ?? [];
    expect(new Set(order).size).toBe(1_000);
    for (const member of members) {
      expect(offsets(member.messages)).toEqual(range(1, 1_000));
      expect(member.messages.map(({ id }) => id)).toEqual(order);
    }
    const placeOf = new Map(members[0]?.messages.map(({ id, offset }) => [id, offset]));
    for (const { data } of answers.flat()) expect(placeOf.get(data.id)).toBe(data.offset);
    for (const who of range(0, 9)) {
      const own = texts(members[50]?.messages ?? []).filter((text) => text.startsWith(`${who}:`));
      expect(own).toEqual(range(1, 100).map((n) => `${who}:${n}`));
    }
    await closeAll(...members);
  });

  test("join and send in one breath work, and login before them", async () => {
    const room = newRoom();
    const client = await ChatClient.connect(prim.webSocketUrl);
    const seqs = [
      client.send("login", { userId: newName("ann"), appPlatform: 101 }),
      client.send("join", { channel: room }),
      client.send("send", { channel: room, msg: "first" }),
      client.send("leave", { channel: room }),
      client.send("send", { channel: room, msg: "too late" }),
    ];
    const codes = [];
    for (const seq of seqs) codes.push((await client.answer(seq)).code);
    expect(codes).toEqual([200, 200, 200, 200, 1003]);
    await client.close();
  });

  test("pushes come in the format of the login, whatever is sent along with it", async () => {
    const room = newRoom();
    const client = await ChatClient.connect(prim.webSocketUrl);
    client.keepsRaw = true;
    const seq = client.send("login", { userId: newName("ann"), appPlatform: 101 });
    client.sendRaw(new Uint8Array([0x0a, 1, 0x70, 0x22, 0])); // The protobuf ping "p".
    await client.answer(seq);
    await client.answer("p");
    await client.ok("join", { channel: room });
    await client.ok("send", { channel: room, msg: "hello" });
    await client.push("msg");
    const pushes = client.raw.filter((frame) => String(frame).includes("hello"));
    expect(pushes.map((frame) => typeof frame)).toEqual(["string"]);
    await client.close();
  });

  test("leave ends it: no message, no word in it, and the others hear of it", async () => {
    const room = newRoom();
    const name = newName("bob");
    const ann = await inRoom(room, newName("ann"));
    const bob = await inRoom(room, name);
    expect((await ann.push("enter", (data) => data.channel === room)).data.from).toBe(name);
    await bob.ok("leave", { channel: room });
    expect((await ann.push("exit", (data) => data.channel === room)).data.from).toBe(name);
    await ann.ok("send", { channel: room, msg: "without bob" });
    expect((await bob.request("history", { channel: room })).code).toBe(1003);
    expect((await bob.request("leave", { channel: room })).code).toBe(1003);
    await bob.settle();
    expect(bob.messagesIn(room)).toEqual([]);
    await bob.ok("join", { channel: room });
    await ann.ok("send", { channel: room, msg: "with bob" });
    await bob.push("msg");
    expect(texts(bob.messagesIn(room))).toEqual(["with bob"]);
    await closeAll(ann, bob);
  });

  test("several sessions of a user enter once, and exit with the last", async () => {
    const room = newRoom();
    const name = newName("many");
    const ann = await inRoom(room, newName("ann"));
    const sessions = [await inRoom(room, name), await inRoom(room, name), await inRoom(room, name)];
    for (const session of sessions.slice(0, 2)) await session.close();
    await ann.push("enter", (data) => data.from === name && data.channel === room);
    const [, , last] = sessions;
    await last?.ok("send", { channel: room, msg: "still here" });
    await ann.push("msg");
    const comings = () => ann.events.filter(({ data }) => data.from === name && data.channel === room);
    expect(comings().map(({ action }) => action)).toEqual(["enter"]);
    await last?.close();
    await ann.push("exit", (data) => data.from === name && data.channel === room);
    await ann.settle();
    expect(comings().map(({ action }) => action)).toEqual(["enter", "exit"]);
    await ann.close();
  });

  test("the same user on another platform is another member", async () => {
    const room = newRoom();
    const name = newName("both");
    const ann = await inRoom(room, newName("ann"));
    const web = await inRoom(room, name, { appPlatform: 101 });
    const phone = await inRoom(room, name, { appPlatform: 103 });
    await ann.push("enter", (data) => data.appPlatform === 101 && data.channel === room);
    await ann.push("enter", (data) => data.appPlatform === 103 && data.channel === room);
    await closeAll(ann, web, phone);
  });

  test("nickname and avatar come with what a user does", async () => {
    const room = newRoom();
    const ann = await inRoom(room, newName("ann"));
    const more = { nickname: "Bobby", avatar: "/bob.png" };
    const bob = await inRoom(room, newName("bob"), { more });
    expect((await ann.push("enter", (data) => data.channel === room)).data).toMatchObject(more);
    await bob.ok("send", { channel: room, msg: "hi" });
    expect((await ann.push("msg")).data).toMatchObject(more);
    await closeAll(ann, bob);
  });
});

describe("one to one", () => {
  test("a message reaches all devices of both, with the same id in both inboxes", async () => {
    const ann = newName("ann");
    const bob = newName("bob");
    const devices = [
      await login(ann),
      await login(ann, { appPlatform: 102 }),
      await login(bob),
      await login(bob, { appPlatform: 103, format: "protobuf" }),
      await login(bob),
    ];
    const [annWeb, , bobWeb] = devices;
    const sent = await annWeb?.ok("send", { userId: bob, msg: "hello bob" });
    expect(sent).toMatchObject({ channel: `inbox:${ann}`, offset: 1 });
    for (const device of devices) await device.push("msg");
    for (const [index, device] of devices.entries()) {
      await device.settle();
      const channel = index < 2 ? `inbox:${ann}` : `inbox:${bob}`;
      expect(device.messages).toEqual([
        expect.objectContaining({ id: sent?.id, channel, from: ann, target: bob, msg: "hello bob" }),
      ]);
    }
    const answered = await bobWeb?.ok("send", { userId: ann, msg: "hello ann" });
    expect(answered).toMatchObject({ channel: `inbox:${bob}`, offset: 2 });
    for (const [index, device] of devices.entries()) {
      await device.until(() => device.messages.length >= 2, "the answer");
      const channel = index < 2 ? `inbox:${ann}` : `inbox:${bob}`;
      expect(device.messages[1]).toMatchObject({ id: answered?.id, channel, from: bob, target: ann });
    }
    await closeAll(...devices);
  });

  test("a message to oneself lies in the inbox once", async () => {
    const name = newName("me");
    const devices = [await login(name), await login(name, { appPlatform: 102 })];
    await devices[0]?.ok("send", { userId: name, msg: "note to self" });
    for (const device of devices) {
      await device.push("msg");
      await device.settle();
      expect(offsets(device.messages)).toEqual([1]);
    }
    await closeAll(...devices);
  });

  test("nobody else sees an inbox, or sends to it by its name", async () => {
    const bob = newName("bob");
    const ann = await login(newName("ann"));
    const codes = [];
    for (const [action, data] of [
      ["history", { channel: `inbox:${bob}` }],
      ["read", { channel: `inbox:${bob}`, offset: 1 }],
      ["join", { channel: `inbox:${bob}` }],
      ["send", { channel: `inbox:${bob}`, msg: "x" }],
      ["send", { channel: "all", msg: "x" }],
      ["typing", { channel: `inbox:${bob}` }],
    ] as const) {
      codes.push((await ann.request(action, data)).code);
    }
    expect(codes).toEqual([1003, 1003, 1003, 1003, 1003, 1003]);
    const eve = await ChatClient.connect(prim.webSocketUrl);
    const positions = [{ channel: `inbox:${bob}`, epoch: "x", offset: 0 }];
    expect((await eve.request("login", { userId: newName("eve"), appPlatform: 101, positions })).code).toBe(
      1003,
    );
    await closeAll(ann, eve);
  });

  test("who was away reads it in the history", async () => {
    const bob = newName("bob");
    const ann = await login(newName("ann"));
    for (const n of range(1, 3)) await ann.ok("send", { userId: bob, msg: `${n}` });
    const late = await login(bob);
    const page = await late.ok("history", { channel: `inbox:${bob}` });
    expect(texts(page.messages)).toEqual(["1", "2", "3"]);
    expect(page).toMatchObject({ head: 3, more: false });
    await late.settle();
    expect(late.messages).toEqual([]);
    await closeAll(ann, late);
  });

  test("who was away gets it by the positions of the login", async () => {
    const bob = newName("bob");
    const ann = await login(newName("ann"));
    const phone = await ChatClient.connect(prim.webSocketUrl);
    const inbox = `inbox:${bob}`;
    const first = await phone.ok("login", { userId: bob, appPlatform: 102, positions: [] });
    const { epoch } = first.channels.find(({ channel }) => channel === inbox) ?? { epoch: "" };
    expect(first.channels.map(({ channel }) => channel).sort()).toEqual(["all", inbox, "room:102"]);
    await ann.ok("send", { userId: bob, msg: "1" });
    await phone.push("msg");
    await phone.close();
    for (const n of range(2, 250)) ann.send("send", { userId: bob, msg: `${n}` });
    await ann.settle();

    const again = await ChatClient.connect(prim.webSocketUrl, "protobuf");
    const positions = [{ channel: inbox, epoch, offset: 1 }];
    const second = await again.ok("login", { userId: bob, appPlatform: 102, positions });
    expect(second.channels.find(({ channel }) => channel === inbox)).toMatchObject({ recovered: true });
    await ann.ok("send", { userId: bob, msg: "251" });
    await again.until(() => again.messages.length >= 250, "what was missed");
    await again.settle();
    expect(texts(again.messages)).toEqual(range(2, 251).map(String));
    await closeAll(ann, again);
  });
});

describe("resume", () => {
  test("nothing is missed and nothing comes twice while messages keep flowing", async () => {
    const room = newRoom();
    const talker = await inRoom(room, newName("talker"));
    const name = newName("roamer");
    let said = 0;
    let talking = true;
    const talk = (async () => {
      while (talking) {
        const seqs = range(1, 20).map(() => {
          said += 1;
          return talker.send("send", { channel: room, msg: `${said}` });
        });
        await talker.answer(seqs.at(-1) ?? "");
      }
    })();
    const seen: FrameData[] = [];
    let { epoch, offset } = { epoch: "", offset: 0 };
    for (const round of range(1, 12)) {
      const format = round % 2 === 0 ? "json" : "protobuf";
      const roamer = await login(name, { format });
      const joined = await roamer.ok("join", { channel: room, epoch, offset });
      expect(joined).toMatchObject({ recovered: true });
      const enough = 40 + round;
      await roamer.until(() => roamer.messagesIn(room).length >= enough, "some messages");
      roamer.terminate();
      const got = roamer.messagesIn(room);
      seen.push(...got);
      epoch = joined.epoch;
      offset = got.at(-1)?.offset ?? offset;
    }
    talking = false;
    await talk;
    expect(offsets(seen)).toEqual(range(1, seen.length));
    expect(texts(seen)).toEqual(range(1, seen.length).map(String));
    await talker.close();
  });

  test("tells when it can't: another epoch, a place that does not exist, too far back", async () => {
    const room = newRoom();
    const ann = await inRoom(room, newName("ann"));
    const sent = await ann.ok("send", { channel: room, msg: "1" });
    const bob = await login(newName("bob"));
    const tries: [place: object, recovered: boolean | undefined][] = [
      [{ epoch: "another", offset: 1 }, false],
      [{ epoch: sent.epoch, offset: 2 }, false],
      [{ epoch: sent.epoch, offset: 1 }, true],
      [{ epoch: sent.epoch, offset: 0 }, true],
      [{}, undefined],
    ];
    for (const [place, recovered] of tries) {
      const joined = await bob.ok("join", { channel: room, ...place });
      expect([joined.recovered, joined.offset, joined.epoch]).toEqual([recovered, 1, sent.epoch]);
      await bob.ok("leave", { channel: room });
    }
    expect(texts(bob.messagesIn(room))).toEqual(["1"]);
    await closeAll(ann, bob);
  });

  test("a trimmed place is not recovered, and history begins where the log does", async () => {
    const small = await PrimProcess.start({ args: ["--history-count-max", "10"] });
    try {
      const ann = await ChatClient.login(small.webSocketUrl, "ann");
      for (const n of range(1, 30)) ann.send("send", { channel: "room:101", msg: `${n}` });
      await ann.until(() => ann.messages.length >= 30, "30 messages");
      const { epoch } = ann.messages[0] ?? {};
      const bob = await ChatClient.login(small.webSocketUrl, "bob");
      await bob.ok("leave", { channel: "room:101" });
      expect((await bob.ok("join", { channel: "room:101", epoch, offset: 19 })).recovered).toBe(false);
      await bob.ok("leave", { channel: "room:101" });
      expect((await bob.ok("join", { channel: "room:101", epoch, offset: 20 })).recovered).toBe(true);
      await bob.until(() => bob.messages.length >= 10, "the last 10");
      expect(offsets(bob.messages)).toEqual(range(21, 30));
      const page = await bob.ok("history", { channel: "room:101", after: 0 });
      expect(offsets(page.messages)).toEqual(range(21, 30));
    } finally {
      await small.stop();
    }
  });

  test("more than 5,000 missed messages are not pushed, 5,000 are", async () => {
    const room = newRoom();
    const ann = await inRoom(room, newName("ann"));
    let epoch = "";
    for (const batch of range(0, 10)) {
      const seqs = range(1, batch === 10 ? 1 : 500).map(() => ann.send("send", { channel: room, msg: "x" }));
      for (const seq of seqs) ({ epoch } = (await ann.answer(seq)).data);
    }
    const bob = await login(newName("bob"));
    expect((await bob.ok("join", { channel: room, epoch, offset: 0 })).recovered).toBe(false);
    await bob.ok("leave", { channel: room });
    expect((await bob.ok("join", { channel: room, epoch, offset: 1 })).recovered).toBe(true);
    await bob.until(() => bob.messages.length >= 5_000, "5,000 messages");
    expect(offsets(bob.messages)).toEqual(range(2, 5_001));
    await closeAll(ann, bob);
  });
});

describe("the same seq twice", () => {
  test("is one message with the same answer: later, at once, after a reconnect", async () => {
    const room = newRoom();
    const name = newName("ann");
    const bob = await inRoom(room, newName("bob"));
    let ann = await inRoom(room, name);
    const message = { channel: room, msg: "once" };
    const first = await ann.ok("send", message, "the-seq");
    expect(await ann.ok("send", message, "the-seq")).toEqual(first);
    for (const _ of range(1, 5)) ann.send("send", { ...message, msg: "at once" }, "another");
    const answers = [];
    for (const _ of range(1, 5)) answers.push((await ann.answer("another")).data);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(new Set(answers.map(({ offset }) => offset))).toEqual(new Set([2]));
    await ann.close();
    ann = await inRoom(room, name);
    expect(await ann.ok("send", message, "the-seq")).toEqual(first);
    // Another user's seq is another message, and so is another room's.
    expect((await bob.ok("send", message, "the-seq")).offset).toBe(3);
    expect((await ann.ok("send", { channel: "room:101", msg: "x" }, newName("seq"))).channel).toBe(
      "room:101",
    );
    await bob.until(() => bob.messagesIn(room).length >= 3, "three messages");
    await bob.settle();
    expect(texts(bob.messagesIn(room))).toEqual(["once", "at once", "once"]);
    await closeAll(ann, bob);
  });

  test("from two devices at once, one to one, is one message in both inboxes", async () => {
    const name = newName("ann");
    const bob = newName("bob");
    const devices = [await login(name), await login(name, { format: "protobuf", appPlatform: 102 })];
    const receiver = await login(bob);
    const answers = await Promise.all(
      devices.map((device) => device.ok("send", { userId: bob, msg: "once" }, "same")),
    );
    expect(answers[1]?.id).toBe(answers[0]?.id ?? "");
    expect(answers[1]?.offset).toBe(answers[0]?.offset ?? 0);
    for (const client of [...devices, receiver]) {
      await client.push("msg");
      await client.settle();
      expect(client.messages.map(({ id, offset }) => [id, offset])).toEqual([[answers[0]?.id ?? "", 1]]);
    }
    await closeAll(...devices, receiver);
  });

  test("over HTTP: a repeated msgId is one message", async () => {
    const bob = newName("bob");
    const client = await login(bob);
    const mail = { userId: bob, msgId: "mail-1", message: "once" };
    const answers = await Promise.all(
      range(1, 4).map(() => prim.post<FrameData & { repeated: boolean }>("/user/sendMessage", mail)),
    );
    expect(new Set(answers.map(({ data }) => data.id)).size).toBe(1);
    expect(answers.map(({ data }) => data.repeated).sort()).toEqual([false, true, true, true]);
    await client.push("msg");
    await client.settle();
    expect(texts(client.messages)).toEqual(["once"]);
    await client.close();
  });
});

describe("history", () => {
  test("is paged both ways, and says when there is more", async () => {
    const room = newRoom();
    const ann = await inRoom(room, newName("ann"));
    for (const n of range(1, 25)) ann.send("send", { channel: room, msg: `${n}` });
    await ann.until(() => ann.messages.length >= 25, "25 messages");
    const asked: [query: object, wanted: number[], more: boolean][] = [
      [{}, range(1, 25), false],
      [{ limit: 10 }, range(16, 25), true],
      [{ before: 16, limit: 10 }, range(6, 15), true],
      [{ before: 6, limit: 10 }, range(1, 5), false],
      [{ before: 1 }, [], false],
      [{ before: 1_000, limit: 3 }, range(23, 25), true],
      [{ after: 0, limit: 10 }, range(1, 10), true],
      [{ after: 10, limit: 10 }, range(11, 20), true],
      [{ after: 20, limit: 5 }, range(21, 25), false],
      [{ after: 25 }, [], false],
      [{ after: 1_000_000 }, [], false],
    ];
    for (const [query, wanted, more] of asked) {
      const page = await ann.ok("history", { channel: room, ...query });
      expect([query, offsets(page.messages), page.more, page.head]).toEqual([query, wanted, more, 25]);
    }
    const page = await ann.ok("history", { channel: room, limit: 1 });
    expect(page.messages[0] as object).toEqual({ ...ann.messages[24], seq: expect.any(String) } as object);
    expect((await ann.ok("history", { channel: "all" })).head).toBe(0);
    await ann.close();
  });
});

describe("read marks and typing", () => {
  test("a room is told how far somebody has read, forward only, and a login knows it", async () => {
    const room = newRoom();
    const name = newName("bob");
    const ann = await inRoom(room, newName("ann"));
    const bob = await inRoom(room, name);
    for (const n of range(1, 3)) await ann.ok("send", { channel: room, msg: `${n}` });
    await bob.ok("read", { channel: room, offset: 2 });
    expect((await ann.push("read")).data).toMatchObject({ channel: room, from: name, offset: 2 });
    await bob.ok("read", { channel: room, offset: 1 });
    await bob.ok("read", { channel: room, offset: 3 });
    expect((await ann.push("read")).data.offset).toBe(3);
    expect((await bob.request("read", { channel: room, offset: 4 })).code).toBe(1001);
    expect((await bob.request("read", { channel: room, offset: 0 })).code).toBe(1001);
    await bob.ok("leave", { channel: room });
    expect((await bob.ok("join", { channel: room })).read).toBe(3);
    await closeAll(ann, bob);
  });

  test("one to one: the sender hears which of their messages was read, other devices hear the place", async () => {
    const names = { ann: newName("ann"), bob: newName("bob") };
    const ann = await login(names.ann);
    const bob = await login(names.bob);
    const bobsPhone = await login(names.bob, { appPlatform: 102 });
    await ann.ok("send", { userId: names.bob, msg: "1" });
    const second = await ann.ok("send", { userId: names.bob, msg: "2" });
    await bob.ok("read", { channel: `inbox:${names.bob}`, offset: 2 });
    expect((await ann.push("read")).data).toMatchObject({ from: names.bob, id: second.id });
    expect((await bobsPhone.push("read")).data).toMatchObject({ channel: `inbox:${names.bob}`, offset: 2 });
    await closeAll(ann, bob, bobsPhone);
  });

  test("typing reaches the room, or the user", async () => {
    const room = newRoom();
    const names = { ann: newName("ann"), bob: newName("bob") };
    const ann = await inRoom(room, names.ann);
    const bob = await inRoom(room, names.bob);
    await ann.ok("typing", { channel: room });
    expect((await bob.push("typing")).data).toMatchObject({ channel: room, from: names.ann });
    await ann.ok("typing", { userId: names.bob });
    expect((await bob.push("typing")).data).toMatchObject({ channel: `inbox:${names.bob}`, from: names.ann });
    await closeAll(ann, bob);
  });
});

describe("sessions", () => {
  test("logout and login again on the same connection, as somebody else and in another format", async () => {
    const room = newRoom();
    const names = { ann: newName("ann"), eve: newName("eve") };
    const watcher = await inRoom(room, newName("watcher"));
    const client = await inRoom(room, names.ann);
    await watcher.push("enter", (data) => data.from === names.ann && data.channel === room);
    await client.ok("logout");
    await watcher.push("exit", (data) => data.from === names.ann && data.channel === room);
    for (const action of ["heartbeat", "history", "send", "join", "leave", "read", "typing"]) {
      const data = { channel: room, msg: "x", ...(action === "read" ? { offset: 1 } : {}) };
      expect([action, (await client.request(action, data)).code]).toEqual([action, 1000]);
    }
    expect((await client.request("ping")).code).toBe(200);
    await watcher.ok("send", { channel: room, msg: "nobody there" });
    await client.ok("login", { userId: names.eve, appPlatform: 103 });
    expect((await client.request("send", { channel: room, msg: "x" })).code).toBe(1003);
    await client.ok("join", { channel: room });
    await watcher.push("enter", (data) => data.from === names.eve && data.channel === room);
    await client.ok("send", { channel: room, msg: "as eve" });
    await client.push("msg");
    expect(client.messages.map(({ from, msg }) => [from, msg])).toEqual([[names.eve, "as eve"]]);
    await closeAll(watcher, client);
  });

  test("presence over HTTP is per platform and ends with the last session", async () => {
    const name = newName("ann");
    const online = async (appPlatform?: number) => {
      const query = new URLSearchParams({ userId: name });
      if (appPlatform !== undefined) query.set("appPlatform", String(appPlatform));
      const { data } = await prim.get<{ online: boolean }>(`/user/online?${query}`);
      return data.online;
    };
    const all = async () => [await online(), await online(0), await online(101), await online(102)];
    expect(await all()).toEqual([false, false, false, false]);
    const web = await login(name);
    expect(await all()).toEqual([true, true, true, false]);
    const phones = [await login(name, { appPlatform: 102 }), await login(name, { appPlatform: 102 })];
    await web.ok("logout");
    expect(await all()).toEqual([true, true, false, true]);
    await phones[0]?.ok("logout");
    expect(await all()).toEqual([true, true, false, true]);
    await phones[1]?.ok("logout");
    expect(await all()).toEqual([false, false, false, false]);
    await closeAll(web, ...phones);
  });
});
