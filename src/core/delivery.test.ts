import { describe, expect, test } from "bun:test";
import { bound, openDelivery, room, settle } from "../../test/delivery-bed.ts";
import type { ChannelId, Epoch } from "../base/ids.ts";
import { EARLY_MESSAGES_MAX, GAP_RETRY_MS, GAP_WAIT_MS } from "../base/limits.ts";
import type { Message } from "./message.ts";

describe("Delivery", () => {
  test("deliver() publishes what is next, at once", async () => {
    const { delivery, client, append } = openDelivery();
    await delivery.open(room);
    delivery.deliver(await append("1"));
    expect(client.offsetsIn(room)).toEqual([1]);
    expect(delivery.position(room).offset).toBe(1);
  });

  test("deliver() drops repeats and what is old", async () => {
    const { delivery, client, append } = openDelivery();
    await delivery.open(room);
    const [first, second] = [await append("1"), await append("2")];
    for (const message of [first, first, second, first, second]) delivery.deliver(message);
    expect(client.offsetsIn(room)).toEqual([1, 2]);
  });

  test("deliver() puts messages that came in another order into theirs, and reads no log for it", async () => {
    const { delivery, client, append, clock } = openDelivery();
    await delivery.open(room);
    const messages = [await append("1"), await append("2"), await append("3"), await append("4")];
    for (const index of [3, 0, 2, 1]) delivery.deliver(messages[index] as Message);
    expect(client.offsetsIn(room)).toEqual([1, 2, 3, 4]);
    clock.advance(60_000);
    expect(delivery.gapsFilled).toBe(0);
  });

  test("deliver() fills a gap from the log before anything later, when the wait is over", async () => {
    const { delivery, client, append, clock } = openDelivery();
    await delivery.open(room);
    delivery.deliver(await append("1"));
    await append("2");
    const [third, fourth] = [await append("3"), await append("4")];
    delivery.deliver(third);
    clock.advance(GAP_WAIT_MS - 1);
    delivery.deliver(fourth);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1]);
    clock.advance(1);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2, 3, 4]);
    expect(delivery.gapsFilled).toBe(1);
    delivery.deliver(await append("5"));
    expect(client.offsetsIn(room)).toEqual([1, 2, 3, 4, 5]);
  });

  test("deliver() waits anew for each message that is missing", async () => {
    const { delivery, client, append, clock } = openDelivery();
    await delivery.open(room);
    const messages: Message[] = [];
    for (let count = 1; count <= 6; count += 1) messages.push(await append(`${count}`));
    const [first, second, , fourth, , sixth] = messages;
    for (const message of [sixth, fourth, second]) delivery.deliver(message as Message);
    clock.advance(GAP_WAIT_MS - 1);
    delivery.deliver(first as Message);
    clock.advance(GAP_WAIT_MS - 1);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2]);
    clock.advance(1);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("deliver() reads the log at once when too many wait", async () => {
    const { delivery, client, append } = openDelivery();
    await delivery.open(room);
    await append("1");
    for (let count = 0; count <= EARLY_MESSAGES_MAX; count += 1) delivery.deliver(await append(`${count}`));
    await settle();
    expect(client.offsetsIn(room)).toHaveLength(EARLY_MESSAGES_MAX + 2);
  });

  test("deliver() goes on behind a gap that the log has deleted, and says so", async () => {
    const { delivery, client, append, clock } = openDelivery(undefined, 2);
    await delivery.open(room);
    delivery.deliver(await append("1"));
    for (const text of ["2", "3", "4"]) await append(text);
    delivery.deliver(await append("5"));
    clock.advance(GAP_WAIT_MS);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 4, 5]);
    delivery.deliver(await append("6"));
    expect(client.offsetsIn(room)).toEqual([1, 4, 5, 6]);
  });

  test("reach() waits for what others have seen already, and for nothing that the log does not have", async () => {
    const { delivery, client, append } = openDelivery();
    await delivery.open(room);
    await append("1");
    const second = await append("2");
    await delivery.reach(second);
    expect(client.offsetsIn(room)).toEqual([1, 2]);
    await delivery.reach(second);
    expect(delivery.gapsFilled).toBe(1);
    await delivery.reach({ ...second, offset: 3 });
    expect(delivery.position(room).offset).toBe(2);
  });

  test("reach() during a read waits for one that began later", async () => {
    const { delivery, client, append } = openDelivery();
    await delivery.open(room);
    const first = delivery.reach(await append("1"));
    const second = delivery.reach(await append("2"));
    await Promise.all([first, second]);
    expect(client.offsetsIn(room)).toEqual([1, 2]);
  });

  test("reach() fails with the log, and leaves the channel to be looked at again", async () => {
    let isAway = true;
    const away = () => Promise.reject(new Error("away"));
    const { delivery, client, append, clock } = openDelivery((log) => ({
      ...bound(log),
      read: (channel, range) => (isAway ? away() : log.read(channel, range)),
    }));
    await delivery.open(room);
    await expect(delivery.reach(await append("1"))).rejects.toThrow("away");
    await settle();
    isAway = false;
    clock.advance(GAP_RETRY_MS);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1]);
  });

  test("noticed() looks for a message that has not come, once", async () => {
    const { delivery, client, append } = openDelivery();
    await delivery.open(room);
    const message = await append("1");
    delivery.noticed(message);
    delivery.noticed(message);
    await settle();
    delivery.noticed(message);
    delivery.noticed({ ...message, channel: "room:unknown" as ChannelId });
    await settle();
    expect(client.offsetsIn(room)).toEqual([1]);
    expect(delivery.gapsFilled).toBe(1);
  });

  test("deliver() keeps what comes while a gap is being filled", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reads = 0;
    const { delivery, client, append, clock } = openDelivery((log) => ({
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
    clock.advance(GAP_WAIT_MS);
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
    const { delivery, client, append } = openDelivery((log) => ({
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

  test("deliver() tries a gap again after the log was away, without another message", async () => {
    let away = true;
    const { delivery, client, append, clock } = openDelivery((log) => ({
      ...bound(log),
      read: (channel, range) => (away ? Promise.reject(new Error("away")) : log.read(channel, range)),
    }));
    await delivery.open(room);
    await append("1");
    delivery.deliver(await append("2"));
    clock.advance(GAP_WAIT_MS);
    await settle();
    expect(client.offsetsIn(room)).toEqual([]);
    away = false;
    clock.advance(GAP_RETRY_MS);
    await settle();
    expect(client.offsetsIn(room)).toEqual([1, 2]);
  });

  for (const [name, heardBefore, kinds] of [
    ["tells that the history is lost when the log says so", true, ["msg", "notice", "msg"]],
    ["takes a new epoch as it is where nothing was heard before", false, ["msg"]],
  ] as const) {
    test(`deliver() ${name}, and goes on`, async () => {
      let epoch: Epoch | undefined;
      const { delivery, client, append } = openDelivery((log) => ({
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
    const { delivery, fanout, append } = openDelivery();
    delivery.deliver(await append("1"));
    expect(fanout.published).toEqual([]);
  });

  test("open() starts at the log's head, close() forgets with the last session", async () => {
    const { delivery, append } = openDelivery();
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
    const { delivery } = openDelivery((log) => ({
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
