/**
 * RedisPort: what this folder needs of Redis. Keys are whole: nothing is put in front of them.
 */
import type { Cancel } from "../base/clock.ts";

/** Lua that runs in Redis as one atomic step. */
export interface LuaScript {
  /** For logs and errors. */
  readonly name: string;
  readonly lua: string;
}

export interface RedisPort {
  /** Keys that one run() may have, 1 or more. */
  readonly keysPerRun: number;

  /**
   * Sends a plain command; those of one event-loop turn arrive in the order of the calls.
   *
   * @throws {PrimError} `unavailable`: it may have been executed, once.
   */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>;

  /** Runs a script; the same order and errors. */
  run(script: LuaScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;

  /** Told when Redis answers again, and may have lost what it was told before. */
  onBack(listener: () => void): Cancel;
}
