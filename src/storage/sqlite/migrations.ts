/**
 * The schema of prim.db, as the ordered list of steps that lead to it.
 *
 * `PRAGMA user_version` says how many steps a database has taken. A step that was ever released is never edited:
 * a change is a new step at the end.
 */
import type { Database } from "bun:sqlite";
import { PrimError } from "../../base/errors.ts";

/** One step: statements that run in one transaction. */
export type Migration = readonly string[];

/** "prim" in ASCII, as SQLite's application id: tells our file from another program's database. */
export const APPLICATION_ID = 0x7072696d;

export const MIGRATIONS: readonly Migration[] = [
  [
    // One row. The epoch that channels get at their first message.
    "CREATE TABLE store (epoch TEXT NOT NULL)",

    // AUTOINCREMENT: the id of a forgotten channel is never given again, so rows of it that still
    // wait to be swept can't become another channel's.
    `CREATE TABLE channels (
      channel_id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      epoch TEXT NOT NULL,
      head INTEGER NOT NULL,        -- offset of the newest message
      head_sent_at INTEGER NOT NULL,
      oldest INTEGER NOT NULL,      -- offset of the oldest row in messages; head + 1 if there is none
      sends_until INTEGER NOT NULL  -- from then on no row in sends matters
    )`,

    // Clustered by channel and offset: one B-tree to insert into, and a page of history is one range.
    `CREATE TABLE messages (
      channel_id INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      sent_at INTEGER NOT NULL,
      draft TEXT NOT NULL,          -- the rest of the message, JSON
      PRIMARY KEY (channel_id, offset)
    ) WITHOUT ROWID`,

    // Rows go in at the right edge of the table, and out by the narrow index on expires_at. On 300,000
    // rows as fast as WITHOUT ROWID with an index, whose entries would repeat the whole key. The client
    // message id leads the unique key: those that begin with the time, as most do, fall on few pages.
    `CREATE TABLE sends (
      send_id INTEGER PRIMARY KEY,
      channel_id INTEGER NOT NULL,
      send_key TEXT NOT NULL,       -- client message id and sender
      offset INTEGER NOT NULL,
      message_id TEXT NOT NULL,
      sent_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      UNIQUE (send_key, channel_id)
    )`,
    "CREATE INDEX sends_by_expiry ON sends (expires_at)",

    `CREATE TABLE marks (
      channel_id INTEGER NOT NULL,
      user_id TEXT NOT NULL,
      epoch TEXT NOT NULL,
      offset INTEGER NOT NULL,
      PRIMARY KEY (channel_id, user_id)
    ) WITHOUT ROWID`,
  ],
];

/**
 * Only reads, so that a database that is not for us is left as it was.
 *
 * @throws {PrimError} `failed_precondition` if it is from a newer prim, or another program's.
 */
export function checkOrigin(database: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  const version = pragma(database, "user_version");
  if (version > migrations.length) {
    throw new PrimError(
      "failed_precondition",
      `Cannot open the database: its schema version is ${version}, this prim knows up to ${migrations.length}`,
    );
  }
  const applicationId = pragma(database, "application_id");
  const ours =
    applicationId === APPLICATION_ID || (applicationId === 0 && version === 0 && isEmpty(database));
  if (!ours) throw new PrimError("failed_precondition", "Cannot open the database: it is not one of prim's");
}

/** Takes the steps that a database has not taken yet, each in a transaction of its own. */
export function migrate(database: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  const version = pragma(database, "user_version");
  for (const [step, statements] of migrations.entries()) {
    if (step < version) continue;
    database.transaction(() => {
      for (const statement of statements) database.run(statement);
      database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.run(`PRAGMA user_version = ${step + 1}`);
    })();
  }
}

function pragma(database: Database, name: "user_version" | "application_id"): number {
  using statement = database.prepare<Record<string, number>, []>(`PRAGMA ${name}`);
  return statement.get()?.[name] ?? 0;
}

function isEmpty(database: Database): boolean {
  using statement = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1");
  return statement.get() === null;
}
