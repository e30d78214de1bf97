import { describe, expect, test } from "bun:test";
import { type Client, FakeChat, lobby } from "../../test/fake-chat.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { FakeFanout } from "../../test/fake-connection.ts";
import type { ChannelId } from "../base/ids.ts";
import {
  GATHER_CHARS_MAX,
  GATHER_MS_MAX,
  GATHER_PUSHES_MAX,
  GATHER_SUBSCRIBERS_PER_MS,
} from "../base/limits.ts";
import { Gathering } from "./gathering.ts";
import type { Push } from "./pushes.ts";

const MANY = GATHER_MS_MAX * GATHER_SUBSCRIBERS_PER_MS;
const other = "room:other" as ChannelId;

function bed() {
  const clock = new FakeClock();
  const fanout = new FakeFanout();
  const gathering = new Gathering(fanout, clock);
  const say = (text: string, subscribers = MANY, channel = lobby) => {
    const message = { msg: text } as (Push & { kind: "msg" })["message"];
    gathering.publish(channel, { kind: "msg", message }, subscribers);
  };
  const texts = (channel = lobby) =>
    fanout.published.flatMap(({ channel: to, push }) =>
      to === channel && push.kind === "msg" ? [push.message.msg] : [],
    );
  return { clock, gathering, say, texts };
}

describe("Gathering.publish()", () => {
  test("publishes at once in a quiet channel, and always in a small one", () => {
    const { clock, say, texts } = bed();
    say("a");
    expect(texts()).toEqual(["a"]);
    clock.advance(GATHER_MS_MAX);
    say("b");
    expect(texts()).toEqual(["a", "b"]);
    for (const text of ["1", "2", "3"]) say(text, GATHER_SUBSCRIBERS_PER_MS - 1, other);
    expect(texts(other)).toEqual(["1", "2", "3"]);
  });

  test("lets pushes to a busy channel wait for each other, in order and for a bounded time", () => {
    const { clock, say, texts } = bed();
    for (const text of ["a", "b", "c"]) say(text);
    clock.advance(GATHER_MS_MAX - 1);
    say("d");
    expect(texts()).toEqual(["a"]);
    clock.advance(1);
    expect(texts()).toEqual(["a", "b", "c", "d"]);
    say("e");
    expect(texts()).toHaveLength(4);
    clock.advance(GATHER_MS_MAX);
    expect(texts()).toEqual(["a", "b", "c", "d", "e"]);
    clock.advance(GATHER_MS_MAX);
    say("f");
    expect(texts()).toHaveLength(6);
  });

  test("waits the shorter the fewer subscribers there are", () => {
    const { clock, say, texts } = bed();
    say("a", 2 * GATHER_SUBSCRIBERS_PER_MS);
    say("b", 2 * GATHER_SUBSCRIBERS_PER_MS);
    clock.advance(1);
    expect(texts()).toEqual(["a"]);
    clock.advance(1);
    expect(texts()).toEqual(["a", "b"]);
  });

  test("keeps no more waiting than its bounds, in pushes and in characters", () => {
    const { say, texts } = bed();
    for (let n = 0; n < GATHER_PUSHES_MAX; n++) say(String(n));
    expect(texts()).toHaveLength(1);
    say("last");
    expect(texts()).toHaveLength(GATHER_PUSHES_MAX + 1);
    say("a", MANY, other);
    say("x".repeat(GATHER_CHARS_MAX - 1), MANY, other);
    expect(texts(other)).toHaveLength(1);
    say("y", MANY, other);
    expect(texts(other)).toHaveLength(3);
  });

  test("keeps channels apart; flush() is for one, flushAll() for all, drop() for nobody", () => {
    const { clock, gathering, say, texts } = bed();
    for (const channel of [lobby, other]) for (const text of ["a", "b"]) say(text, MANY, channel);
    gathering.flush(lobby);
    gathering.flush(lobby);
    expect([texts(), texts(other)]).toEqual([["a", "b"], ["a"]]);
    say("c");
    gathering.flushAll();
    expect([texts(), texts(other)]).toEqual([
      ["a", "b", "c"],
      ["a", "b"],
    ]);
    say("d");
    gathering.drop(lobby);
    clock.advance(GATHER_MS_MAX);
    expect(texts()).toEqual(["a", "b", "c"]);
    say("e");
    expect(texts()).toEqual(["a", "b", "c", "e"]);
  });
});

