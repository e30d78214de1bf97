import { describe, expect, test } from "bun:test";
import { android, FakeChat, lobby, web } from "../../test/fake-chat.ts";
import type { ChannelId, Epoch, UserId } from "../base/ids.ts";
import { RECOVER_MESSAGES_MAX, SEND_WINDOW_MS, SESSIONS_PER_USER_MAX } from "../base/limits.ts";
import type { ChannelPosition } from "./message.ts";

const ann = "ann" as UserId;
const game = "room:game-7" as ChannelId;
const inbox = (userId: string) => `inbox:${userId}` as ChannelId;

describe("Chat.login()", () => {
  test("makes the session a member of its platform's room, its inbox and the broadcast", async () => {
    const world = new FakeChat();
    const { session } = world.connect();
    const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions: [] };
    const { channels } = await world.chat.login(session, command);
    expect(channels.map(({ channel }) => channel)).toEqual([lobby, inbox("ann"), "all" as ChannelId]);
    expect(world.hub.find(web, ann)?.sessions).toEqual([session]);
  });

  test("tells everybody else of a user's first session, and of their last one's end", async () => {
    const world = new FakeChat();
    const bob = await world.login("bob");
    const phone = await world.login("ann");
    const laptop = await world.login("ann");
    expect(phone.connection.pushes).toEqual([]);
    expect(bob.connection.kinds()).toEqual(["enter"]);
    world.chat.disconnect(phone.session);
    expect(bob.connection.kinds()).toEqual(["enter"]);
    world.chat.disconnect(laptop.session);
    world.chat.disconnect(laptop.session);
    expect(bob.connection.kinds()).toEqual(["enter", "exit"]);
    expect(world.hub.find(web, ann)).toBeUndefined();
  });

  test("refuses a second login, a platform that is not allowed, and one session too many", async () => {
    const world = new FakeChat();
    const { session } = await world.login("ann");
    const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions: [] };
    await expect(world.chat.login(session, command)).rejects.toMatchObject({ reason: "ALREADY_LOGGED_IN" });
    const stranger = world.connect();
    const elsewhere = { ...command, appPlatform: 7 as typeof web };
    await expect(world.chat.login(stranger.session, elsewhere)).rejects.toMatchObject({
      reason: "PLATFORM_NOT_ALLOWED",
    });
    for (let count = 1; count < SESSIONS_PER_USER_MAX; count += 1) await world.login("ann");
    await expect(world.login("ann")).rejects.toMatchObject({ code: "resource_exhausted" });
    await world.login("ann", [], android);
  });

  test("refuses the name that back ends send under", async () => {
    await expect(new FakeChat().login("system")).rejects.toMatchObject({ code: "permission_denied" });
  });

  test("leaves nothing behind when the connection ends during it", async () => {
    const world = new FakeChat();
    const { session } = world.connect();
    const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions: [] };
    const login = world.chat.login(session, command);
    world.chat.disconnect(session);
    await expect(login).rejects.toMatchObject({ code: "cancelled" });
    expect(world.delivery.channelCount).toBe(0);
    expect(world.hub.userCount + world.hub.sessions.size + world.hub.rooms.size).toBe(0);
  });

  test("leaves nothing behind when the store is away", async () => {
    let away = true;
    const world = new FakeChat({
      wrap: (store) =>
        new Proxy(store, {
          get(target, name) {
            if (name === "join" && away) return () => Promise.reject(new Error("away"));
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        }),
    });
    await expect(world.login("ann")).rejects.toThrow("away");
    expect(world.delivery.channelCount).toBe(0);
    away = false;
    await world.login("ann");
    expect(world.delivery.channelCount).toBe(3);
  });

  test("pushes what was missed since the positions, then what is live, each once and in order", async () => {
    const world = new FakeChat();
    const bob = await world.login("bob");
    const { epoch } = await world.say(bob, "1", "one");
    await world.say(bob, "2", "two");
    await world.say(bob, "3", "three");
    const positions: ChannelPosition[] = [{ channel: lobby, epoch, offset: 1 }];
    const { session, connection } = world.connect();
    const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions };
    const { channels, replay } = await world.chat.login(session, command);
    expect(channels[0]).toMatchObject({ channel: lobby, offset: 3, recovered: true });
    await world.say(bob, "4", "four");
    expect(connection.offsetsIn(lobby)).toEqual([]);
    const replaying = replay();
    await world.say(bob, "5", "five");
    await replaying;
    await world.say(bob, "6", "six");
    expect(connection.offsetsIn(lobby)).toEqual([2, 3, 4, 5, 6]);
  });

  test("says what can't be recovered: another epoch, past the head, trimmed, too much", async () => {
    const world = new FakeChat({ countMax: 5 });
    const bob = await world.login("bob");
    const { epoch } = await world.say(bob, "0", "first");
    for (let count = 1; count < 10; count += 1) await world.say(bob, String(count), "more");
    const recovered = async (offset: number, at: string = epoch) => {
      const client = world.connect();
      const positions = [{ channel: lobby, epoch: at as Epoch, offset }];
      const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions };
      return (await world.chat.login(client.session, command)).channels[0]?.recovered;
    };
    expect(await recovered(10)).toBe(true);
    expect(await recovered(5)).toBe(true);
    expect(await recovered(4)).toBe(false);
    expect(await recovered(0)).toBe(false);
    expect(await recovered(11)).toBe(false);
    expect(await recovered(9, "another1")).toBe(false);
    expect(RECOVER_MESSAGES_MAX).toBeGreaterThan(10);
  });

  test("waits for a slow reader while it replays", async () => {
    const world = new FakeChat();
    const bob = await world.login("bob");
    const { epoch } = await world.say(bob, "1", "one");
    await world.say(bob, "2", "two");
    const client = world.connect();
    client.connection.slow = true;
    const positions = [{ channel: lobby, epoch, offset: 0 }];
    const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions };
    await (await world.chat.login(client.session, command)).replay();
    expect(client.connection.offsetsIn(lobby)).toEqual([1, 2]);
    expect(client.connection.drains).toBe(2);
  });

  test("joins the rooms of the positions again, and no stranger's inbox", async () => {
    const world = new FakeChat();
    const position = { channel: game, epoch: "" as Epoch, offset: 0 };
    const { session } = await world.login("ann", [position]);
    expect([...(session.rooms ?? [])]).toEqual([lobby, game]);
    await expect(world.login("bob", [{ ...position, channel: inbox("ann") }])).rejects.toMatchObject({
      code: "permission_denied",
    });
  });
});

