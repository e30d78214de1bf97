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

const endTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Pushes so fast that whatever comes next has to wait. */
async function makeBusy({ say, clock }: ReturnType<typeof bed>, channels = [lobby]): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    for (const channel of channels) say("busy", MANY, channel);
    await endTurn();
  }
  clock.advance(GATHER_MS_MAX);
}

describe("Gathering.publish()", () => {
  test("publishes at once what comes rarely, what comes in one turn, and all in a small channel", async () => {
    const { clock, say, texts } = bed();
    for (let n = 0; n < 3; n++) {
      for (let at = 0; at < 5; at++) say(`${n}${at}`);
      expect(texts()).toHaveLength(5 * (n + 1));
      await endTurn();
      clock.advance(GATHER_MS_MAX);
    }
    for (let n = 0; n < 5; n++) {
      say(String(n), GATHER_SUBSCRIBERS_PER_MS - 1, other);
      expect(texts(other)).toHaveLength(n + 1);
      await endTurn();
      clock.advance(1);
    }
  });

  test("lets pushes that come turn after turn wait for each other, in order and for a bounded time", async () => {
    const channel = bed();
    const { clock, say, texts } = channel;
    await makeBusy(channel);
    const before = texts().length;
    for (const text of ["a", "b", "c"]) {
      say(text);
      await endTurn();
    }
    clock.advance(GATHER_MS_MAX - 1);
    say("d");
    expect(texts()).toHaveLength(before);
    clock.advance(1);
    expect(texts().slice(before)).toEqual(["a", "b", "c", "d"]);
    await endTurn();
    say("e");
    expect(texts()).toHaveLength(before + 4);
    clock.advance(GATHER_MS_MAX);
    expect(texts().at(-1)).toBe("e");
    // One turn in the last time: nothing waits any more.
    await endTurn();
    say("f");
    expect(texts().at(-1)).toBe("f");
    clock.advance(3 * GATHER_MS_MAX);
    say("g");
    expect(texts().at(-1)).toBe("g");
  });

  test("waits the shorter the fewer subscribers there are", async () => {
    const { clock, say, texts } = bed();
    for (let turn = 0; turn < 2; turn++) {
      say("busy", 2 * GATHER_SUBSCRIBERS_PER_MS);
      await endTurn();
    }
    clock.advance(2);
    say("a", 2 * GATHER_SUBSCRIBERS_PER_MS);
    clock.advance(1);
    expect(texts()).toHaveLength(2);
    clock.advance(1);
    expect(texts()).toHaveLength(3);
  });

  test("keeps no more waiting than its bounds, in pushes and in characters", async () => {
    const channel = bed();
    const { say, texts } = channel;
    await makeBusy(channel, [lobby, other]);
    for (let n = 1; n < GATHER_PUSHES_MAX; n++) say(String(n));
    expect(texts()).toHaveLength(2);
    say("last");
    expect(texts()).toHaveLength(2 + GATHER_PUSHES_MAX);
    say("x".repeat(GATHER_CHARS_MAX - 1), MANY, other);
    expect(texts(other)).toHaveLength(2);
    say("y", MANY, other);
    expect(texts(other)).toHaveLength(4);
  });

  test("keeps channels apart; flush() is for one, flushAll() for all, drop() for nobody", async () => {
    const channel = bed();
    const { clock, gathering, say, texts } = channel;
    await makeBusy(channel, [lobby, other]);
    for (const to of [lobby, other]) say("a", MANY, to);
    gathering.flush(lobby);
    gathering.flush(lobby);
    expect([texts().length, texts(other).length]).toEqual([3, 2]);
    say("b");
    gathering.flushAll();
    expect([texts().length, texts(other).length]).toEqual([4, 3]);
    say("c");
    gathering.drop(lobby);
    clock.advance(GATHER_MS_MAX);
    expect(texts()).toHaveLength(4);
    say("d");
    expect(texts().at(-1)).toBe("d");
  });
});

describe("a busy room with many members", () => {
  const GATHER_MS = 3;
  const MEMBERS = GATHER_MS * GATHER_SUBSCRIBERS_PER_MS;

  async function crowd() {
    const world = new FakeChat({ announceMax: 0, countMax: 100_000 });
    const members: Client[] = [];
    for (let n = 0; n < MEMBERS; n++) members.push(await world.login(`user-${n}`));
    const [first] = members;
    if (first === undefined) throw new Error("A crowd has members");
    for (const seq of ["busy-1", "busy-2"]) {
      await world.say(first, seq, "hi");
      await endTurn();
    }
    world.clock.advance(GATHER_MS);
    return { world, members, first };
  }

  test("who comes while messages are gathered sees each message after its place once, and none before", async () => {
    const { world, members, first } = await crowd();
    await world.say(first, "3", "hi");
    expect(members.at(-1)?.connection.offsetsIn(lobby)).toEqual([1, 2]);
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
    expect(first.connection.offsetsIn(lobby)).not.toContain(offset);
    await world.chat.read(first.session, lobby, offset);
    await expect(world.chat.read(first.session, lobby, offset + 1)).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  test("who leaves, and who stays, has what was said before", async () => {
    const { world, members, first } = await crowd();
    await world.say(first, "3", "hi");
    expect(first.connection.offsetsIn(lobby)).toEqual([1, 2]);
    world.chat.leave(first.session, lobby);
    expect(first.connection.offsetsIn(lobby)).toEqual([1, 2, 3]);
    expect(members.at(-1)?.connection.offsetsIn(lobby)).toEqual([1, 2, 3]);
  });

  test("whatever comes between, everybody sees the messages after their place, in order and once", async () => {
    const { world, first } = await crowd();
    const expected: { client: Client; from: number; until: number | undefined }[] = [];
    let head = 2;
    let held = 0;
    let random = 7;
    const below = (bound: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((random / 2_147_483_648) * bound);
    };
    for (let step = 0; step < 600; step++) {
      const choice = below(10);
      if (choice < 6) {
        head = (await world.say(first, `seq-${step}`, "hi")).offset;
        if (first.connection.offsetsIn(lobby).at(-1) !== head) held += 1;
        if (below(2) === 0) await endTurn();
      } else if (choice < 8) world.clock.advance(below(GATHER_MS + 2));
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
    expect(held).toBeGreaterThan(50);
    for (const { client, from, until = head } of expected) {
      const offsets = Array.from({ length: until - from }, (_, at) => from + 1 + at);
      expect(client.connection.offsetsIn(lobby)).toEqual(offsets);
    }
  });
});
