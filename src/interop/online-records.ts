/**
 * OnlineRecords: tells the reference system which users are on this node, and keeps telling it.
 *
 * A login or logoff is written as soon as the batch before it is; a sweep writes all records anew, since they count only
 * with a young heartbeat, and since an old node that the user left writes over them. What is lost on the way the sweep
 * repairs, or it runs out: nothing is repeated.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import {
  REFERENCE_RECORDS_AT_ONCE,
  REFERENCE_RECORDS_DUE_MAX,
  REFERENCE_RETRY_MS,
  REFERENCE_SWEEP_MS,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Attendee } from "../core/attendance.ts";
import type { Hub, UserObserver } from "../core/hub.ts";
import type { User } from "../core/user.ts";
import { logoffRecord, onlineRecord, recordKey, toSeconds } from "./online-record.ts";
import { type RecordAction, writeRecords } from "./record-script.ts";
import type { RedisPort } from "./redis-port.ts";

export interface OnlineRecordsParts {
  readonly redis: RedisPort;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Logger;
  /** Addresses of the old nodes that live. It never fails. */
  readonly oldNodes: () => Promise<ReadonlySet<string>>;
  /** Whether the user is online on this platform on another node of prim. */
  readonly isElsewhere: (user: Attendee) => Promise<boolean>;
}

interface Due extends Attendee {
  readonly isLogin: boolean;
}

interface Write {
  readonly key: string;
  readonly action: RecordAction;
  readonly record: string;
}

export class OnlineRecords implements UserObserver {
  readonly #parts: OnlineRecordsParts;
  readonly #due = new Map<string, Due>();
  #address: string | undefined;
  #flushing: Promise<void> | undefined;
  #isSweeping = false;
  #isStopping = false;
  #cancelSweep: Cancel | undefined;
  #cancelRetry: Cancel | undefined;

  constructor(parts: OnlineRecordsParts) {
    this.#parts = parts;
  }