describe("Chat.send()", () => {
  test("reaches every member in offset order, the sender too", async () => {
    const world = new FakeChat();
    const [a, b] = [await world.login("ann"), await world.login("bob")];
    await Promise.all([world.say(a, "1", "x"), world.say(b, "1", "y"), world.say(a, "2", "z")]);
    expect(a.connection.offsetsIn(lobby)).toEqual([1, 2, 3]);
    expect(b.connection.offsetsIn(lobby)).toEqual([1, 2, 3]);
  });

  test("answers the same seq with the first receipt, and sends nothing twice, within the window", async () => {
    const world = new FakeChat();
    const a = await world.login("ann");
    const [first, second] = await Promise.all([world.say(a, "1", "x"), world.say(a, "1", "x")]);
    expect(second).toEqual(first);
    world.clock.advance(SEND_WINDOW_MS - 1);
    expect(await world.say(a, "1", "x")).toEqual(first);
    world.clock.advance(2);
    expect((await world.say(a, "1", "x")).offset).toBe(2);
    expect(a.connection.offsetsIn(lobby)).toEqual([1, 2]);
  });

  test("to a user lies in both inboxes under one id, also when it is sent again", async () => {
    const world = new FakeChat();
    const [a, phone, b] = [await world.login("ann"), await world.login("ann"), await world.login("bob")];
    const receipt = await world.tell(a, "bob", "1", "psst");
    expect(await world.tell(phone, "bob", "1", "psst")).toEqual(receipt);
    expect(receipt.channel).toBe(inbox("ann"));
    expect(b.connection.offsetsIn(inbox("bob"))).toEqual([1]);
    expect(phone.connection.offsetsIn(inbox("ann"))).toEqual([1]);
    const copies = [a, phone, b].flatMap(({ connection }) =>
      connection.pushes.flatMap((push) => (push.kind === "msg" ? [push.message.id] : [])),
    );
    expect(copies).toEqual([receipt.id, receipt.id, receipt.id]);
  });

  test("to oneself lies in the inbox once", async () => {
    const world = new FakeChat();
    const a = await world.login("ann");
    await world.tell(a, "ann", "1", "note");
    expect(a.connection.offsetsIn(inbox("ann"))).toEqual([1]);
  });

  test("refuses those who are not logged in, no member, or write to what is no room", async () => {
    const world = new FakeChat();
    await expect(world.say(world.connect(), "1", "x")).rejects.toMatchObject({ code: "unauthenticated" });
    const a = await world.login("ann");
    await expect(world.say(a, "1", "x", game)).rejects.toMatchObject({ reason: "NOT_A_MEMBER" });
    for (const channel of ["all" as ChannelId, inbox("ann"), inbox("bob")]) {
      await expect(world.say(a, "1", "x", channel)).rejects.toMatchObject({ code: "permission_denied" });
    }
    expect(await world.store.read(inbox("bob"), { after: 0, limit: 1 })).toMatchObject({ messages: [] });
  });

  test("is refused while draining, and what was taken before is finished", async () => {
    const world = new FakeChat();
    const a = await world.login("ann");
    const taken = world.say(a, "1", "x");
    world.chat.drain();
    await world.publisher.idle();
    expect(world.publisher.underWay).toBe(0);
    expect((await taken).offset).toBe(1);
    await expect(world.say(a, "2", "y")).rejects.toMatchObject({ code: "unavailable", reason: "DRAINING" });
  });
});

