/**
 * SqliteStore: the channel logs of one node, on disk in one file.
 *
 * What is answered is in the write-ahead log and synced. One connection does everything, on
 * the main thread: a commit's fsync is shared by all sends of an event-loop turn.
 */
import { type Database, SQLiteError } from "bun:sqlite";
import type { Clock } from "../../base/clock.ts";
import { assert, PrimError } from "../../base/errors.ts";
import type { ChannelId, Epoch, NodeId, UserId } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { Appended, AppendRequest, HistoryPage, HistoryRange, Store } from "../../core/channel-log.ts";
import type { Draft, Message, Position } from "../../core/message.ts";
import { checkRange, type HistoryBounds, windowOf } from "../history-window.ts";
import { type ChannelHead, ChannelHeads } from "./channel-heads.ts";
import { CommitQueue, type OnCommit, storeFailed } from "./commit-queue.ts";
import { MessageWriter } from "./message-writer.ts";
import { openDatabase } from "./open-database.ts";
import { finalizeStatements, type MessageRow, prepareStatements, type Statements } from "./statements.ts";
import { Sweeper } from "./sweeper.ts";
import { Transaction } from "./transaction.ts";
import { Trimmer } from "./trimmer.ts";

export interface SqliteStoreOptions extends HistoryBounds {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onCommit?: OnCommit;
}

export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #sql: Statements;
  readonly #heads: ChannelHeads;
  readonly #trimmer: Trimmer;
  readonly #writer: MessageWriter;
  readonly #queue: CommitQueue;
  readonly #sweeper: Sweeper;
  #closed = false;

  /**
   * Opens or creates `<dataDir>/prim.db`, for this process alone.
   *
   * @throws {PrimError} `failed_precondition` as openDatabase() does.
   */
  static open(dataDir: string, options: SqliteStoreOptions): SqliteStore {
    const database = openDatabase(dataDir);
    try {
      return new SqliteStore(database, options);
    } catch (error) {
      database.close();
      throw new PrimError("failed_precondition", `Cannot open the data directory "${dataDir}"`, {
        cause: error,
      });
    }
  }

  /** @param database from openDatabase(); close() closes it. */
  constructor(database: Database, { clock, log, onCommit, ...bounds }: SqliteStoreOptions) {
    assert(bounds.countMax >= 0 && bounds.ageMs >= 0, "history bounds are 0 or more");
    const statements = prepareStatements(database);
    const heads = new ChannelHeads(statements);
    const trimmer = new Trimmer(statements, heads, bounds);
    const transaction = new Transaction(database, statements, heads);
    this.#database = database;
    this.#clock = clock;
    this.#sql = statements;
    this.#heads = heads;
    this.#trimmer = trimmer;
    this.#writer = new MessageWriter(statements, heads, trimmer);
    this.#queue = new CommitQueue({ transaction, clock, log, onCommit });
    this.#sweeper = new Sweeper({ statements, heads, trimmer, transaction, clock, log });
  }

  async append(request: AppendRequest): Promise<Appended> {
    this.#assertOpen();
    const now = this.#clock.now();
    const draftJson = JSON.stringify(request.draft);
    return this.#queue.add(draftJson.length, () => this.#writer.write(request, draftJson, now));
  }

  async join(channel: ChannelId): Promise<Position> {
    return this.#reading(() => this.#heads.position(channel));
  }

  async heads(channels: readonly ChannelId[]): Promise<readonly (Position | undefined)[]> {
    return this.#reading(() =>
      channels.map((channel) => {
        const head = this.#heads.find(channel);
        return head && { epoch: head.epoch, offset: head.offset };
      }),
    );
  }

  async leave(): Promise<void> {}

  async interested(): Promise<readonly NodeId[]> {
    return [];
  }

  async read(channel: ChannelId, range: HistoryRange): Promise<HistoryPage> {
    checkRange(range);
    return this.#reading(() => {
      const head = this.#heads.find(channel);
      if (head === undefined) return { head: this.#heads.position(channel), messages: [], more: false };
      const oldest = this.#trimmer.keptFrom(head, this.#clock.now());
      const { first, last, more } = windowOf(range, oldest, head.offset);
      const rows = first > last ? [] : this.#sql.messages.all(head.id, first, last);
      const messages = rows.map((row) => messageOf(head, row));
      return { head: { epoch: head.epoch, offset: head.offset }, messages, more };
    });
  }

  async mark(channel: ChannelId, userId: UserId, position: Position): Promise<number> {
    this.#assertOpen();
    return this.#queue.add(userId.length, () => {
      const head = this.#heads.find(channel);
      if (head === undefined) return 0;
      const known = this.#sql.mark.get(head.id, userId);
      const before = known?.epoch === position.epoch ? known.offset : 0;
      if (known?.epoch !== position.epoch || position.offset > before) {
        this.#sql.setMark.run(head.id, userId, position.epoch, position.offset);
      }
      return before;
    });
  }

  async marked(channel: ChannelId, userId: UserId, epoch: Epoch): Promise<number> {
    return this.#reading(() => {
      const head = this.#heads.find(channel);
      const known = head === undefined ? null : this.#sql.mark.get(head.id, userId);
      return known?.epoch === epoch ? known.offset : 0;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sweeper.stop();
    this.#queue.flush();
    finalizeStatements(this.#sql);
    this.#database.close(true);
  }

  #assertOpen(): void {
    if (this.#closed) throw storeFailed("Cannot use the store: it is closed");
  }

  #reading<T>(read: () => T): T {
    this.#assertOpen();
    try {
      return read();
    } catch (error) {
      if (error instanceof SQLiteError) throw storeFailed("Cannot read: the database failed", error);
      throw error;
    }
  }
}

function messageOf({ channel, epoch }: ChannelHead, row: MessageRow): Message {
  const draft: Draft = JSON.parse(row.draft);
  return { ...draft, channel, epoch, offset: row.offset, sentAt: row.sent_at };
}