  /** @param address ip:rpcPort of this node. What was noted before is written now. */
  start(address: string): void {
    this.#address = address;
    this.#cancelSweep = this.#parts.clock.every(REFERENCE_SWEEP_MS, () => void this.sweep());
    if (this.#due.size > 0) this.#flush();
  }

  /**
   * Logs off everybody, those too whose sessions have not ended yet. Resolves when that and what was due has been written,
   * or failed to be. No sweeps any more.
   */
  async stop(): Promise<void> {
    this.#cancelSweep?.();
    this.#cancelRetry?.();
    this.#isStopping = true;
    for (const platform of this.#parts.hub.platforms()) {
      for (const user of this.#parts.hub.usersOf(platform).values()) this.#note(user, false);
    }
    await this.#flushing;
  }

  loggedIn(user: User): void {
    this.#note(user, true);
  }

  wentOffline(user: User): void {
    this.#note(user, false);
  }

  /** An old node has said that the user is gone, and may have written so: if the user is here, it is put right. */
  contradict(user: Attendee): void {
    if (this.#parts.hub.find(user.appPlatform, user.userId) !== undefined) this.#note(user, false);
  }

  /**
   * Writes the records of all users of this node anew. One that fails is tried again soon; while one is under way it
   * does nothing.
   */
  async sweep(): Promise<void> {
    if (this.#isSweeping || this.#isStopping || this.#address === undefined) return;
    const { hub, clock, log } = this.#parts;
    this.#isSweeping = true;
    try {
      let batch: User[] = [];
      for (const platform of hub.platforms()) {
        // Who comes or goes meanwhile is seen or not; each of them is written by itself.
        for (const user of hub.usersOf(platform).values()) {
          batch.push(user);
          if (batch.length < REFERENCE_RECORDS_AT_ONCE) continue;
          await this.#refresh(batch);
          batch = [];
        }
      }
      await this.#refresh(batch);
    } catch (error) {
      log.warn("online records not refreshed", { error });
      this.#cancelRetry?.();
      this.#cancelRetry = clock.after(REFERENCE_RETRY_MS, () => void this.sweep());
    } finally {
      this.#isSweeping = false;
    }
  }

  #note({ appPlatform, userId }: Attendee, isLogin: boolean): void {
    const key = recordKey(appPlatform, userId);
    const known = this.#due.get(key);
    if (known === undefined && this.#due.size >= REFERENCE_RECORDS_DUE_MAX) return;
    this.#due.set(key, { appPlatform, userId, isLogin: isLogin || known?.isLogin === true });
    this.#flush();
  }

  #flush(): void {
    if (this.#flushing !== undefined || this.#address === undefined) return;
    this.#flushing = new Promise<void>((resolve) => this.#parts.clock.soon(resolve))
      .then(() => this.#writeDue())
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  async #writeDue(): Promise<void> {
    while (this.#due.size > 0) {
      const batch = [...this.#due.entries().take(REFERENCE_RECORDS_AT_ONCE)];
      for (const [key] of batch) this.#due.delete(key);
      try {
        await this.#writeBatch(batch.map(([, due]) => due));
      } catch (error) {
        this.#parts.log.warn("online records not written", { count: batch.length, error });
        // There is no time to try the rest one by one: their records run out.
        if (this.#isStopping) this.#due.clear();
      }
    }
  }

  async #writeBatch(batch: readonly Due[]): Promise<void> {
    const oldNodes = await this.#parts.oldNodes();
    const elsewhere = await Promise.all(batch.map((due) => this.#isElsewhere(due)));
    // From here to the writing nothing is waited for: who is here now is here.
    const writes = batch.flatMap((due, index) => {
      const user = this.#find(due);
      if (user !== undefined) return [this.#writeOf(user, due.isLogin ? "login" : "refresh")];
      return elsewhere[index] === true ? [] : [this.#logoffOf(due)];
    });
    await this.#write(writes, oldNodes);
  }

  /** The user, if they are here and stay. */
  #find({ appPlatform, userId }: Attendee): User | undefined {
    return this.#isStopping ? undefined : this.#parts.hub.find(appPlatform, userId);
  }

  async #isElsewhere(user: Attendee): Promise<boolean> {
    const { hub, isElsewhere, log } = this.#parts;
    if (hub.find(user.appPlatform, user.userId) !== undefined) return false;
    try {
      return await isElsewhere(user);
    } catch (error) {
      // If the user is there, that node's next sweep says so.
      log.debug("user not looked for on other nodes", { userId: user.userId, error });
      return false;
    }
  }

  async #refresh(users: readonly User[]): Promise<void> {
    if (users.length === 0) return;
    const oldNodes = await this.#parts.oldNodes();
    const here = users.filter((user) => user.sessions.length > 0);
    await this.#write(
      here.map((user) => this.#writeOf(user, "refresh")),
      oldNodes,
    );
  }

  async #write(writes: readonly Write[], oldNodes: ReadonlySet<string>): Promise<void> {
    const { redis, clock } = this.#parts;
    const common = [this.#ownAddress(), toSeconds(clock.now()), oldNodes.size, ...oldNodes];
    const runs: Promise<unknown>[] = [];
    for (let from = 0; from < writes.length; from += redis.keysPerRun) {
      const part = writes.slice(from, from + redis.keysPerRun);
      const args = part.flatMap(({ action, record }) => [action, record]);
      runs.push(
        redis.run(
          writeRecords,
          part.map(({ key }) => key),
          [...common, ...args],
        ),
      );
    }
    await Promise.all(runs);
  }

  #writeOf(user: User, action: RecordAction): Write {
    const now = toSeconds(this.#parts.clock.now());
    const record = onlineRecord(user, this.#ownAddress(), now);
    return { key: recordKey(user.appPlatform, user.userId), action, record };
  }

  #logoffOf(user: Attendee): Write {
    const now = toSeconds(this.#parts.clock.now());
    const record = logoffRecord(user, this.#ownAddress(), now);
    return { key: recordKey(user.appPlatform, user.userId), action: "logoff", record };
  }

  #ownAddress(): string {
    return this.#address ?? "";
  }
}