describe("Chat.join() and leave()", () => {
  test("count rooms up to the bound, and no further", async () => {
    const world = new FakeChat({ channelsPerSessionMax: 3 });
    const { session } = await world.login("ann");
    await world.chat.join(session, "room:1" as ChannelId, undefined);
    await world.chat.join(session, "room:2" as ChannelId, undefined);
    await world.chat.join(session, "room:2" as ChannelId, undefined);
    await expect(world.chat.join(session, game, undefined)).rejects.toMatchObject({
      reason: "TOO_MANY_CHANNELS",
    });
    world.chat.leave(session, lobby);
    await world.chat.join(session, game, undefined);
    expect(world.hub.rooms.get(lobby)).toBeUndefined();
  });

  test("join() pushes nothing before it was answered, and everything after the answered place", async () => {
    const world = new FakeChat();
    const [a, b] = [await world.login("ann"), await world.login("bob")];
    await (await world.chat.join(a.session, game, undefined)).replay();
    await world.say(a, "1", "before", game);
    const joined = await world.chat.join(b.session, game, undefined);
    expect(joined.channels[0]?.offset).toBe(1);
    await world.say(a, "2", "between", game);
    expect(b.connection.offsetsIn(game)).toEqual([]);
    await joined.replay();
    await world.say(a, "3", "live", game);
    expect(b.connection.offsetsIn(game)).toEqual([2, 3]);
  });

  test("leave() during a replay ends it", async () => {
    const world = new FakeChat();
    const [a, b] = [await world.login("ann"), await world.login("bob")];
    await (await world.chat.join(a.session, game, undefined)).replay();
    const joined = await world.chat.join(b.session, game, undefined);
    await world.say(a, "1", "x", game);
    const replaying = joined.replay();
    world.chat.leave(b.session, game);
    await replaying;
    await world.say(a, "2", "y", game);
    expect(b.connection.offsetsIn(game)).toEqual([]);
  });

  test("keep rooms whose names share a prefix apart", async () => {
    const world = new FakeChat();
    const [a, b] = [await world.login("ann"), await world.login("bob")];
    await world.chat.join(a.session, "room:1" as ChannelId, undefined);
    await world.chat.join(b.session, "room:10" as ChannelId, undefined);
    await world.say(a, "1", "x", "room:1" as ChannelId);
    expect(b.connection.offsetsIn("room:1" as ChannelId)).toEqual([]);
  });

  test("leave() ends what reaches the session, and a stranger can't leave", async () => {
    const world = new FakeChat();
    const [a, b] = [await world.login("ann"), await world.login("bob")];
    world.chat.leave(b.session, lobby);
    await world.say(a, "1", "x");
    expect(b.connection.offsetsIn(lobby)).toEqual([]);
    expect(() => world.chat.leave(b.session, lobby)).toThrow("no member");
    expect(() => world.chat.leave(b.session, inbox("bob"))).toThrow("only rooms");
  });

  test("logout() ends everything but the connection, and login is possible again", async () => {
    const world = new FakeChat();
    const { session } = await world.login("ann");
    await world.chat.join(session, game, undefined);
    world.chat.logout(session);
    expect(world.delivery.channelCount).toBe(0);
    expect(world.hub.rooms.size).toBe(0);
    const command = {
      userId: "eve" as UserId,
      appPlatform: web,
      serviceToken: "",
      profile: undefined,
      positions: [],
    };
    await world.chat.login(session, command);
    expect(session.rooms).toBeUndefined();
  });
});

