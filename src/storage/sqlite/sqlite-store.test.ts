import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testStore } from "../../../test/contract/channel-log.ts";
import {
  ann,
  channel,
  draft,
  fill,
  lobby,
  offsetsOf,
  readAll,
  refusalOf,
  send,
  upTo,
} from "../../../test/contract/store-bed.ts";
import { FakeClock } from "../../../test/fake-clock.ts";
import {
  APPEND_QUEUE_CHARS_MAX,
  APPEND_QUEUE_MAX,
  COMMIT_WRITES_MAX,
  TRIM_EVERY,
  TRIM_ROWS_MAX,
} from "../../base/limits.ts";
import { silentLogger } from "../../base/logger.ts";
import { openDatabase } from "./open-database.ts";
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";

const UNAVAILABLE = { name: "PrimError", code: "unavailable", reason: "STORE_FAILED" };

/** Works on a directory of its own, which is removed afterwards. */
async function withDataDir(work: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "prim-store-"));
  try {
    await work(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function open(dataDir: string, over: Partial<SqliteStoreOptions> = {}): SqliteStore {
  return SqliteStore.open(dataDir, options(over));
}

function options(over: Partial<SqliteStoreOptions> = {}): SqliteStoreOptions {
  return { clock: new FakeClock(), log: silentLogger, countMax: 1_000_000, ageMs: 60_000, ...over };
}

testStore("SqliteStore", async (setup) => {
  const dataDir = await mkdtemp(join(tmpdir(), "prim-store-"));
  const store = SqliteStore.open(dataDir, { ...setup, log: silentLogger });
  return { store, clear: () => rm(dataDir, { recursive: true, force: true }) };
});

describe("SqliteStore on disk", () => {
  test("opening again keeps messages, epochs, repeats, marks and times", () =>
    withDataDir(async (dataDir) => {
      const clock = new FakeClock();
      const first = open(dataDir, { clock });
      const { receipt } = await send(first, lobby, { seq: "1", msg: "kept" });
      await fill(first, lobby, 10);
      const head = await first.join(lobby);
      const messages = await readAll(first, lobby);
      await first.mark(lobby, ann, { ...head, offset: 5 });
      const empty = await first.join(channel("room:empty"));
      await first.close();

      const second = open(dataDir, { clock });
      expect(await second.join(lobby)).toEqual(head);
      expect(await second.join(channel("room:empty"))).toEqual(empty);
      expect(await readAll(second, lobby)).toStrictEqual(messages);
      expect(await second.marked(lobby, ann, head.epoch)).toBe(5);
      expect(await send(second, lobby, { seq: "1" })).toEqual({ receipt, repeated: true, nodes: [] });
      clock.set(clock.now() - 1_000);
      expect((await send(second, lobby)).receipt).toMatchObject({ offset: 12, sentAt: receipt.sentAt });
      await second.close();
    }));

  test("a deleted database comes back under a new epoch", () =>
    withDataDir(async (dataDir) => {
      const first = open(dataDir);
      const { receipt } = await send(first, lobby);
      await first.close();
      await rm(dataDir, { recursive: true });
      const second = open(dataDir);
      const head = await second.join(lobby);
      expect(head.offset).toBe(0);
      expect(head.epoch).not.toBe(receipt.epoch);
      await second.close();
    }));

  test("appends of one turn share one commit, and a long queue is committed in parts", () =>
    withDataDir(async (dataDir) => {
      const commits: number[] = [];
      const store = open(dataDir, { onCommit: (_durationMs, writes) => commits.push(writes) });
      await fill(store, lobby, 100);
      await fill(store, lobby, COMMIT_WRITES_MAX + 1);
      expect(commits).toEqual([100, COMMIT_WRITES_MAX, 1]);
      await store.close();
    }));

  test("read() does not see what is not committed yet", () =>
    withDataDir(async (dataDir) => {
      const store = open(dataDir);
      const sending = send(store, lobby);
      expect((await store.read(lobby, { after: 0, limit: 1 })).head.offset).toBe(0);
      await sending;
      expect((await store.read(lobby, { after: 0, limit: 1 })).head.offset).toBe(1);
      await store.close();
    }));

  test("append() is refused beyond APPEND_QUEUE_MAX waiting writes, and works again after the commit", () =>
    withDataDir(async (dataDir) => {
      const store = open(dataDir, { countMax: 10 });
      const written = draft();
      const append = () => store.append({ channel: lobby, draft: written, windowMs: 0 });
      const sends = upTo(APPEND_QUEUE_MAX).map(append);
      expect(await refusalOf(append())).toMatchObject(UNAVAILABLE);
      expect(await refusalOf(store.mark(lobby, ann, await store.join(lobby)))).toMatchObject(UNAVAILABLE);
      expect((await Promise.all(sends)).at(-1)?.receipt.offset).toBe(APPEND_QUEUE_MAX);
      expect((await append()).receipt.offset).toBe(APPEND_QUEUE_MAX + 1);
      await store.close();
    }));

  test("append() is refused beyond APPEND_QUEUE_CHARS_MAX waiting characters", () =>
    withDataDir(async (dataDir) => {
      const store = open(dataDir);
      const half = { msg: "x".repeat(APPEND_QUEUE_CHARS_MAX / 2 - 1_000) };
      const sends = [send(store, lobby, half), send(store, lobby, half)];
      expect(await refusalOf(send(store, lobby, half))).toMatchObject(UNAVAILABLE);
      expect((await Promise.all(sends)).map(({ receipt }) => receipt.offset)).toEqual([1, 2]);
      expect((await send(store, lobby, half)).receipt.offset).toBe(3);
      await store.close();
    }));
});

describe("SqliteStore on a full disk", () => {
  test("append() refuses the batch, burns no offset, and works again when there is room", () =>
    withDataDir(async (dataDir) => {
      const database = openDatabase(dataDir);
      const store = new SqliteStore(database, options());
      const before = await Promise.all([send(store, lobby, { seq: "a" }), send(store, channel("room:b"))]);
      const pages = database.prepare<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count ?? 0;
      database.run(`PRAGMA max_page_count = ${pages}`);

      const large = { msg: "x".repeat(64 * 1024) };
      const full = await Promise.allSettled([
        send(store, lobby, { seq: "b" }),
        send(store, lobby, { ...large, seq: "c" }),
        send(store, channel("room:new")),
        store.mark(lobby, ann, { epoch: before[0].receipt.epoch, offset: 1 }),
      ]);
      for (const result of full) {
        expect(result).toMatchObject({ status: "rejected", reason: UNAVAILABLE });
      }
      expect((await store.join(lobby)).offset).toBe(1);
      expect((await store.join(channel("room:new"))).offset).toBe(0);
      expect(await store.marked(lobby, ann, before[0].receipt.epoch)).toBe(0);

      database.run("PRAGMA max_page_count = 1000000");
      expect((await send(store, lobby, { seq: "a" })).repeated).toBe(true);
      const b = await send(store, lobby, { seq: "b" });
      const c = await send(store, lobby, { ...large, seq: "c" });
      expect([b.repeated, b.receipt.offset, c.repeated, c.receipt.offset]).toEqual([false, 2, false, 3]);
      expect(b.receipt.epoch).toBe(before[0].receipt.epoch);
      await store.close();
      const again = open(dataDir);
      expect(offsetsOf(await readAll(again, lobby))).toEqual([1, 2, 3]);
      await again.close();
    }));

  test("a small message still fits where a large one did not", () =>
    withDataDir(async (dataDir) => {
      const database = openDatabase(dataDir);
      const store = new SqliteStore(database, options());
      await send(store, lobby);
      const pages = database.prepare<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count ?? 0;
      database.run(`PRAGMA max_page_count = ${pages}`);
      expect(await refusalOf(send(store, lobby, { msg: "x".repeat(64 * 1024) }))).toMatchObject(UNAVAILABLE);
      expect((await send(store, lobby)).receipt.offset).toBe(2);
      await store.close();
    }));
});

describe("SqliteStore lets go of rows", () => {
  const countOf = (database: ReturnType<typeof openDatabase>, table: string): number =>
    database.prepare<{ n: number }, []>(`SELECT COUNT(*) AS n FROM ${table}`).get()?.n ?? 0;

  test("rows beyond countMax are deleted as the channel is written to", () =>
    withDataDir(async (dataDir) => {
      const database = openDatabase(dataDir);
      const store = new SqliteStore(database, options({ countMax: 100 }));
      for (let turn = 0; turn < 20; turn++) {
        await fill(store, lobby, 500);
        expect(countOf(database, "messages")).toBeLessThan(100 + TRIM_EVERY);
      }
      await store.close();
    }));

  test("rows beyond a lowered countMax are deleted a bounded number at a time", () =>
    withDataDir(async (dataDir) => {
      const before = open(dataDir);
      await fill(before, lobby, TRIM_ROWS_MAX * 4);
      await before.close();
      const clock = new FakeClock();
      const database = openDatabase(dataDir);
      const store = new SqliteStore(database, options({ clock, countMax: 10 }));
      expect(await readAll(store, lobby)).toHaveLength(10);
      expect(countOf(database, "messages")).toBe(TRIM_ROWS_MAX * 4);
      clock.advance(1_000);
      expect(countOf(database, "messages")).toBe(TRIM_ROWS_MAX * 3);
      clock.advance(1_000);
      expect(countOf(database, "messages")).toBe(10);
      expect(await readAll(store, lobby)).toHaveLength(10);
      await store.close();
    }));

  test("old messages, sends, marks and at last channels are deleted in the background", () =>
    withDataDir(async (dataDir) => {
      const clock = new FakeClock();
      const database = openDatabase(dataDir);
      const store = new SqliteStore(database, options({ clock, ageMs: 5_000 }));
      const rooms = upTo(600).map((n) => channel(`room:${n}`));
      await Promise.all(rooms.map((room, n) => send(store, room, { seq: `s${n}` }, 8_000)));
      await Promise.all(upTo(3_000).map((n) => send(store, lobby, { seq: `s${n}` }, 8_000)));
      const position = await store.join(lobby);
      await store.mark(lobby, ann, position);
      clock.advance(5_000);
      expect(countOf(database, "messages")).toBe(3_600);
      clock.advance(5_000);
      clock.advance(5_000);
      for (const table of ["messages", "sends", "marks", "channels"])
        expect(countOf(database, table)).toBe(0);
      expect((await store.join(lobby)).epoch).not.toBe(position.epoch);
      await store.close();
      const again = open(dataDir);
      expect((await send(again, lobby)).receipt.offset).toBe(1);
      await again.close();
    }));
});
