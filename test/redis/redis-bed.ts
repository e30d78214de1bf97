/**
 * RedisBed: opens connections and stores on real servers, and closes them after each test.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { type NodeId, newNodeId } from "../../src/base/ids.ts";
import type { Logger } from "../../src/base/logger.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { RedisAddress } from "../../src/storage/redis/redis-address.ts";
import { RedisConnection, type RedisConnectionOptions } from "../../src/storage/redis/redis-connection.ts";
import { RedisStore, type RedisStoreOptions } from "../../src/storage/redis/redis-store.ts";
import type { RedisServer } from "./redis-server.ts";

export interface OpenedRedisStore {
  readonly store: RedisStore;
  readonly connection: RedisConnection;
  readonly nodeId: NodeId;
}

let prefixes = 0;

/** A key prefix that no other test uses. */
export function newPrefix(): string {
  prefixes += 1;
  return `test-${prefixes}:`;
}

export function addressOf(...servers: readonly Pick<RedisServer, "port">[]): RedisAddress {
  const hosts = servers.map(({ port }) => ({ host: "127.0.0.1", port }));
  return { mode: servers.length > 1 ? "cluster" : "standalone", hosts, database: 0 };
}

export class RedisBed {
  readonly #opened: { close(): Promise<void> }[] = [];

  async connect(address: RedisAddress, over: Partial<RedisConnectionOptions> = {}): Promise<RedisConnection> {
    const connection = await RedisConnection.open({
      address,
      keyPrefix: newPrefix(),
      callTimeoutMs: 5_000,
      clock: systemClock,
      log: silentLogger,
      ...over,
    });
    this.#opened.push(connection);
    return connection;
  }

  async open(
    address: RedisAddress,
    over: { connection?: Partial<RedisConnectionOptions>; store?: Partial<RedisStoreOptions> } = {},
  ): Promise<OpenedRedisStore> {
    const connection = await this.connect(address, over.connection);
    const nodeId = over.store?.nodeId ?? newNodeId();
    const bounds = { countMax: 1_000, ageMs: 60_000 };
    const store = new RedisStore({ connection, clock: systemClock, ...bounds, ...over.store, nodeId });
    this.#opened.push(store);
    return { store, connection, nodeId };
  }

  async clear(): Promise<void> {
    // Stores first: their last calls need the connection.
    for (const each of this.#opened.splice(0).reverse()) await each.close();
  }
}

/** Keeps what is logged, at every level. */
export function keepingLogger(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string, fields?: object) => {
    lines.push(fields === undefined ? message : `${message} ${JSON.stringify(fields)}`);
  };
  return { lines, log: { debug: keep, info: keep, warn: keep, error: keep } };
}

/** The ACL user that operators are told to make. */
export function guidedAclLine(): string {
  const guide = readFileSync(join(import.meta.dir, "../../docs/redis.md"), "utf8");
  const line = /^ACL SETUSER prim .*$/m.exec(guide)?.[0];
  if (line === undefined) throw new Error("docs/redis.md has no ACL line");
  return line;
}
