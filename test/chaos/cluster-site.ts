/**
 * ClusterSite: a whole installation on this machine: Redis that keeps everything, nodes of prim, nginx in front. Between a node and
 * Redis, and before each node's RPC port, stands a proxy that can misbehave.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LinkProxy } from "../cluster/link-proxy.ts";
import { freePorts, NginxProcess } from "../nginx/nginx-process.ts";
import { PrimProcess } from "../prim-process.ts";
import { RedisServer } from "../redis/redis-server.ts";

const PREFIX = "site:";

export interface ClusterSiteOptions {
  /** Path of the binary; without it there is no nginx and clients go to the nodes. */
  readonly nginx?: string | undefined;
  readonly nodes: number;
  readonly leaseSeconds: number;
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
  #ports: ReadonlyMap<string, number> = new Map();
  #flags: readonly string[] = [];

  constructor(name: string, redisPort: number, args: readonly string[]) {
    this.name = name;
    this.#redisPort = redisPort;
    this.#args = args;
  }

  get prim(): PrimProcess {
    const prim = this.lives.at(-1);
    if (prim === undefined) throw new Error(`Not started: ${this.name}`);
    return prim;
  }

  async start(): Promise<void> {
    if (this.#flags.length === 0) {
      this.#ports = await freePorts("http", "websocket", "rpc");
      const advertise = await this.link.open(this.#port("rpc"));
      const redis = await this.redisLink.open(this.#redisPort);
      this.#flags = [
        ...["--http-port", String(this.#port("http")), "--websocket-port", String(this.#port("websocket"))],
        ...["--rpc-port", String(this.#port("rpc")), "--cluster-advertise", advertise],
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

  #port(name: string): number {
    return this.#ports.get(name) ?? 0;
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
    // What Redis has answered survives its being killed.
    const redis = await RedisServer.start({ config: ["appendonly yes", "appendfsync always"] });
    const args = ["--cluster-lease-seconds", String(options.leaseSeconds), ...(options.args ?? [])];
    const nodes = Array.from(
      { length: options.nodes },
      (_, index) => new SiteNode(`node-${index + 1}`, redis.port, args),
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
