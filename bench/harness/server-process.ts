/**
 * A server under measurement: prim, or the bare server, in a process of its own. Starts it, waits
 * for the line that says where it listens, reads what it costs, and ends it.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Subprocess } from "bun";
import type { BenchContext } from "./bench.ts";
import { CpuMeter } from "./process-cost.ts";
import { RUNTIME_ENV } from "./runtime-env.ts";

const BARE = fileURLToPath(new URL("./bare-server.ts", import.meta.url));
const BARE_RPC = fileURLToPath(new URL("./bare-rpc-server.ts", import.meta.url));
const START_MS_MAX = 20_000;
const PRIM_ENV = {
  ...RUNTIME_ENV,
  PRIM_HOST: "127.0.0.1",
  // Several servers run side by side, so no port may be a fixed one.
  PRIM_RPC_PORT: "0",
  // A session of the echo bench sends more than the default lets anybody send.
  PRIM_FRAMES_PER_SECOND: "1000000",
};
const LISTENING = /listening (.*)\n/;

/** Which of prim's logs: in memory, or SQLite in a directory of its own. */
export type PrimStorage = "memory" | "sqlite";
export type BareMode = "idle" | "member" | "login" | "publish" | "rooms" | "echo" | "answer";

export class ServerProcess {
  /** Where the WebSocket is; empty if there is none. */
  readonly url: string;
  /** Base addresses of HTTP and of RPC; empty if there is none. */
  readonly httpUrl: string;
  readonly rpcUrl: string;
  readonly #child: Subprocess;
  readonly #context: BenchContext;
  readonly #cpu: CpuMeter;

  private constructor(context: BenchContext, child: Subprocess, addresses: Addresses) {
    this.#context = context;
    this.#child = child;
    const { websocket, http, rpc } = addresses;
    this.url = websocket === undefined ? "" : new URL(websocket).href;
    this.httpUrl = http ?? "";
    this.rpcUrl = rpc === undefined ? "" : `http://${rpc}`;
    this.#cpu = new CpuMeter(child.pid);
  }

  static async bare(
    context: BenchContext,
    mode: BareMode,
    frameBytes = 100,
    roomSize = 10,
  ): Promise<ServerProcess> {
    const flags = ["--mode", mode, "--frame-bytes", String(frameBytes), "--room-size", String(roomSize)];
    return await ServerProcess.#start(context, [process.execPath, BARE, ...flags]);
  }

  /** The handler of PushService.QueryUsersOnline on Bun.serve and on node:http2, without prim. */
  static async bareRpc(context: BenchContext): Promise<ServerProcess> {
    return await ServerProcess.#start(context, [process.execPath, BARE_RPC]);
  }

  /** @param env what this prim is told beside what every prim of a bench is. */
  static async prim(
    context: BenchContext,
    storage: PrimStorage,
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<ServerProcess> {
    const dataDir = storage === "memory" ? "none" : mkdtempSync(join(context.tempDir, "prim-"));
    const ports = ["--http-port", "0", "--websocket-port", "0"];
    const flags = [...ports, "--data-dir", dataDir, "--log-level", "warn"];
    return await ServerProcess.#start(context, [...context.primCommand, ...flags], env);
  }

  get pid(): number {
    return this.#child.pid;
  }

  cpuMs(): number {
    return this.#cpu.ms();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.children.end(this.#child);
  }

  static async #start(
    context: BenchContext,
    command: string[],
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<ServerProcess> {
    const child = context.children.spawn(command, {
      cwd: context.root,
      env: { ...process.env, ...PRIM_ENV, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    try {
      return new ServerProcess(context, child, await listeningAddresses(child, command));
    } catch (error) {
      await context.children.end(child);
      throw error;
    }
  }
}

/** What the line says: `listening websocket=ws://... http=http://... rpc=host:port`. */
interface Addresses {
  readonly websocket?: string;
  readonly http?: string;
  readonly rpc?: string;
}

/** Reads stdout up to the line that says where it listens, and throws the rest away. */
async function listeningAddresses(child: Subprocess, command: string[]): Promise<Addresses> {
  const found = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => found.reject(new Error(`Server does not listen after ${START_MS_MAX} ms: "${command.join(" ")}"`)),
    START_MS_MAX,
  );
  const read = async (): Promise<void> => {
    let text = "";
    for await (const chunk of child.stdout as ReadableStream<Uint8Array>) {
      if (text.length > 64 * 1024) continue;
      text += Buffer.from(chunk).toString();
      const match = LISTENING.exec(text);
      if (match?.[1] !== undefined) found.resolve(match[1]);
    }
    found.reject(new Error(`Server has ended before it listened: "${command.join(" ")}"`));
  };
  read().catch(found.reject);
  try {
    const line = (await found.promise).replaceAll(/\b(?:0\.0\.0\.0|localhost)(?=:)/g, "127.0.0.1");
    return Object.fromEntries(line.split(" ").map((part) => part.split("=", 2)));
  } finally {
    clearTimeout(timer);
  }
}
