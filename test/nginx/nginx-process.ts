/**
 * A real nginx with the configuration that is shipped, in front of real prims. Only what belongs to a machine is
 * replaced: ports, the nodes' addresses, and where logs, the pid, certificates and temporary files lie.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { eventually, within } from "../deadline.ts";
import { temporaryFolder } from "../prim-process.ts";

const ROOT = join(import.meta.dir, "../..");
const HOST = "127.0.0.1";
/** Ports that the shipped files listen on. */
const LISTEN = /^(\s*listen )(?:\[::\]:)?(80|443|9090)( .*)?;$/gm;
const IPV6_LISTEN = /^\s*listen \[::\]:.*$/gm;
const SERVER = /^(\s*server )\S+:(8089|8080|9001)\b(.*);$/;

const ATTEMPTS_MAX = 3;

/** Where a node listens, as `host:port`. */
export interface Node {
  readonly webSocketUrl: string;
  readonly httpUrl: string;
  readonly rpcAddress: string;
}

export interface NginxOptions {
  readonly nginx: string;
  readonly main?: "nginx.conf" | "nginx-tls.conf";
  /** Takes the place of nginx/prim/upstreams.conf; a path in the repository. */
  readonly upstreams?: string;
  readonly nodes: readonly Node[];
  /** PEM files, for nginx-tls.conf. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Texts to replace in all files, each of which must be there: shorter times, for example. */
  readonly replace?: Readonly<Record<string, string>>;
}

const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

export class NginxProcess implements AsyncDisposable {
  readonly #folder: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #child: Bun.Subprocess;

  private constructor(folder: string, ports: ReadonlyMap<string, number>, child: Bun.Subprocess) {
    this.#folder = folder;
    this.#ports = ports;
    this.#child = child;
  }

  /** Starts nginx and waits until it listens. */
  static async start(options: NginxOptions): Promise<NginxProcess> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await NginxProcess.#startOnce(options);
      } catch (error) {
        // Somebody took a port between its choice and its use.
        if (attempt === ATTEMPTS_MAX || !String(error).includes("Address already in use")) throw error;
      }
    }
  }

  static async #startOnce(options: NginxOptions): Promise<NginxProcess> {
    const ports = await freePorts("80", "443", "9090");
    const folder = render(options, ports);
    const child = Bun.spawn([options.nginx, ...nginxArgs(folder, options.main)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(join(folder, "stderr.log")),
    });
    running.add(child);
    void child.exited.then(() => running.delete(child));
    const process = new NginxProcess(folder, ports, child);
    try {
      const first = ports.get("80") ?? 0;
      await eventually(
        () => child.exitCode !== null || accepts(first),
        (isSo) => isSo,
        "nginx to listen",
      );
      if (child.exitCode !== null) throw new Error(`nginx ended: ${process.errorLog()}`);
      return process;
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `127.0.0.1:port` of a port that the shipped files name. */
  at(port: "80" | "443" | "9090"): string {
    return `${HOST}:${this.#ports.get(port)}`;
  }

  errorLog(): string {
    return ["stderr.log", "error.log"].map((name) => readIfThere(join(this.#folder, name))).join("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    try {
      await within(this.#child.exited, "nginx to stop");
    } finally {
      this.#child.kill("SIGKILL");
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}

/** Writes the configuration to a folder of its own. @returns the folder. */
export function render(options: NginxOptions, ports: ReadonlyMap<string, number>): string {
  const folder = temporaryFolder();
  cpSync(join(ROOT, "nginx"), folder, { recursive: true });
  if (options.upstreams !== undefined) {
    cpSync(join(ROOT, options.upstreams), join(folder, "prim/upstreams.conf"));
  }
  const replace = Object.entries(options.replace ?? {});
  const unused = new Set(replace.map(([from]) => from));
  for (const path of [options.main ?? "nginx.conf", ...confFiles(folder)]) {
    let text = readFileSync(join(folder, path), "utf8");
    for (const [from, to] of replace) {
      if (text.includes(from)) unused.delete(from);
      text = text.replaceAll(from, to);
    }
    writeFileSync(join(folder, path), ofThisMachine(text, folder, options, ports));
  }
  if (unused.size > 0) throw new Error(`Not in the configuration: ${[...unused].join(", ")}`);
  return folder;
}

/** Arguments that make nginx run in the foreground with a rendered configuration, or (`-t`) check it. */
export function nginxArgs(folder: string, main = "nginx.conf", ...more: string[]): string[] {
  // Started by root, nginx would run its workers as somebody who can't enter the folder.
  const user = process.getuid?.() === 0 ? " user root;" : "";
  return [
    "-p",
    folder,
    "-c",
    join(folder, main),
    "-e",
    join(folder, "stderr.log"),
    "-g",
    `daemon off;${user}`,
    ...more,
  ];
}

/** Ports that nobody listens on now. */
export async function freePorts(...names: string[]): Promise<ReadonlyMap<string, number>> {
  const servers = names.map(() => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, HOST, resolve))));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return new Map(names.map((name, index) => [name, ports[index] ?? 0]));
}

function ofThisMachine(
  text: string,
  folder: string,
  { nodes, certificate }: NginxOptions,
  ports: ReadonlyMap<string, number>,
): string {
  const temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  return withNodes(text, nodes)
    .replace(IPV6_LISTEN, "")
    .replace(LISTEN, (_, listen, port, more = "") => `${listen}${HOST}:${ports.get(port)}${more};`)
    .replaceAll("/var/log/nginx/", `${folder}/`)
    .replaceAll("/run/nginx.pid", `${folder}/nginx.pid`)
    .replaceAll("/etc/nginx/tls/fullchain.pem", certificate?.cert ?? "/etc/nginx/tls/fullchain.pem")
    .replaceAll("/etc/nginx/tls/privkey.pem", certificate?.key ?? "/etc/nginx/tls/privkey.pem")
    .replace(/^http \{/m, `http { ${temporary}`);
}

/** Puts the nodes in the place of an upstream's servers; servers without a node go. */
function withNodes(text: string, nodes: readonly Node[]): string {
  let index = 0;
  const lines = text.split("\n").map((line) => {
    if (line.startsWith("upstream ")) index = 0;
    const [, server, port = "", more] = SERVER.exec(line) ?? [];
    if (server === undefined) return line;
    const node = nodes[index];
    index += 1;
    return node === undefined ? "" : `${server}${addressOf(node, port)}${more};`;
  });
  return lines.join("\n");
}

function addressOf(node: Node, port: string): string {
  if (port === "9001") return node.rpcAddress;
  return new URL(port === "8089" ? node.webSocketUrl : node.httpUrl).host;
}

function confFiles(folder: string): string[] {
  return readdirSync(join(folder, "prim")).map((name) => join("prim", name));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // Nothing was written yet.
  }
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: HOST, port }, () => resolve(true));
  socket.on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
