/**
 * Transaction: all of a piece of work is on disk when run() returns, or none of it when it throws.
 */
import type { Database } from "bun:sqlite";
import type { ChannelHeads } from "./channel-heads.ts";
import type { Statements } from "./statements.ts";

export class Transaction {
  readonly #database: Database;
  readonly #sql: Statements;
  readonly #heads: ChannelHeads;

  constructor(database: Database, statements: Statements, heads: ChannelHeads) {
    this.#database = database;
    this.#sql = statements;
    this.#heads = heads;
  }

  /** @throws what `work` or SQLite throws; heads and offsets are then what they were before. */
  run<T>(work: () => T): T {
    try {
      this.#sql.begin.run();
      const result = work();
      this.#heads.save();
      this.#sql.commit.run();
      return result;
    } catch (error) {
      try {
        // SQLite rolls back by itself on some errors (a full disk), and not on others.
        if (this.#database.inTransaction) this.#sql.rollback.run();
      } finally {
        this.#heads.reload();
        this.#freeTheLog();
      }
      throw error;
    }
  }

  /**
   * Copies the write-ahead log into the database, so that the next transaction may write over it: on a full
   * disk that is the room which is left.
   */
  #freeTheLog(): void {
    try {
      this.#sql.checkpoint.run();
    } catch {
      // No room for this either: the log stays as it is, and everything in it stays stored.
    }
  }
}