describe("Chat.read() and typing()", () => {
  test("read() tells the room once, and refuses what is not there yet", async () => {
    const world = new FakeChat();
    const [a, b] = [await world.login("ann"), await world.login("bob")];
    await world.say(a, "1", "x");
    await world.chat.read(b.session, lobby, 1);
    await world.chat.read(b.session, lobby, 1);
    const reads = a.connection.pushes.filter((push) => push.kind === "read");
    expect(reads).toEqual([expect.objectContaining({ channel: lobby, from: "bob" as UserId, offset: 1 })]);
    await expect(world.chat.read(b.session, lobby, 2)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("read() of the inbox tells each sender the newest of their messages that was read", async () => {
    const world = new FakeChat();
    const [a, b, c] = [await world.login("ann"), await world.login("bob"), await world.login("cid")];
    await world.tell(a, "bob", "1", "x");
    const second = await world.tell(a, "bob", "2", "y");
    await world.tell(c, "bob", "1", "z");
    await world.tell(a, "bob", "3", "later");
    await world.chat.read(b.session, inbox("bob"), 3);
    const told = a.connection.pushes.filter((push) => push.kind === "read");
    expect(told).toEqual([expect.objectContaining({ from: "bob" as UserId, id: second.id })]);
    expect(c.connection.kinds().filter((kind) => kind === "read")).toHaveLength(1);
  });

  test("typing() reaches the room or the user, and nobody in a big room", async () => {
    const world = new FakeChat({ announceMax: 2 });
    const [a, b] = [await world.login("ann"), await world.login("bob")];
    world.chat.typing(a.session, { channel: lobby });
    world.chat.typing(a.session, { userId: "bob" as UserId });
    expect(b.connection.kinds()).toEqual(["typing", "typing"]);
    await world.login("cid");
    world.chat.typing(a.session, { channel: lobby });
    expect(b.connection.kinds()).toEqual(["typing", "typing"]);
  });
});

describe("Chat.history()", () => {
  test("is for members, and no page is larger than a frame may be", async () => {
    const world = new FakeChat();
    const a = await world.login("ann");
    for (let count = 1; count <= 12; count += 1) await world.say(a, String(count), "x".repeat(65_000));
    const up = await world.chat.history(a.session, lobby, { after: 0, limit: 100 });
    expect(up.messages.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(up.more).toBe(true);
    const down = await world.chat.history(a.session, lobby, { before: undefined, limit: 100 });
    expect(down.messages.map(({ offset }) => offset)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
    expect(down.more).toBe(true);
    for (let count = 13; count <= 24; count += 1) await world.say(a, String(count), "\u0001".repeat(60_000));
    const escaped = await world.chat.history(a.session, lobby, { after: 12, limit: 100 });
    expect(escaped.messages.map(({ offset }) => offset)).toEqual([13]);
    await expect(world.chat.history(a.session, game, { after: 0, limit: 1 })).rejects.toMatchObject({
      reason: "NOT_A_MEMBER",
    });
  });
});
