import { describe, expect, test } from "bun:test";
import { testStore } from "../../../test/contract/channel-log.ts";
import {
  ann,
  bob,
  channel,
  fill,
  lobby,
  offsetsOf,
  readAll,
  send,
  upTo,
} from "../../../test/contract/store-bed.ts";
import { FakeClock } from "../../../test/fake-clock.ts";
import { MEMORY_MESSAGES_PER_CHANNEL_MAX } from "../../base/limits.ts";
import { MemoryStore, type MemoryStoreOptions } from "./memory-store.ts";

testStore("MemoryStore", async (setup) => ({ store: new MemoryStore(setup), clear: async () => {} }));

function open(over: Partial<MemoryStoreOptions> = {}): MemoryStore {
  return new MemoryStore({ clock: new FakeClock(), countMax: 100, ageMs: 60_000, ...over });
}

const room = (n: number) => channel(`room:${n}`);

describe("MemoryStore at its bounds", () => {
  test("append() forgets the channel that was written to longest ago beyond channelsMax", async () => {
    const store = open({ channelsMax: 3 });
    for (const n of [1, 2, 3, 1]) await send(store, room(n));
    await store.read(room(2), { after: 0, limit: 1 });
    const before = await store.join(room(2));
    await send(store, room(4));
    expect((await store.join(room(2))).offset).toBe(0);
    expect((await store.join(room(2))).epoch).not.toBe(before.epoch);
    expect((await store.join(room(1))).offset).toBe(2);
    expect((await store.join(room(3))).offset).toBe(1);
    expect((await store.join(room(1))).epoch).toBe(before.epoch);
  });

  test("append() forgets the channel that was written to longest ago beyond messagesMax", async () => {
    const store = open({ messagesMax: 100 });
    await fill(store, room(1), 40);
    await fill(store, room(2), 40);
    await fill(store, room(3), 20);
    expect((await store.join(room(1))).offset).toBe(40);
    await send(store, room(3));
    expect((await store.join(room(1))).offset).toBe(0);
    expect(await readAll(store, room(2))).toHaveLength(40);
    await fill(store, room(3), 39);
    expect(await readAll(store, room(2))).toHaveLength(40);
    await send(store, room(3));
    expect(await readAll(store, room(2))).toEqual([]);
    expect(await readAll(store, room(3))).toHaveLength(61);
  });

  test("append() recognises repeats among many times more sends than one page of memory holds", async () => {
    const store = open({ sendsMax: 100_000 });
    const count = 20_000;
    const sent: number[] = [];
    for (let n = 0; n < count; n++)
      sent.push((await send(store, room(n % 7), { seq: `seq-${n}` })).receipt.offset);
    for (const n of [0, 1, 8_190, 8_191, 8_192, 8_193, 16_383, 16_384, count - 1]) {
      const again = await send(store, room(n % 7), { seq: `seq-${n}` });
      expect([again.repeated, again.receipt.offset]).toEqual([true, sent[n] as number]);
    }
    expect((await send(store, room(0), { seq: "seq-1" })).repeated).toBe(false);
  });

  test("append() never forgets the only channel: the ring is bounded by messagesMax too", async () => {
    const store = open({ messagesMax: 10 });
    await fill(store, lobby, 25);
    expect(offsetsOf(await readAll(store, lobby))).toEqual(upTo(25, 16));
  });

  test("a channel keeps at most MEMORY_MESSAGES_PER_CHANNEL_MAX, whatever countMax says", async () => {
    const store = open({ countMax: 1_000_000 });
    await fill(store, lobby, MEMORY_MESSAGES_PER_CHANNEL_MAX + 7);
    expect((await readAll(store, lobby))[0]?.offset).toBe(8);
  });

  test("append() forgets the oldest half of the remembered sends beyond sendsMax", async () => {
    const store = open({ sendsMax: 4 });
    for (const seq of ["1", "2", "3", "4"]) await send(store, lobby, { seq });
    for (const seq of ["1", "2", "3", "4"]) expect((await send(store, lobby, { seq })).repeated).toBe(true);
    for (const seq of ["5", "3", "4"]) await send(store, lobby, { seq });
    expect((await store.join(lobby)).offset).toBe(5);
    expect((await send(store, lobby, { seq: "1" })).repeated).toBe(false);
  });

  test("mark() forgets the mark that was moved longest ago beyond marksMax", async () => {
    const store = open({ marksMax: 1 });
    const { receipt: position } = await send(store, lobby);
    await store.mark(lobby, ann, position);
    await store.mark(lobby, bob, position);
    expect(await store.marked(lobby, bob, position.epoch)).toBe(1);
    expect(await store.marked(lobby, ann, position.epoch)).toBe(0);
  });
});
