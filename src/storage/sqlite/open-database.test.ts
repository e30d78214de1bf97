import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APPLICATION_ID, MIGRATIONS, migrate } from "./migrations.ts";
import { openDatabase } from "./open-database.ts";

async function withDataDir(work: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "prim-open-"));
  try {
    await work(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const refusal = (message: string) =>
  expect.objectContaining({ name: "PrimError", code: "failed_precondition", message });

function faultOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

function versionOf(database: Database): number | undefined {
  return database.prepare<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version;
}

test("openDatabase() creates the directory for its owner only", () =>
  withDataDir(async (dataDir) => {
    const inner = join(dataDir, "a", "b");
    openDatabase(inner).close(true);
    expect((await stat(inner)).mode & 0o777).toBe(0o700);
  }));

test("openDatabase() syncs every commit and keeps other connections out", () =>
  withDataDir(async (dataDir) => {
    const database = openDatabase(dataDir);
    const value = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(value("journal_mode")).toBe("wal");
    expect(value("synchronous")).toBe(2);
    expect(value("locking_mode")).toBe("exclusive");
    expect(faultOf(() => openDatabase(dataDir))).toEqual(
      refusal(`The data directory "${dataDir}" is in use by another process`),
    );
    database.close(true);
    openDatabase(dataDir).close(true);
  }));

test("openDatabase() refuses a file that is no database, or a damaged one", () =>
  withDataDir(async (dataDir) => {
    const file = join(dataDir, "prim.db");
    const message = `Cannot open "${file}": it is damaged or not a database`;
    await Bun.write(file, "not a database at all. ".repeat(1_000));
    expect(faultOf(() => openDatabase(dataDir))).toEqual(refusal(message));
    expect(await Bun.file(file).text()).toStartWith("not a database");
    await rm(file);
    openDatabase(dataDir).close(true);
    const bytes = new Uint8Array(await Bun.file(file).arrayBuffer());
    await Bun.write(file, bytes.fill(0xff, 100, 4_000));
    expect(faultOf(() => openDatabase(dataDir))).toEqual(refusal(message));
  }));

test("openDatabase() refuses a data directory that is a file, and a database that is a directory", () =>
  withDataDir(async (dataDir) => {
    await Bun.write(join(dataDir, "file"), "");
    expect(faultOf(() => openDatabase(join(dataDir, "file")))).toMatchObject({ code: "failed_precondition" });
    await mkdir(join(dataDir, "prim.db"));
    expect(faultOf(() => openDatabase(dataDir))).toMatchObject({ code: "failed_precondition" });
  }));

test("openDatabase() refuses a newer schema and another program's database, and leaves them alone", () =>
  withDataDir(async (dataDir) => {
    openDatabase(dataDir).close(true);
    const file = join(dataDir, "prim.db");
    const known = MIGRATIONS.length;
    const newer = new Database(file);
    newer.run(`PRAGMA user_version = ${known + 1}`);
    newer.close(true);
    expect(faultOf(() => openDatabase(dataDir))).toEqual(
      refusal(`Cannot open the database: its schema version is ${known + 1}, this prim knows up to ${known}`),
    );
    await rm(file);
    const foreign = new Database(file, { create: true });
    foreign.run("CREATE TABLE theirs (a)");
    foreign.close(true);
    expect(faultOf(() => openDatabase(dataDir))).toEqual(
      refusal("Cannot open the database: it is not one of prim's"),
    );
    const left = new Database(file);
    expect(left.prepare("SELECT name FROM sqlite_schema").all()).toEqual([{ name: "theirs" }]);
    expect(left.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    left.close(true);
  }));

test("migrate() takes an empty database of version 0 to the newest, and does nothing the second time", () =>
  withDataDir(async (dataDir) => {
    new Database(join(dataDir, "prim.db"), { create: true }).close(true);
    const database = openDatabase(dataDir);
    expect(versionOf(database)).toBe(MIGRATIONS.length);
    expect(database.prepare("PRAGMA application_id").get()).toEqual({ application_id: APPLICATION_ID });
    migrate(database);
    expect(versionOf(database)).toBe(MIGRATIONS.length);
    database.close(true);
  }));

test("migrate() takes only the missing steps, and none of a step that fails", () => {
  const database = new Database(":memory:");
  migrate(database, [["CREATE TABLE one (a)"]]);
  const broken = [["CREATE TABLE one (a)"], ["CREATE TABLE two (a)", "CREATE TABEL three (a)"]];
  expect(faultOf(() => migrate(database, broken))).toBeInstanceOf(Error);
  expect(versionOf(database)).toBe(1);
  const mended = [["CREATE TABLE one (a)"], ["CREATE TABLE two (a)", "CREATE TABLE three (a)"]];
  migrate(database, mended);
  expect(versionOf(database)).toBe(2);
  expect(database.prepare("SELECT name FROM sqlite_schema").all()).toHaveLength(3);
  database.close(true);
});
