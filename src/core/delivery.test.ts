import { describe, expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { FakeConnection, FakeFanout } from "../../test/fake-connection.ts";
import type { AppPlatform, ChannelId, Epoch, UserId } from "../base/ids.ts";
import { newMessageId } from "../base/ids.ts";
import { silentLogger } from "../base/logger.ts";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import type { ChannelLog } from "./channel-log.ts";
import { Delivery } from "./delivery.ts";
import type { Draft, Message } from "./message.ts";

const room = "room:a" as ChannelId;

function draft(msg: string): Draft {
  const from = "ann" as UserId;
  return { id: newMessageId(), seq: msg, from, appPlatform: 101 as AppPlatform, type: "text", msg };
}

function open(wrap: (log: ChannelLog) => ChannelLog = (log) => log) {
  const store = new MemoryStore({ clock: new FakeClock(), countMax: 100, ageMs: 3_600_000 });
  const fanout = new FakeFanout();
  const client = new FakeConnection(fanout);
  client.subscribe(room);
  const delivery = new Delivery(wrap(store), fanout, silentLogger);
  async function store1(msg: string): Promise<Message> {
    const one = draft(msg);
    const { receipt } = await store.append({ channel: room, draft: one, windowMs: 0 });
    return { ...one, ...receipt };
  }
  return { store, fanout, client, delivery, append: store1 };
}

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("Delivery", () => {
  test("deliver() publishes what is next, at once", async () => {
    const { delivery, client, append } = open();
    await delivery.open(room);
    delivery.deliver(await append("1"));
    expect(client.offsetsIn(room)).toEqual([1]);
    expect(delivery.position(room).offset).toBe(1);
  });

  test("deliver() drops repeats and what is old", async () => {
    const { delivery, client, append } = open();
    await delivery.open(room);
    const [first, second] = [await append("1"), await append("2")];
    for (const message of [first, first, second, first, second]) delivery.deliver(message);
    expect(client.offsetsIn(room)).toEqual([1, 2]);
  });

  test("deliver() fills a gap from the log before anything later", async () => {
    const { delivery, client, append } = open();
    await delivery.open(room);
    const messages = [await append("1"), await append("2"), await append("3"), await append("4")];
    for (const index of [3, 0, 2, 1]) delivery.deliver(messages[index] as Message);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2, 3, 4]);
  });

  test("deliver() keeps what comes while a gap is being filled", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reads = 0;
    const { delivery, client, append } = open((log) => ({
      ...bound(log),
      async read(channel, range) {
        const page = await log.read(channel, range);
        reads += 1;
        if (reads === 1) await held;
        return page;
      },
    }));
    await delivery.open(room);
    await append("1");
    delivery.deliver(await append("2"));
    await settle();
    delivery.deliver(await append("3"));
    expect(client.offsetsIn(room)).toEqual([]);
    release();
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2, 3]);
    delivery.deliver(await append("4"));
    expect(client.offsetsIn(room)).toEqual([1, 2, 3, 4]);
  });

  test("deliver() keeps what comes while the channel is being opened", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { delivery, client, append } = open((log) => ({
      ...bound(log),
      async join(channel) {
        const head = await log.join(channel);
        await held;
        return head;
      },
    }));
    const opening = delivery.open(room);
    delivery.deliver(await append("1"));
    release();
    await opening;
    await settle();
    expect(client.offsetsIn(room)).toEqual([1]);
  });

  test("deliver() tries a gap again with the next message after the log was away", async () => {
    let away = true;
    const { delivery, client, append } = open((log) => ({
      ...bound(log),
      read: (channel, range) => (away ? Promise.reject(new Error("away")) : log.read(channel, range)),
    }));
    await delivery.open(room);
    await append("1");
    delivery.deliver(await append("2"));
    await settle();
    expect(client.offsetsIn(room)).toEqual([]);
    away = false;
    delivery.deliver(await append("3"));
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2, 3]);
  });

  for (const [name, heardBefore, kinds] of [
    ["tells that the history is lost when the log says so", true, ["msg", "notice", "msg"]],
    ["takes a new epoch as it is where nothing was heard before", false, ["msg"]],
  ] as const) {
    test(`deliver() ${name}, and goes on`, async () => {
      let epoch: Epoch | undefined;
      const { delivery, client, append } = open((log) => ({
        ...bound(log),
        async read(channel, range) {
          const page = await log.read(channel, range);
          if (epoch === undefined) return page;
          const messages = page.messages.map((message) => ({ ...message, epoch: epoch as Epoch }));
          return { ...page, head: { epoch, offset: page.head.offset }, messages };
        },
      }));
      await delivery.open(room);
      const first = await append("1");
      if (heardBefore) delivery.deliver(first);
      epoch = "another1" as Epoch;
      delivery.deliver({ ...first, epoch });
      await settle();
      expect(client.kinds()).toEqual([...kinds]);
      expect(delivery.position(room)).toEqual({ epoch, offset: 1 });
    });
  }

  test("deliver() drops a message of a channel that nobody here has open", async () => {
    const { delivery, fanout, append } = open();
    delivery.deliver(await append("1"));
    expect(fanout.published).toEqual([]);
  });

  test("open() starts at the log's head, close() forgets with the last session", async () => {
    const { delivery, append } = open();
    await append("1");
    await delivery.open(room);
    expect(delivery.position(room).offset).toBe(1);
    await delivery.open(room);
    delivery.close(room);
    expect(delivery.channelCount).toBe(1);
    delivery.close(room);
    expect(delivery.channelCount).toBe(0);
  });

  test("open() that fails holds nothing, and may be tried again", async () => {
    let away = true;
    const { delivery } = open((log) => ({
      ...bound(log),
      join: (channel) => (away ? Promise.reject(new Error("away")) : log.join(channel)),
    }));
    const failed = [delivery.open(room), delivery.open(room)];
    for (const opening of failed) await expect(opening).rejects.toThrow("away");
    expect(delivery.channelCount).toBe(0);
    away = false;
    await delivery.open(room);
    expect(delivery.position(room).offset).toBe(0);
  });
});

function bound(log: ChannelLog): ChannelLog {
  return {
    append: (request) => log.append(request),
    join: (channel) => log.join(channel),
    leave: (channel) => log.leave(channel),
    interested: (channel) => log.interested(channel),
    read: (channel, range) => log.read(channel, range),
    close: () => log.close(),
  };
}
