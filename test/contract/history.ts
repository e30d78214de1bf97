/** What read() gives: ranges at their borders, pages, and the bounds by count and age. */
import { expect, test } from "bun:test";
import { HISTORY_PAGE_MAX } from "../../src/base/limits.ts";
import type { HistoryRange, Store } from "../../src/core/channel-log.ts";
import {
  channel,
  fill,
  lobby,
  offsetsOf,
  readAll,
  refusalOf,
  type StoreBed,
  send,
  textsOf,
  upTo,
} from "./store-bed.ts";

/** Range, offsets that come back, `more`; on ten messages. */
const RANGES: readonly (readonly [HistoryRange, number[], boolean])[] = [
  [{ after: 0, limit: 10 }, upTo(10), false],
  [{ after: 0, limit: 9 }, upTo(9), true],
  [{ after: 0, limit: HISTORY_PAGE_MAX }, upTo(10), false],
  [{ after: 0, limit: 1 }, [1], true],
  [{ after: 3, limit: 2 }, [4, 5], true],
  [{ after: 8, limit: 2 }, [9, 10], false],
  [{ after: 9, limit: 1 }, [10], false],
  [{ after: 10, limit: 1 }, [], false],
  [{ after: 11, limit: 1 }, [], false],
  [{ after: Number.MAX_SAFE_INTEGER, limit: 10 }, [], false],
  [{ before: undefined, limit: 1 }, [10], true],
  [{ before: undefined, limit: 10 }, upTo(10), false],
  [{ before: undefined, limit: 9 }, upTo(10, 2), true],
  [{ before: undefined, limit: HISTORY_PAGE_MAX }, upTo(10), false],
  [{ before: 0, limit: 5 }, [], false],
  [{ before: 1, limit: 5 }, [], false],
  [{ before: 2, limit: 5 }, [1], false],
  [{ before: 5, limit: 2 }, [3, 4], true],
  [{ before: 3, limit: 2 }, [1, 2], false],
  [{ before: 10, limit: 1 }, [9], true],
  [{ before: 11, limit: 1 }, [10], true],
  [{ before: 12, limit: 1 }, [10], true],
  [{ before: Number.MAX_SAFE_INTEGER, limit: 3 }, [8, 9, 10], true],
];

async function pageBack(store: Store, limit: number): Promise<number[]> {
  const offsets: number[] = [];
  for (let before: number | undefined; ; before = offsets[0]) {
    const page = await store.read(lobby, { before, limit });
    offsets.unshift(...offsetsOf(page.messages));
    if (!page.more) return offsets;
  }
}

