/**
 * For tests: the delivery of one node over a memory store, with one client in a room.
 */
import type { AppPlatform, ChannelId, UserId } from "../src/base/ids.ts";
import { newMessageId } from "../src/base/ids.ts";
import { silentLogger } from "../src/base/logger.ts";
import type { ChannelLog } from "../src/core/channel-log.ts";
import { Delivery } from "../src/core/delivery.ts";
import type { Draft, Message } from "../src/core/message.ts";
import { MemoryStore } from "../src/storage/memory/memory-store.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeConnection, FakeFanout } from "./fake-connection.ts";

export const room = "room:a" as ChannelId;

export function draft(msg: string): Draft {
  const from = "ann" as UserId;
  return { id: newMessageId(), seq: msg, from, appPlatform: 101 as AppPlatform, type: "text", msg };
}

/** @param wrap the log that it reads, to make it slow or broken. */
export function openDelivery(wrap: (log: ChannelLog) => ChannelLog = (log) => log, countMax = 1_000) {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock, countMax, ageMs: 3_600_000 });
  const fanout = new FakeFanout();
  const client = new FakeConnection(fanout);
  client.subscribe(room);
  const delivery = new Delivery({ log: wrap(store), fanout, logger: silentLogger, clock });
  async function store1(msg: string): Promise<Message> {
    const one = draft(msg);
    const { receipt } = await store.append({ channel: room, draft: one, windowMs: 0 });
    return { ...one, ...receipt };
  }
  return { clock, store, fanout, client, delivery, append: store1 };
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** The log as an object whose parts can be replaced. */
export function bound(log: ChannelLog): ChannelLog {
  return {
    append: (request) => log.append(request),
    join: (channel) => log.join(channel),
    heads: (channels) => log.heads(channels),
    leave: (channel) => log.leave(channel),
    interested: (channel) => log.interested(channel),
    read: (channel, range) => log.read(channel, range),
    close: () => log.close(),
  };
}
