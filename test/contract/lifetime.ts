/** Epochs, joining, forgetting and closing. */
import { expect, test } from "bun:test";
import type { Epoch } from "../../src/base/ids.ts";
import type { Store } from "../../src/core/channel-log.ts";
import type { FakeClock } from "../fake-clock.ts";
import {
  ann,
  channel,
  fill,
  lobby,
  offsetsOf,
  readAll,
  refusalOf,
  type StoreBed,
  send,
  upTo,
} from "./store-bed.ts";

/** Lets time pass until the channel is forgotten, which must happen within a bound. */
async function untilForgotten(store: Store, clock: FakeClock): Promise<void> {
  for (let seconds = 0; seconds < 100; seconds++) {
    if ((await store.join(lobby)).offset === 0) return;
    clock.advance(1_000);
  }
  throw new Error("The channel is not forgotten");
}

export function testLifetime(bed: StoreBed): void {
  test("join() gives the head, also of a channel nobody has written to, and creates nothing", async () => {
    const { store } = await bed.open();
    const empty = await store.join(lobby);
    expect(empty.offset).toBe(0);
    expect(empty.epoch).toMatch(/^[0-9a-z]{8}$/);
    expect(await store.join(lobby)).toEqual(empty);
    expect(await store.join(channel("room:other"))).toEqual(empty);
    const { receipt } = await send(store, lobby);
    expect(receipt).toMatchObject({ epoch: empty.epoch, offset: 1 });
    expect(await store.join(lobby)).toEqual({ epoch: empty.epoch, offset: 1 });
    await store.leave(lobby);
    await store.leave(lobby);
    await store.leave(channel("room:never"));
    expect(await store.join(lobby)).toEqual({ epoch: empty.epoch, offset: 1 });
  });

  test("two empty stores have different epochs", async () => {
    const one = await bed.open();
    const two = await bed.open();
    expect((await one.store.join(lobby)).epoch).not.toBe((await two.store.join(lobby)).epoch);
  });

  test("a channel whose messages are all too old is forgotten, and comes back under a new epoch", async () => {
    const { store, clock } = await bed.open({ ageMs: 5_000 });
    await send(store, lobby, { seq: "1" }, 1_000);
    const old = await store.join(lobby);
    await store.mark(lobby, ann, old);
    clock.advance(5_000);
    expect(await store.join(lobby)).toEqual(old);
    await untilForgotten(store, clock);
    const fresh = await store.join(lobby);
    expect(fresh.epoch).not.toBe(old.epoch);
    const { receipt, repeated } = await send(store, lobby, { seq: "1" }, 1_000);
    expect(repeated).toBe(false);
    expect(receipt).toMatchObject({ epoch: fresh.epoch, offset: 1 });
    expect(offsetsOf(await readAll(store, lobby))).toEqual([1]);
    expect(await store.marked(lobby, ann, fresh.epoch)).toBe(0);
    expect(await store.mark(lobby, ann, { ...fresh, offset: 1 })).toBe(0);
  });

  test("forgetting a channel leaves the others their epoch and offsets", async () => {
    const { store, clock } = await bed.open({ ageMs: 5_000 });
    const busy = channel("room:busy");
    await fill(store, lobby, 3);
    const epochs = new Set<Epoch>();
    for (let n = 1; n <= 20; n++) {
      const { receipt } = await send(store, busy);
      expect(receipt.offset).toBe(n);
      epochs.add(receipt.epoch);
      clock.advance(1_000);
    }
    expect(epochs.size).toBe(1);
    expect((await store.join(lobby)).offset).toBe(0);
    expect(offsetsOf(await readAll(store, busy))).toEqual(upTo(20, 16));
  });

  test("close() stores what waits, and may be repeated", async () => {
    const { store } = await bed.open();
    const sends = [send(store, lobby), send(store, lobby)];
    await store.close();
    await store.close();
    const answers = await Promise.all(sends);
    expect(answers.map(({ receipt }) => receipt.offset)).toEqual([1, 2]);
  });

  test("append() after close() is refused with unavailable", async () => {
    const { store } = await bed.open();
    await send(store, lobby);
    await store.close();
    const refusal = { name: "PrimError", code: "unavailable", reason: "STORE_FAILED" };
    expect(await refusalOf(send(store, lobby))).toMatchObject(refusal);
    expect(await refusalOf(store.mark(lobby, ann, { epoch: "x" as Epoch, offset: 1 }))).toMatchObject(
      refusal,
    );
    expect(await refusalOf(store.read(lobby, { after: 0, limit: 1 }))).toMatchObject(refusal);
    expect(await refusalOf(store.join(lobby))).toMatchObject(refusal);
  });
}