export function testHistory(bed: StoreBed): void {
  test("read() keeps to the borders of every range", async () => {
    const { store } = await bed.open();
    await fill(store, channel("room:lobby1"), 20);
    await fill(store, lobby, 10);
    const head = await store.join(lobby);
    for (const [range, offsets, more] of RANGES) {
      const page = await store.read(lobby, range);
      expect({ range, offsets: offsetsOf(page.messages), more: page.more, head: page.head }).toEqual({
        range,
        offsets,
        more,
        head,
      });
    }
  });

  test("read() of a channel nobody has written to gives the current epoch and nothing", async () => {
    const { store } = await bed.open();
    const { receipt } = await send(store, channel("room:other"));
    const page = await store.read(lobby, { after: 0, limit: 10 });
    expect(page).toEqual({ head: { epoch: receipt.epoch, offset: 0 }, messages: [], more: false });
    expect(await store.read(lobby, { before: undefined, limit: 10 })).toEqual(page);
  });

  test("heads() says where each channel stands, in the order of asking, and nothing of one without messages", async () => {
    const { store } = await bed.open();
    expect(await store.heads([])).toEqual([]);
    expect(await store.heads([lobby])).toEqual([undefined]);
    const other = channel("inbox:\u99ac{}|1");
    await fill(store, lobby, 3);
    await fill(store, other, 1);
    const [inLobby, inOther] = [await store.join(lobby), await store.join(other)];
    const asked = [other, channel("room:empty"), lobby, other];
    expect(await store.heads(asked)).toEqual([inOther, undefined, inLobby, inOther]);
    expect(inLobby.offset).toBe(3);
  });

  test("read() refuses a limit or an offset out of range", async () => {
    const { store } = await bed.open();
    await fill(store, lobby, 2);
    for (const limit of [0, -1, 1.5, HISTORY_PAGE_MAX + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const range of [
        { after: 0, limit },
        { before: undefined, limit },
        { before: 2, limit },
      ]) {
        expect(await refusalOf(store.read(lobby, range))).toMatchObject({
          name: "PrimError",
          code: "invalid_argument",
        });
      }
    }
    for (const offset of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1]) {
      for (const range of [
        { after: offset, limit: 1 },
        { before: offset, limit: 1 },
      ]) {
        expect(await refusalOf(store.read(lobby, range))).toMatchObject({
          name: "PrimError",
          code: "invalid_argument",
        });
      }
    }
  });

  test("read() in pages gives every message once, in both directions and at every page size", async () => {
    const { store } = await bed.open({ countMax: 25 });
    await fill(store, lobby, 60);
    for (const limit of [1, 2, 3, 7, 24, 25, 26, HISTORY_PAGE_MAX]) {
      expect(offsetsOf(await readAll(store, lobby, limit))).toEqual(upTo(60, 36));
      expect(await pageBack(store, limit)).toEqual(upTo(60, 36));
    }
    expect((await store.read(lobby, { before: 36, limit: 5 })).more).toBe(false);
    expect((await store.read(lobby, { before: 10, limit: 5 })).messages).toEqual([]);
    expect(offsetsOf((await store.read(lobby, { before: 38, limit: 5 })).messages)).toEqual([36, 37]);
  });

  for (const countMax of [0, 1, 2, 3, 4, 5, 8, 9]) {
    test(`read() gives the newest ${countMax} messages where ${countMax} are kept`, async () => {
      const { store } = await bed.open({ countMax });
      for (let head = 1; head <= 20; head++) {
        await send(store, lobby, { msg: String(head) });
        const kept = upTo(head, Math.max(1, head - countMax + 1));
        const messages = await readAll(store, lobby);
        expect(offsetsOf(messages)).toEqual(kept);
        expect(textsOf(messages)).toEqual(kept.map(String));
        expect((await store.join(lobby)).offset).toBe(head);
      }
    });
  }

  test("read() keeps the count exactly after thousands of messages, and forgets nothing early", async () => {
    const { store } = await bed.open({ countMax: 700 });
    for (let turn = 0; turn < 5; turn++) {
      await fill(store, lobby, 500);
      const head = (turn + 1) * 500;
      expect(offsetsOf(await readAll(store, lobby))).toEqual(upTo(head, Math.max(1, head - 699)));
    }
  });

  test("read() gives a message of exactly the greatest age, and none that is older", async () => {
    const { store, clock } = await bed.open({ ageMs: 1_000 });
    for (let n = 1; n <= 10; n++) {
      await send(store, lobby, { msg: String(n) });
      clock.advance(100);
    }
    // Message 1 is 1,000 ms old now.
    expect(offsetsOf(await readAll(store, lobby))).toEqual(upTo(10));
    clock.advance(1);
    expect(offsetsOf(await readAll(store, lobby))).toEqual(upTo(10, 2));
    expect((await store.read(lobby, { before: 3, limit: 5 })).more).toBe(false);
    clock.advance(799);
    expect(offsetsOf(await readAll(store, lobby))).toEqual([9, 10]);
    clock.advance(100);
    expect(offsetsOf(await readAll(store, lobby))).toEqual([10]);
    const { head, messages, more } = await store.read(lobby, { after: 0, limit: 1 });
    expect([head.offset, offsetsOf(messages), more]).toEqual([10, [10], false]);
  });

  test("read() with age 0 gives what was sent in this millisecond", async () => {
    const { store, clock } = await bed.open({ ageMs: 0 });
    await fill(store, lobby, 3);
    expect(offsetsOf(await readAll(store, lobby))).toEqual([1, 2, 3]);
    clock.advance(1);
    expect(await readAll(store, lobby)).toEqual([]);
    expect((await send(store, lobby)).receipt.offset).toBe(4);
    expect(offsetsOf(await readAll(store, lobby))).toEqual([4]);
  });

  test("read() keeps both bounds at once over 2,000 messages", async () => {
    const { store, clock } = await bed.open({ countMax: 600, ageMs: 1_000 });
    for (let turn = 0; turn < 20; turn++) {
      await fill(store, lobby, 100);
      clock.advance(100);
    }
    // Messages of the last ten turns are young enough, the count leaves six of them.
    expect(offsetsOf(await readAll(store, lobby))).toEqual(upTo(2_000, 1_401));
    clock.advance(600);
    expect(offsetsOf(await readAll(store, lobby))).toEqual(upTo(2_000, 1_601));
    expect(await pageBack(store, 33)).toEqual(upTo(2_000, 1_601));
  });
}
