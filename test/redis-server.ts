/**
 * Real Redis servers for tests, each in a process and folder of its own, on a port that was free.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { eventually, within } from "./deadline.ts";

const HOST = "127.0.0.1";
const SLOTS = 16_384;
/** Somebody may take the port between asking for it and listening on it. */
const STARTS_MAX = 5;

const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface RedisServerOptions {
  /** Of the binary. */
  readonly path: string;
  /** Beside those that give it a port and keep it from writing to disk. */
  readonly args?: readonly string[];
}

export class RedisServer {
  readonly host = HOST;
  readonly port: number;
  readonly exited: Promise<number>;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  /** Starts a server and waits until it takes connections. */
  static async start(options: RedisServerOptions): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), "prim-redis-"));
      const server = new RedisServer(options, await freePort(), folder);
      const output = await server.#untilReady();
      if (output === undefined) return server;
      await server.stop();
      const portTaken = output.includes("Address already in use");
      if (!portTaken || attempt === STARTS_MAX) throw new Error(`Redis did not start: ${output}`);
    }
  }

  private constructor({ path, args = [] }: RedisServerOptions, port: number, folder: string) {
    this.port = port;
    const own = ["--bind", HOST, "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "no"];
    this.#child = Bun.spawn([path, ...own, ...args], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    running.add(this.#child);
    this.exited = this.#child.exited.then((exitCode) => {
      running.delete(this.#child);
      rmSync(folder, { recursive: true, force: true });
      return exitCode;
    });
  }

  /** SIGSTOP halts it as a machine that hangs does, SIGCONT lets it go on. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Kills it. Repeating it is safe. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await within(this.exited, "Redis to exit");
  }

  /** Resolves with undefined when it takes connections, or with what it printed when it has ended instead. */
  async #untilReady(): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const read = async () => {
      let output = "";
      const decoder = new TextDecoder();
      for await (const chunk of this.#child.stdout) {
        output = (output + decoder.decode(chunk)).slice(-10_000);
        if (output.includes("Ready to accept connections")) resolve(undefined);
      }
      resolve(output);
    };
    void read();
    return within(promise, "Redis to start");
  }
}

/** A Redis Cluster of masters only, with the slots shared out among them. */
export class RedisClusterServers {
  readonly servers: readonly RedisServer[];

  static async start(path: string, masters = 3): Promise<RedisClusterServers> {
    const args = ["--cluster-enabled", "yes", "--cluster-port"];
    const nodes = await Promise.all(
      Array.from({ length: masters }, async () => {
        const busPort = String(await freePort());
        return { busPort, server: await RedisServer.start({ path, args: [...args, busPort] }) };
      }),
    );
    const clients = nodes.map(({ server }) => new Redis(server.port, server.host));
    try {
      const [first] = nodes;
      for (const [index, client] of clients.entries()) {
        const from = Math.floor((index * SLOTS) / masters);
        const to = Math.floor(((index + 1) * SLOTS) / masters) - 1;
        await client.call("CLUSTER", "ADDSLOTSRANGE", from, to);
        await client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
        if (first !== undefined) await client.call("CLUSTER", "MEET", HOST, first.server.port, first.busPort);
      }
      for (const client of clients) {
        await eventually(
          async () => String(await client.call("CLUSTER", "INFO")),
          (info) => info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${masters}`),
          "the cluster to be formed",
        );
      }
    } finally {
      for (const client of clients) client.disconnect();
    }
    return new RedisClusterServers(nodes.map(({ server }) => server));
  }

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("The machine gives no port");
  return address.port;
}
