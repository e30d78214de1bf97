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

const BARE = fileURLToPath(new URL("./bare-server.ts", import.meta.url));
const START_MS_MAX = 20_000;
const PRIM_ENV = {
  PRIM_HOST: "127.0.0.1",
  // Several servers run side by side, so no port may be a fixed one.
  PRIM_RPC_PORT: "0",
  // A session of the echo bench sends more than the default lets anybody send.
  PRIM_FRAMES_PER_SECOND: "1000000",
};
const LISTENING = /websocket=(\S+)/;

/** Which of prim's logs: in memory, or SQLite in a directory of its own. */
export type PrimStorage = "memory" | "sqlite";
export type BareMode = "idle" | "member" | "login" | "publish" | "echo" | "answer";

export class ServerProcess {
  readonly url: string;
  readonly #child: Subprocess;
  readonly #context: BenchContext;
  readonly #cpu: CpuMeter;

  private constructor(context: BenchContext, child: Subprocess, url: string) {
    this.#context = context;
    this.#child = child;
    this.url = url;
    this.#cpu = new CpuMeter(child.pid);
  }

  static async bare(context: BenchContext, mode: BareMode, frameBytes = 100): Promise<ServerProcess> {
    const flags = ["--mode", mode, "--frame-bytes", String(frameBytes)];
    return await ServerProcess.#start(context, ["bun", BARE, ...flags]);
  }

  static async prim(context: BenchContext, storage: PrimStorage): Promise<ServerProcess> {
    const dataDir = storage === "memory" ? "none" : mkdtempSync(join(context.tempDir, "prim-"));
    const ports = ["--http-port", "0", "--websocket-port", "0"];
    const flags = [...ports, "--data-dir", dataDir, "--log-level", "warn"];
    return await ServerProcess.#start(context, [...context.primCommand, ...flags]);
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

  static async #start(context: BenchContext, command: string[]): Promise<ServerProcess> {
    const child = context.children.spawn(command, {
      cwd: context.root,
      env: { ...process.env, ...PRIM_ENV },
      stdio: ["pipe", "pipe", "inherit"],
    });
    try {
      const url = await listeningUrl(child, command);
      return new ServerProcess(context, child, url);
    } catch (error) {
      await context.children.end(child);
      throw error;
    }
  }
}

/** Reads stdout up to the line that says where it listens, and throws the rest away. */
async function listeningUrl(child: Subprocess, command: string[]): Promise<string> {
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
      if (match?.[1] !== undefined && text.includes("\n", match.index)) found.resolve(match[1]);
    }
    found.reject(new Error(`Server has ended before it listened: "${command.join(" ")}"`));
  };
  read().catch(found.reject);
  try {
    const url = new URL(await found.promise);
    if (url.hostname === "0.0.0.0" || url.hostname === "localhost") url.hostname = "127.0.0.1";
    return url.href;
  } finally {
    clearTimeout(timer);
  }
}
