/**
 * RedisServer: a real redis-server on a free port, in a folder of its own, for the tests that need one.
 */
import { afterAll } from "bun:test";
import { randomInt } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { within } from "../deadline.ts";
import { partPath } from "../parts.ts";
import { temporaryFolder } from "../prim-process.ts";

const PORT_MIN = 10_000;
const PORT_MAX = 32_000;
const MEMORY_MAX = "256mb";
const running = new Set<RedisServer>();
// Whatever a test did not come to stop.
process.on("exit", () => {
  for (const server of running) server.kill();
});

export interface RedisServerOptions {
  /** More lines of redis.conf. */
  readonly config?: readonly string[];
  readonly sentinel?: boolean;
  /** Shown by the tests' own connection. */
  readonly password?: string;
  readonly port?: number;
}

export class RedisServer {
  readonly port: number;
  readonly folder = temporaryFolder();
  readonly #options: RedisServerOptions;
  #child: Bun.Subprocess<"ignore", "ignore", "ignore"> | undefined;
  #admin: Redis | undefined;

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.#options = options;
    const lines = [`port ${port}`, "bind 127.0.0.1", `dir "${this.folder}"`, `logfile "${this.#log}"`];
    if (options.sentinel !== true)
      lines.push('save ""', `maxmemory ${MEMORY_MAX}`, "enable-debug-command local");
    writeFileSync(this.#configFile, [...lines, ...(options.config ?? []), ""].join("\n"));
  }

  /** Starts it and waits until it answers. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options.port ?? (await freePort()), options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** A connection of the test's own, for looking and for disturbing. */
  get admin(): Redis {
    this.#admin ??= new Redis({
      port: this.port,
      host: "127.0.0.1",
      lazyConnect: true,
      maxRetriesPerRequest: null,
      retryStrategy: () => 20,
      ...(this.#options.password === undefined ? {} : { password: this.#options.password }),
    }).on("error", () => {}); // Refused while the server is down: it tries again.
    return this.#admin;
  }

  get log(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** For after a stop or kill: on the same port, with what its folder has. */
  async restart(): Promise<void> {
    const path = partPath("redis-server") ?? "redis-server";
    const args = this.#options.sentinel === true ? ["--sentinel"] : [];
    this.#child = Bun.spawn([path, this.#configFile, ...args], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    running.add(this);
    await within(this.admin.ping(), () => `redis-server to answer:\n${this.log}`);
  }

  /** As when its machine lost power, but for what the disk had not. */
  async kill9(): Promise<void> {
    this.kill();
    await this.#child?.exited;
  }

  kill(): void {
    this.signal("SIGKILL");
  }

  /** SIGSTOP halts it as if its machine hung: connections stay, calls wait. SIGCONT lets it go on with them. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** In order: what it keeps is on disk. */
  async shutDown(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await within(this.#child?.exited ?? Promise.resolve(0), "redis-server to end");
  }

  /** For good. */
  async stop(): Promise<void> {
    this.#admin?.disconnect();
    await this.kill9();
    running.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #configFile(): string {
    return join(this.folder, "redis.conf");
  }

  get #log(): string {
    return join(this.folder, "redis.log");
  }
}

/** One server for all tests of a file, started by the first that asks. */
export function sharedRedisServer(options: RedisServerOptions = {}): () => Promise<RedisServer> {
  let server: Promise<RedisServer> | undefined;
  afterAll(async () => {
    await (await server)?.stop();
  });
  return () => {
    server ??= RedisServer.start(options);
    return server;
  };
}

/**
 * Redis can't be told to choose one. Free at this moment, and below those that the system gives to who asks for any:
 * nobody gets it before Redis has it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}
