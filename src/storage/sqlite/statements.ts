/**
 * Every statement that runs while prim runs, prepared once. What each is for is said where it is used.
 */
import type { Database } from "bun:sqlite";
import type { Epoch, MessageId } from "../../base/ids.ts";

export interface ChannelRow {
  readonly channel_id: number;
  readonly name: string;
  readonly epoch: Epoch;
  readonly head: number;
  readonly head_sent_at: number;
  readonly oldest: number;
  readonly sends_until: number;
}

export interface MessageRow {
  readonly offset: number;
  readonly sent_at: number;
  readonly draft: string;
}

export interface SendRow {
  readonly offset: number;
  readonly message_id: MessageId;
  readonly sent_at: number;
}

export interface MarkRow {
  readonly epoch: Epoch;
  readonly offset: number;
}

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: Database) {
  return {
    begin: database.prepare<null, []>("BEGIN"),
    commit: database.prepare<null, []>("COMMIT"),
    rollback: database.prepare<null, []>("ROLLBACK"),

    checkpoint: database.prepare<null, []>("PRAGMA wal_checkpoint(PASSIVE)"),

    storeEpoch: database.prepare<{ epoch: Epoch }, []>("SELECT epoch FROM store"),
    dropStoreEpoch: database.prepare<null, []>("DELETE FROM store"),
    setStoreEpoch: database.prepare<null, [string]>("INSERT INTO store (epoch) VALUES (?)"),

    channel: database.prepare<ChannelRow, [string]>("SELECT * FROM channels WHERE name = ?"),
    channelsAfter: database.prepare<ChannelRow, [number, number]>(
      "SELECT * FROM channels WHERE channel_id > ? ORDER BY channel_id LIMIT ?",
    ),
    addChannel: database.prepare<null, [string, string]>(
      `INSERT INTO channels (name, epoch, head, head_sent_at, oldest, sends_until) VALUES (?, ?, 0, 0, 1, 0)`,
    ),
    saveChannel: database.prepare<null, [number, number, number, number, number]>(
      "UPDATE channels SET head = ?, head_sent_at = ?, oldest = ?, sends_until = ? WHERE channel_id = ?",
    ),
    dropChannel: database.prepare<null, [number]>("DELETE FROM channels WHERE channel_id = ?"),

    addMessage: database.prepare<null, [number, number, number, string]>(
      "INSERT INTO messages (channel_id, offset, sent_at, draft) VALUES (?, ?, ?, ?)",
    ),
    messages: database.prepare<MessageRow, [number, number, number]>(
      "SELECT offset, sent_at, draft FROM messages WHERE channel_id = ? AND offset BETWEEN ? AND ? ORDER BY offset",
    ),
    sentAt: database.prepare<{ sent_at: number }, [number, number]>(
      "SELECT sent_at FROM messages WHERE channel_id = ? AND offset = ?",
    ),
    dropMessages: database.prepare<null, [number, number, number]>(
      "DELETE FROM messages WHERE channel_id = ? AND offset BETWEEN ? AND ?",
    ),

    // Takes the key unless a send that still counts has it: then it changes nothing.
    addSend: database.prepare<null, [number, string, number, string, number, number, number]>(
      `INSERT INTO sends (channel_id, send_key, offset, message_id, sent_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (send_key, channel_id) DO UPDATE SET
          offset = excluded.offset, message_id = excluded.message_id,
          sent_at = excluded.sent_at, expires_at = excluded.expires_at
        WHERE expires_at <= ?`,
    ),
    send: database.prepare<SendRow, [number, string]>(
      "SELECT offset, message_id, sent_at FROM sends WHERE channel_id = ? AND send_key = ?",
    ),
    dropSends: database.prepare<null, [number, number]>(
      `DELETE FROM sends WHERE send_id IN
        (SELECT send_id FROM sends WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    ),

    mark: database.prepare<MarkRow, [number, string]>(
      "SELECT epoch, offset FROM marks WHERE channel_id = ? AND user_id = ?",
    ),
    setMark: database.prepare<null, [number, string, string, number]>(
      "INSERT OR REPLACE INTO marks (channel_id, user_id, epoch, offset) VALUES (?, ?, ?, ?)",
    ),
    dropMarks: database.prepare<null, [number, number, number]>(
      `DELETE FROM marks WHERE channel_id = ? AND user_id IN
        (SELECT user_id FROM marks WHERE channel_id = ? LIMIT ?)`,
    ),
  };
}

/** Without it the file stays locked until the garbage collector finds the statements. */
export function finalizeStatements(statements: Statements): void {
  for (const statement of Object.values(statements)) statement.finalize();
}