describe("a busy room with many members", () => {
  const MEMBERS = 3 * GATHER_SUBSCRIBERS_PER_MS;

  async function crowd() {
    const world = new FakeChat({ announceMax: 0, countMax: 100_000 });
    const members: Client[] = [];
    for (let n = 0; n < MEMBERS; n++) members.push(await world.login(`user-${n}`));
    const [first] = members;
    if (first === undefined) throw new Error("A crowd has members");
    return { world, members, first };
  }

  test("who comes while messages are gathered sees each message after its place once, and none before", async () => {
    const { world, members, first } = await crowd();
    for (const seq of ["1", "2", "3"]) await world.say(first, seq, "hi");
    expect(members.at(-1)?.connection.offsetsIn(lobby)).toEqual([1]);
    const { epoch } = await world.store.join(lobby);
    const fresh = await world.login("fresh");
    await world.say(first, "4", "hi");
    const back = await world.login("back", [{ channel: lobby, epoch, offset: 1 }]);
    await world.say(first, "5", "hi");
    const uptodate = await world.login("uptodate", [{ channel: lobby, epoch, offset: 5 }]);
    await world.say(first, "6", "hi");
    world.clock.advance(GATHER_MS_MAX);
    expect(fresh.connection.offsetsIn(lobby)).toEqual([4, 5, 6]);
    expect(back.connection.offsetsIn(lobby)).toEqual([2, 3, 4, 5, 6]);
    expect(uptodate.connection.offsetsIn(lobby)).toEqual([6]);
    for (const { connection } of members) expect(connection.offsetsIn(lobby)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("a sender may mark their own message as read as soon as it is answered", async () => {
    const { world, first } = await crowd();
    await world.say(first, "1", "hi");
    const { offset } = await world.say(first, "2", "hi");
    await world.chat.read(first.session, lobby, offset);
    await expect(world.chat.read(first.session, lobby, offset + 1)).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  test("who leaves, and who stays, has what was said before", async () => {
    const { world, members, first } = await crowd();
    for (const seq of ["1", "2", "3"]) await world.say(first, seq, "hi");
    world.chat.leave(first.session, lobby);
    expect(first.connection.offsetsIn(lobby)).toEqual([1, 2, 3]);
    expect(members.at(-1)?.connection.offsetsIn(lobby)).toEqual([1, 2, 3]);
  });

  test("whatever comes between, everybody sees the messages after their place, in order and once", async () => {
    const { world, first } = await crowd();
    const expected: { client: Client; from: number; until: number | undefined }[] = [];
    let head = 0;
    let random = 7;
    const below = (bound: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((random / 2_147_483_648) * bound);
    };
    for (let step = 0; step < 600; step++) {
      const choice = below(10);
      if (choice < 6) head = (await world.say(first, `seq-${step}`, "hi")).offset;
      else if (choice < 8) world.clock.advance(below(GATHER_MS_MAX + 2));
      else if (choice === 8) {
        const from = below(2) === 0 ? head : below(head + 1);
        const { epoch } = await world.store.join(lobby);
        const resumes = head > 0 && below(2) === 0;
        const positions = resumes ? [{ channel: lobby, epoch, offset: from }] : [];
        const client = await world.login(`guest-${step}`, positions);
        expected.push({ client, from: resumes ? from : head, until: undefined });
      } else {
        const leaver = expected.find(({ until }) => until === undefined);
        if (leaver === undefined) continue;
        world.chat.disconnect(leaver.client.session);
        leaver.until = head;
      }
    }
    world.clock.advance(GATHER_MS_MAX);
    expect(expected.length).toBeGreaterThan(20);
    for (const { client, from, until = head } of expected) {
      const offsets = Array.from({ length: until - from }, (_, at) => from + 1 + at);
      expect(client.connection.offsetsIn(lobby)).toEqual(offsets);
    }
  });
});
