/**
 * ClusterSite: a whole installation on this machine: Redis that keeps everything, nodes of prim, nginx in front. Between a node and
 * Redis, and before each node's RPC port, stands a proxy that can misbehave.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LinkProxy } from "../cluster/link-proxy.ts";
import { NginxProcess } from "../nginx/nginx-process.ts";
import { PrimProcess } from "../prim-process.ts";
import { freePort, RedisServer } from "../redis/redis-server.ts";

const PREFIX = "site:";

export interface ClusterSiteOptions {
  /** Path of the binary; without it there is no nginx and clients go to the nodes. */
  readonly nginx?: string | undefined;
  readonly nodes: number;
  readonly leaseSeconds: number;
  /** How often Redis makes sure that the disk has it; default always: what it has answered survives its being killed. */
  readonly appendFsync?: "always" | "everysec";
  /** False: nodes reach each other and Redis without a proxy between, which takes time. Default true. */
  readonly proxied?: boolean;
  /** More flags of each node. */
  readonly args?: readonly string[];
}

/** A node and its place: what is killed comes back at the same addresses. */
export class SiteNode {
  /** Before the RPC port, at the address that other nodes are told. */
  readonly link = new LinkProxy();
  /** Between the node and Redis. */
  readonly redisLink = new LinkProxy();
  readonly name: string;
  /** All processes that this place has had, the present one last. */
  readonly lives: PrimProcess[] = [];
  readonly #args: readonly string[];
  readonly #redisPort: number;
  readonly #proxied: boolean;
  #flags: readonly string[] = [];

  constructor(name: string, redisPort: number, args: readonly string[], proxied = true) {
    this.name = name;
    this.#redisPort = redisPort;
    this.#proxied = proxied;
    this.#args = args;
  }

  get prim(): PrimProcess {
    const prim = this.lives.at(-1);
    if (prim === undefined) throw new Error(`Not started: ${this.name}`);
    return prim;
  }

  async start(): Promise<void> {
    if (this.#flags.length === 0) {
      // Nobody else may be given them while the node is down.
      const [httpPort, webSocketPort, rpcPort] = [await freePort(), await freePort(), await freePort()];
      const direct = (port: number) => `127.0.0.1:${port}`;
      const advertise = this.#proxied ? await this.link.open(rpcPort) : direct(rpcPort);
      const redis = this.#proxied ? await this.redisLink.open(this.#redisPort) : direct(this.#redisPort);
      this.#flags = [
        ...["--http-port", String(httpPort), "--websocket-port", String(webSocketPort)],
        ...["--rpc-port", String(rpcPort), "--cluster-advertise", advertise],
        ...["--redis-url", `redis://${redis}`, "--redis-key-prefix", PREFIX, ...this.#args],
      ];
    }
    this.lives.push(await PrimProcess.start({ dataDir: "none", args: this.#flags }));
  }

  async stop(): Promise<void> {
    const prim = this.lives.at(-1);
    prim?.signal("SIGCONT");
    await prim?.stop();
    this.link.close();
    this.redisLink.close();
  }
}

export class ClusterSite implements AsyncDisposable {
  readonly nodes: readonly SiteNode[];
  readonly redis: RedisServer;
  #nginx: NginxProcess | undefined;

  private constructor(redis: RedisServer, nodes: readonly SiteNode[]) {
    this.redis = redis;
    this.nodes = nodes;
  }

  static async start(options: ClusterSiteOptions): Promise<ClusterSite> {
    const { appendFsync = "always" } = options;
    const redis = await RedisServer.start({ config: ["appendonly yes", `appendfsync ${appendFsync}`] });
    const args = ["--cluster-lease-seconds", String(options.leaseSeconds), ...(options.args ?? [])];
    const nodes = Array.from(
      { length: options.nodes },
      (_, index) => new SiteNode(`node-${index + 1}`, redis.port, args, options.proxied),
    );
    const site = new ClusterSite(redis, nodes);
    try {
      await Promise.all(nodes.map((node) => node.start()));
      if (options.nginx !== undefined) site.#nginx = await startNginx(options.nginx, nodes);
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where a client connects: nginx, or one node after the other. */
  webSocketUrl(index: number): string {
    if (this.#nginx !== undefined) return `ws://${this.#nginx.at("80")}/acc`;
    return this.nodes[index % this.nodes.length]?.prim.webSocketUrl ?? "";
  }

  /** Writes what every process has logged to a folder. */
  keepLogs(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const { name, lives } of this.nodes) {
      for (const [life, { stderr }] of lives.entries()) {
        writeFileSync(join(folder, `${name}-${life + 1}.log`), `${stderr.join("\n")}\n`);
      }
    }
    writeFileSync(join(folder, "redis.log"), this.redis.log);
    if (this.#nginx !== undefined) writeFileSync(join(folder, "nginx.log"), this.#nginx.errorLog());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.signal("SIGCONT");
    await this.#nginx?.[Symbol.asyncDispose]();
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.redis.stop();
  }
}

function startNginx(nginx: string, nodes: readonly SiteNode[]): Promise<NginxProcess> {
  return NginxProcess.start({
    nginx,
    upstreams: "nginx/prim/upstreams-many.conf",
    nodes: nodes.map(({ prim }) => prim),
    // All members come from one address.
    replace: { "limit_conn prim_address 200;": "limit_conn prim_address 20000;" },
  });
}
