/**
 * RedisConnection: one connection of this node to Redis (one to each of its servers, with Redis Cluster), which everything in
 * this folder shares.
 *
 * It owns the rule that a call ends within a bounded time and is executed at most once. A call without an answer is refused
 * with `unavailable`, and may have been executed; whoever must know listens to onBack() and looks again. It knows no key.
 */
import type { Cancel, Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import { REDIS_PROBE_PERIOD_MS, REDIS_RETRY_MS_MAX, REDIS_START_MS_MAX } from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import { CallGate } from "./call-gate.ts";
import { nameOf, type RedisAddress } from "./redis-address.ts";
import { createClient, type RedisClient } from "./redis-client.ts";
import type { RedisScript } from "./redis-script.ts";
import { checkServer } from "./redis-server-check.ts";

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  /** What all keys of this prim begin with, such as `prim:`. No braces: they would steer the keys of a Redis Cluster. */
  readonly keyPrefix: string;
  /** For one call, waiting for a lost connection included; 1 or more. */
  readonly callTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What Redis takes as a key or an argument. */
export type RedisArgument = string | number | Buffer;

const CLOSING_POLL_MS = 5;

/** One of the servers that share the keys. */
export interface RedisServer {
  /** Sends a plain command to this server, whatever its keys. The same rules and errors as RedisConnection.command(). */
  command(name: string, ...args: readonly RedisArgument[]): Promise<unknown>;
}

export class RedisConnection {
  readonly keyPrefix: string;
  /** True if a call may only have keys of one hash slot. */
  readonly isCluster: boolean;
  readonly #client: RedisClient;
  readonly #options: RedisConnectionOptions;
  readonly #gate: CallGate;
  readonly #lostListeners = new Set<() => void>();
  readonly #backListeners = new Set<() => void>();
  #isUp = false;
  #lostAt = 0;
  #lastError: unknown;
  #onStartSettled: (error?: unknown) => void = () => {};
  #isProbing = false;
  #backIsDue = false;
  #hasClosed = false;

  /**
   * Connects, and tries again for REDIS_START_MS_MAX if nobody is there yet.
   *
   * @throws {PrimError} `unavailable` if Redis is not reached; `failed_precondition` if it refuses the password or is too old.
   */
  static async open(options: RedisConnectionOptions): Promise<RedisConnection> {
    const connection = new RedisConnection(options);
    try {
      await connection.#start();
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  private constructor(options: RedisConnectionOptions) {
    const { address, keyPrefix, callTimeoutMs, clock } = options;
    this.#options = options;
    this.keyPrefix = keyPrefix;
    this.isCluster = address.mode === "cluster";
    this.#gate = new CallGate({ clock, timeoutMs: callTimeoutMs, onLate: () => this.#announceBack() });
    this.#client = createClient(address, callTimeoutMs, (error) => {
      this.#lastError = error;
    });
    this.#client.on("error", (error: unknown) => this.#onError(error));
    this.#client.on("node error", (error: unknown) => this.#onError(error));
    this.#client.on("ready", () => this.#onReady());
    this.#client.on("close", () => this.#onClose());
    this.#client.on("end", () => this.#onEnd());
    this.#client.on("-node", () => this.#onServerGone());
  }

  /** False while the connection, or with Redis Cluster one of them, is lost. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** For one call, waiting for a lost connection included. */
  get callTimeoutMs(): number {
    return this.#options.callTimeoutMs;
  }

  /** Calls without an answer, those that were given up included. */
  get underWay(): number {
    return this.#gate.underWay;
  }

  /** Told when a connection that was there is lost; calls wait from now on, as long as their time lasts. */
  onLost(listener: () => void): Cancel {
    this.#lostListeners.add(listener);
    return () => void this.#lostListeners.delete(listener);
  }

  /**
   * Told when Redis answers again after the connection was lost or a call was given up. What was refused before may have
   * been executed, and Redis may have been restarted or replaced: what was known of it must be looked at again.
   */
  onBack(listener: () => void): Cancel {
    this.#backListeners.add(listener);
    return () => void this.#backListeners.delete(listener);
  }

  /**
   * Runs a script as one atomic step. Redis need not know it beforehand.
   *
   * @param keys at least one with Redis Cluster, all of one hash slot.
   * @param args a function is called whenever the script is about to be sent: after a wait for a lost connection, too.
   * @throws {PrimError} `unavailable`, reason `STORE_FAILED`: no connection, no answer in time, too much under way
   *   (REDIS_CALLS_MAX), or refused by Redis. It may have been executed, but never twice.
   */
  evaluate(
    script: RedisScript,
    keys: readonly string[],
    args: readonly RedisArgument[] | (() => readonly RedisArgument[]) = [],
  ): Promise<unknown> {
    return this.#gate.pass(async (isGivenUp) => {
      const values = typeof args === "function" ? args() : args;
      try {
        return await this.#client.evalsha(script.sha, keys.length, ...keys, ...values);
      } catch (error) {
        // Then it was not executed, and this is no second time; unless the answer came so late that nobody waits for it.
        if (!(error instanceof Error && error.message.startsWith("NOSCRIPT")) || isGivenUp()) throw error;
        return this.#client.eval(script.lua, keys.length, ...keys, ...values);
      }
    });
  }

  /** Sends a plain command; with Redis Cluster to the server of its first key. The same rules and errors as evaluate(). */
  command(name: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#gate.pass(() => this.#client.call(name, ...args));
  }

  /** The servers that have all keys between them now: one, or with Redis Cluster its masters. */
  servers(): RedisServer[] {
    const client = this.#client;
    const servers = "nodes" in client ? client.nodes("master") : [client];
    return servers.map((server) => ({
      command: (name, ...args) => this.#gate.pass(() => server.call(name, ...args)),
    }));
  }

  /** Waits for the calls under way, within their time, and disconnects. Repeating it is safe. */
  async close(): Promise<void> {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    const { clock, callTimeoutMs } = this.#options;
    const deadline = clock.monotonic() + (this.#isUp ? callTimeoutMs : 0);
    while (this.#gate.underWay > 0 && clock.monotonic() < deadline) {
      await new Promise<void>((resolve) => clock.after(CLOSING_POLL_MS, resolve));
    }
    this.#gate.end();
    this.#client.disconnect();
  }

  async #start(): Promise<void> {
    const { address, clock, log } = this.#options;
    const name = nameOf(address);
    const cancel = clock.after(REDIS_START_MS_MAX, () =>
      this.#onStartSettled(this.#lastError ?? "no answer"),
    );
    const failure = await new Promise<unknown>((resolve) => {
      this.#onStartSettled = resolve;
      // How it failed is told by the events, which also say when a later attempt succeeds.
      this.#client.connect().catch(() => {});
    });
    cancel();
    this.#onStartSettled = () => {};
    if (failure !== undefined) {
      const code = isRefusal(failure) ? "failed_precondition" : "unavailable";
      throw new PrimError(code, `Cannot reach Redis at ${name}: ${wordsOf(failure)}`, {
        reason: "STORE_FAILED",
      });
    }
    checkServer(String(await this.command("INFO")), name, log);
  }

  #onError(error: unknown): void {
    this.#lastError = error;
    // Trying again would not help, and some servers lock out who tries wrong passwords.
    if (isRefusal(error)) this.#onStartSettled(error);
  }

  #onReady(): void {
    const wasUp = this.#lostAt === 0;
    this.#gate.open();
    this.#isUp = true;
    this.#onStartSettled();
    if (wasUp) return;
    this.#logBack();
    this.#announceBack();
  }

  #onClose(): void {
    this.#gate.shut();
    this.#lose();
  }

  /** ioredis has given up, which it is never told to do: it begins anew. */
  #onEnd(): void {
    this.#onClose();
    if (this.#hasClosed) return;
    this.#options.clock.after(REDIS_RETRY_MS_MAX, () => {
      if (this.#hasClosed || this.#client.status !== "end") return;
      // How it fails is told by the events, as at the start.
      this.#client.connect().catch(() => {});
    });
  }

  /** With Redis Cluster: one of its servers is lost, or was taken out of the cluster. */
  #onServerGone(): void {
    if (!this.#isUp) return;
    this.#lose();
    if (!this.#isProbing) void this.#probe();
  }

  #lose(): void {
    if (!this.#isUp || this.#hasClosed) return;
    this.#isUp = false;
    const { address, clock, log } = this.#options;
    this.#lostAt = clock.monotonic();
    log.warn("redis connection lost", { redis: nameOf(address), reason: wordsOf(this.#lastError) });
    for (const listener of this.#lostListeners) listener();
  }

  /** Until every slot has a server that answers. */
  async #probe(): Promise<void> {
    const { clock } = this.#options;
    this.#isProbing = true;
    while (!this.#hasClosed && !this.#isUp) {
      await new Promise<void>((resolve) => clock.after(REDIS_PROBE_PERIOD_MS, resolve));
      if (!(await this.#allServersAnswer()) || this.#isUp || this.#hasClosed) continue;
      this.#isUp = true;
      this.#logBack();
      this.#announceBack();
    }
    this.#isProbing = false;
  }

  async #allServersAnswer(): Promise<boolean> {
    const client = this.#client;
    if (!("nodes" in client) || client.status !== "ready") return false;
    try {
      await this.#gate.pass(async () => {
        await new Promise<void>((resolve, reject) => {
          client.refreshSlotsCache((error) => (error ? reject(error) : resolve()));
        });
        await Promise.all(client.nodes("master").map((server) => server.ping()));
      });
      return true;
    } catch {
      return false; // Whatever it was, it is tried again.
    }
  }

  #logBack(): void {
    const { address, clock, log } = this.#options;
    const lostMs = Math.round(clock.monotonic() - this.#lostAt);
    this.#lastError = undefined;
    log.info("redis connection back", { redis: nameOf(address), lostMs });
  }

  /** Once for all that happened in this turn. */
  #announceBack(): void {
    if (this.#backIsDue || this.#hasClosed) return;
    this.#backIsDue = true;
    this.#options.clock.soon(() => {
      this.#backIsDue = false;
      if (!this.#isUp || this.#hasClosed) return;
      for (const listener of this.#backListeners) listener();
    });
  }
}

/** Redis was reached, and doesn't want us, or we don't trust it. */
function isRefusal(error: unknown): boolean {
  return /\b(?:WRONGPASS|NOAUTH|NOPERM|ERR AUTH|invalid password|DB index|certificate)\b/.test(
    wordsOf(error),
  );
}

/** Without the command that ioredis adds: it has what users wrote, and passwords. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : "closed by the other end";
  const last: unknown = "lastNodeError" in error ? error.lastNodeError : undefined;
  return last instanceof Error ? last.message : error.message;
}
