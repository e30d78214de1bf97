/** When a send counts as a repeat, and what it is answered. */
import { expect, test } from "bun:test";
import { ann, bob, channel, lobby, readAll, type StoreBed, send, textsOf, user } from "./store-bed.ts";

export function testRepeats(bed: StoreBed): void {
  test("append() answers a repeat with the first receipt and stores nothing", async () => {
    const { store, clock } = await bed.open();
    const first = await send(store, lobby, { seq: "1", msg: "first" });
    await send(store, lobby, { seq: "2", msg: "between" });
    clock.advance(100);
    const again = await send(store, lobby, { seq: "1", msg: "second" });
    expect(again).toEqual({ receipt: first.receipt, repeated: true, nodes: [] });
    expect(textsOf(await readAll(store, lobby))).toEqual(["first", "between"]);
    expect((await send(store, lobby, { seq: "3" })).receipt.offset).toBe(3);
  });

  test("append() recognises a repeat in the same turn as the first", async () => {
    const { store } = await bed.open();
    const answers = await Promise.all([1, 2, 3].map((n) => send(store, lobby, { seq: "1", msg: String(n) })));
    expect(answers.map(({ repeated }) => repeated)).toEqual([false, true, true]);
    expect(new Set(answers.map(({ receipt }) => receipt.id)).size).toBe(1);
    expect(textsOf(await readAll(store, lobby))).toEqual(["1"]);
  });

  test("append() recognises a repeat until the window ends, and not at its end", async () => {
    const { store, clock } = await bed.open();
    const first = await send(store, lobby, { seq: "1" }, 5_000);
    clock.advance(4_999);
    expect((await send(store, lobby, { seq: "1" }, 5_000)).repeated).toBe(true);
    clock.advance(1);
    const second = await send(store, lobby, { seq: "1" }, 5_000);
    expect(second.repeated).toBe(false);
    expect(second.receipt.offset).toBe(first.receipt.offset + 1);
    clock.advance(4_999);
    const third = await send(store, lobby, { seq: "1" }, 5_000);
    expect(third).toEqual({ ...second, repeated: true });
  });

  test("append() lets the first send's window decide", async () => {
    const { store, clock } = await bed.open();
    await send(store, lobby, { seq: "long" }, 50_000);
    await send(store, lobby, { seq: "short" }, 1_000);
    clock.advance(2_000);
    expect((await send(store, lobby, { seq: "long" }, 1_000)).repeated).toBe(true);
    expect((await send(store, lobby, { seq: "short" }, 50_000)).repeated).toBe(false);
  });

  test("append() takes the same seq of another user, in another channel, or in another spelling as new", async () => {
    const { store } = await bed.open();
    await send(store, lobby, { seq: "12" });
    expect((await send(store, lobby, { seq: "12", from: bob })).repeated).toBe(false);
    expect((await send(store, channel("room:lobby2"), { seq: "12" })).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "1" })).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "12 " })).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "2", from: user("ann1") })).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "\ud800" })).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "\ud801" })).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "\ufffd" })).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "12", from: ann })).repeated).toBe(true);
  });

  test("append() neither recognises nor remembers a send with window 0 or an empty seq", async () => {
    const { store } = await bed.open();
    for (const windowMs of [10_000, 10_000, 0]) {
      expect((await send(store, lobby, { seq: "" }, windowMs)).repeated).toBe(false);
    }
    expect((await send(store, lobby, { seq: "1" }, 0)).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "1" }, 10_000)).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "1" }, 0)).repeated).toBe(false);
    expect((await send(store, lobby, { seq: "1" }, 10_000)).repeated).toBe(true);
    expect((await store.join(lobby)).offset).toBe(6);
  });

  test("append() recognises a repeat of a message that is not kept any more", async () => {
    const { store, clock } = await bed.open({ countMax: 1, ageMs: 1_000 });
    const first = await send(store, lobby, { seq: "1" }, 600_000);
    await send(store, lobby, { seq: "2" }, 600_000);
    expect((await send(store, lobby, { seq: "1" }, 600_000)).receipt).toEqual(first.receipt);
    clock.advance(300_000);
    expect((await send(store, lobby, { seq: "1" }, 600_000)).receipt).toEqual(first.receipt);
  });
}
