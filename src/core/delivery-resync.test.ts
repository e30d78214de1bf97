import { describe, expect, test } from "bun:test";
import { bound, draft, openDelivery, room, settle } from "../../test/delivery-bed.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import type { ChannelId } from "../base/ids.ts";
import { HEADS_AT_ONCE, RESYNC_CHANNELS_AT_ONCE } from "../base/limits.ts";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import type { Position } from "./message.ts";

describe("Delivery, looking again", () => {
  test("resync() joins every open channel again, and publishes what was missed", async () => {
    const joined: ChannelId[] = [];
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      join: (channel) => {
        joined.push(channel);
        return log.join(channel);
      },
    }));
    for (let count = 0; count < RESYNC_CHANNELS_AT_ONCE * 2; count += 1) {
      await delivery.open(`room:${count}` as ChannelId);
    }
    await delivery.open(room);
    await append("1");
    await append("2");
    joined.length = 0;
    await delivery.resync();
    await settle();
    expect(joined).toHaveLength(RESYNC_CHANNELS_AT_ONCE * 2 + 1);
    expect(client.offsetsIn(room)).toEqual([1, 2]);
  });

  test("resync() follows a log that went back, and tells that history is lost", async () => {
    let back = false;
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      async join(channel) {
        const head = await log.join(channel);
        return back ? { ...head, offset: 1 } : head;
      },
    }));
    await delivery.open(room);
    const [first, second] = [await append("1"), await append("2")];
    delivery.deliver(first);
    delivery.deliver(second);
    back = true;
    await delivery.resync();
    expect(client.kinds()).toEqual(["msg", "msg", "notice"]);
    delivery.deliver(second);
    expect(client.offsetsIn(room)).toEqual([1, 2, 2]);
  });

  test("resync() takes no log for one that went back that began anew while it looked", async () => {
    const fresh = new MemoryStore({ clock: new FakeClock(), countMax: 1_000, ageMs: 3_600_000 });
    const held = Promise.withResolvers<void>();
    let isLost = false;
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      async join(channel) {
        if (!isLost) return log.join(channel);
        const head = await fresh.join(channel);
        await held.promise;
        return head;
      },
      read: (channel, range) => (isLost ? fresh : log).read(channel, range),
    }));
    await delivery.open(room);
    for (const msg of ["1", "2"]) delivery.deliver(await append(msg));
    isLost = true;
    const look = delivery.resync();
    const one = draft("3");
    const { receipt } = await fresh.append({ channel: room, draft: one, windowMs: 0 });
    delivery.deliver({ ...one, ...receipt });
    await settle();
    expect(client.kinds()).toEqual(["msg", "msg", "notice", "msg"]);
    held.resolve();
    await look;
    await settle();
    expect(client.kinds()).toEqual(["msg", "msg", "notice", "msg"]);
    expect(delivery.position(room)).toEqual({ epoch: receipt.epoch, offset: 1 });
  });

  test("findMissed() asks for heads, many at once, joins nothing, and publishes what was missed", async () => {
    const asked: number[] = [];
    let joins = 0;
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      join: (channel) => {
        joins += 1;
        return log.join(channel);
      },
      heads: (channels) => {
        asked.push(channels.length);
        return log.heads(channels);
      },
    }));
    for (let count = 0; count < HEADS_AT_ONCE; count += 1) await delivery.open(`room:${count}` as ChannelId);
    await delivery.open(room);
    delivery.deliver(await append("1"));
    await append("2");
    joins = 0;
    await delivery.findMissed();
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2]);
    expect([asked, joins, delivery.gapsFilled]).toEqual([[HEADS_AT_ONCE, 1], 0, 1]);
    await delivery.findMissed();
    expect(delivery.gapsFilled).toBe(1);
  });

  test("findMissed() finds what was stored while a channel was being opened", async () => {
    const held = Promise.withResolvers<void>();
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      async join(channel) {
        const head = await log.join(channel);
        await held.promise;
        return head;
      },
    }));
    const opening = delivery.open(room);
    await append("1");
    await delivery.findMissed();
    held.resolve();
    await opening;
    await settle();
    expect(client.offsetsIn(room)).toEqual([1]);
  });

  test("findMissed() tells of history that is lost: of a log that went back, and of one that is gone", async () => {
    let head: Position | undefined;
    let isLost = false;
    const fresh = new MemoryStore({ clock: new FakeClock(), countMax: 1_000, ageMs: 3_600_000 });
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      join: (channel) => (isLost ? fresh : log).join(channel),
      heads: async () => [head],
      read: (channel, range) => (isLost ? fresh : log).read(channel, range),
    }));
    await delivery.open(room);
    for (const msg of ["1", "2"]) delivery.deliver(await append(msg));
    head = { ...delivery.position(room), offset: 1 };
    await delivery.findMissed();
    expect(client.kinds()).toEqual(["msg", "msg", "notice"]);
    isLost = true;
    head = undefined;
    await delivery.findMissed();
    await settle();
    expect(client.kinds().filter((kind) => kind === "notice")).toHaveLength(2);
    expect(delivery.position(room)).toEqual(await fresh.join(room));
  });

  test("two looks at once follow a log that went back once, and publish nothing twice", async () => {
    const held = Promise.withResolvers<void>();
    let back = false;
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      async join(channel) {
        const head = await log.join(channel);
        return back ? { ...head, offset: 1 } : head;
      },
      async heads(channels) {
        const heads = channels.map(() => ({ ...delivery.position(room), offset: 1 }));
        await held.promise;
        return heads;
      },
    }));
    await delivery.open(room);
    const [first, second] = [await append("1"), await append("2")];
    for (const message of [first, second]) delivery.deliver(message);
    back = true;
    const looks = [delivery.findMissed(), delivery.resync()];
    await settle();
    delivery.deliver(second);
    held.resolve();
    await Promise.all(looks);
    await settle();
    expect(client.kinds()).toEqual(["msg", "msg", "notice"]);
    expect(client.offsetsIn(room)).toEqual([1, 2]);
  });

  test("findMissed() fails when the log is away, and may be repeated", async () => {
    let away = true;
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      heads: (channels) => (away ? Promise.reject(new Error("away")) : log.heads(channels)),
    }));
    await delivery.open(room);
    await append("1");
    await expect(delivery.findMissed()).rejects.toThrow("away");
    away = false;
    await delivery.findMissed();
    await settle();
    expect(client.offsetsIn(room)).toEqual([1]);
  });

  test("resync() fails when the log is away, and may be repeated", async () => {
    let away = false;
    const { delivery, client, append } = openDelivery((log) => ({
      ...bound(log),
      join: (channel) => (away ? Promise.reject(new Error("away")) : log.join(channel)),
    }));
    await delivery.open(room);
    await append("1");
    away = true;
    await expect(delivery.resync()).rejects.toThrow("away");
    away = false;
    await delivery.resync();
    await settle();
    expect(client.offsetsIn(room)).toEqual([1]);
  });
});
