/** What mark() and marked() promise. */
import { expect, test } from "bun:test";
import type { Epoch } from "../../src/base/ids.ts";
import { ann, bob, channel, fill, lobby, type StoreBed, user } from "./store-bed.ts";

export function testReadMarks(bed: StoreBed): void {
  test("mark() moves forward only, and gives the mark before", async () => {
    const { store } = await bed.open();
    await fill(store, lobby, 10);
    const { epoch } = await store.join(lobby);
    expect(await store.marked(lobby, ann, epoch)).toBe(0);
    expect(await store.mark(lobby, ann, { epoch, offset: 4 })).toBe(0);
    expect(await store.mark(lobby, ann, { epoch, offset: 4 })).toBe(4);
    expect(await store.mark(lobby, ann, { epoch, offset: 3 })).toBe(4);
    expect(await store.mark(lobby, ann, { epoch, offset: 10 })).toBe(4);
    expect(await store.mark(lobby, ann, { epoch, offset: 0 })).toBe(10);
    expect(await store.marked(lobby, ann, epoch)).toBe(10);
  });

  test("mark() of another epoch replaces the mark, and counts from none", async () => {
    const { store } = await bed.open();
    await fill(store, lobby, 10);
    const { epoch } = await store.join(lobby);
    const other = "another1" as Epoch;
    await store.mark(lobby, ann, { epoch: other, offset: 9 });
    expect(await store.marked(lobby, ann, epoch)).toBe(0);
    expect(await store.mark(lobby, ann, { epoch, offset: 2 })).toBe(0);
    expect(await store.marked(lobby, ann, epoch)).toBe(2);
    expect(await store.marked(lobby, ann, other)).toBe(0);
  });

  test("marks of users and channels stay apart", async () => {
    const { store } = await bed.open();
    const lobby1 = channel("room:lobby1");
    await fill(store, lobby, 10);
    await fill(store, lobby1, 10);
    const { epoch } = await store.join(lobby);
    await store.mark(lobby, ann, { epoch, offset: 1 });
    await store.mark(lobby, bob, { epoch, offset: 2 });
    await store.mark(lobby, user("1ann"), { epoch, offset: 3 });
    await store.mark(lobby1, ann, { epoch, offset: 4 });
    expect(await store.marked(lobby, ann, epoch)).toBe(1);
    expect(await store.marked(lobby, bob, epoch)).toBe(2);
    expect(await store.marked(lobby, user("1ann"), epoch)).toBe(3);
    expect(await store.marked(lobby1, ann, epoch)).toBe(4);
    expect(await store.marked(lobby, user("Ann"), epoch)).toBe(0);
  });

  test("mark() calls of one turn take effect in their order", async () => {
    const { store } = await bed.open();
    await fill(store, lobby, 10);
    const { epoch } = await store.join(lobby);
    const befores = await Promise.all(
      [2, 7, 5, 9].map((offset) => store.mark(lobby, ann, { epoch, offset })),
    );
    expect(befores).toEqual([0, 2, 7, 7]);
    expect(await store.marked(lobby, ann, epoch)).toBe(9);
  });

  test("mark() in a channel nobody has written to stores nothing", async () => {
    const { store } = await bed.open();
    const { epoch } = await store.join(lobby);
    expect(await store.mark(lobby, ann, { epoch, offset: 3 })).toBe(0);
    expect(await store.marked(lobby, ann, epoch)).toBe(0);
    expect(await store.join(lobby)).toEqual({ epoch, offset: 0 });
  });
}
