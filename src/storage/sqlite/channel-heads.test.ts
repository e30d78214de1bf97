import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { ChannelId } from "../../base/ids.ts";
import { ChannelHeads } from "./channel-heads.ts";
import { migrate } from "./migrations.ts";
import { prepareStatements } from "./statements.ts";

const name = (n: number) => `room:${n}` as ChannelId;

function open(cachedMax: number): ChannelHeads {
  const database = new Database(":memory:", { strict: true });
  migrate(database);
  return new ChannelHeads(prepareStatements(database), cachedMax);
}

test("findOrAdd() lets go of the head used longest ago beyond its bound, and finds it again", () => {
  const heads = open(2);
  for (const n of [1, 2, 3]) {
    const head = heads.findOrAdd(name(n));
    head.offset = n * 10;
    heads.changed(head);
    heads.save();
  }
  const third = heads.find(name(3));
  const first = heads.find(name(1));
  expect(first?.offset).toBe(10);
  expect(heads.find(name(3))).toBe(third);
  expect(heads.find(name(2))?.offset).toBe(20);
  expect(heads.find(name(1))).not.toBe(first);
  expect(heads.find(name(1))).toEqual(first);
});

test("reload() goes back to what was saved", () => {
  const heads = open(10);
  const head = heads.findOrAdd(name(1));
  head.offset = 1;
  heads.changed(head);
  heads.save();
  head.offset = 2;
  heads.changed(head);
  heads.reload();
  heads.save();
  expect(heads.position(name(1))).toEqual({ epoch: head.epoch, offset: 1 });
});

test("forget() drops the channel and renews the epoch for good", () => {
  const heads = open(10);
  const head = heads.findOrAdd(name(1));
  heads.forget(head);
  const { epoch, offset } = heads.position(name(1));
  expect(offset).toBe(0);
  expect(epoch).not.toBe(head.epoch);
  heads.reload();
  expect(heads.position(name(1))).toEqual({ epoch, offset: 0 });
  const again = heads.findOrAdd(name(1));
  expect(again.epoch).toBe(epoch);
  expect(again.id).toBeGreaterThan(head.id);
});
