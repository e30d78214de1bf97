/**
 * A prim process for the page's tests: started on a free port with a data directory of its own, killed without
 * mercy, and started again in the same place.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/command.ts";

const START_MS_MAX = 15_000;

export class PrimServer {
  readonly #dataDir = mkdtempSync(join(tmpdir(), "prim-page-"));
  #process: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
  #port = 0;

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resolves when it listens; after the first time on the same port again. */
  async start(): Promise<void> {
    const settings = {
      "--host": "127.0.0.1",
      "--http-port": this.#port,
      "--websocket-port": 0,
      "--rpc-port": 0,
      "--data-dir": this.#dataDir,
      "--log-level": "error",
    };
    const process_ = Bun.spawn(
      [process.execPath, "src/main.ts", ...Object.entries(settings).flat().map(String)],
      {
        cwd: ROOT,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    this.#process = process_;
    const deadline = setTimeout(() => process_.kill("SIGKILL"), START_MS_MAX);
    this.#port = await portOf(process_.stdout);
    clearTimeout(deadline);
  }

  /** As a crash would: nothing is said goodbye to. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

/** Reads until the process says where it listens; goes on emptying the pipe afterwards. */
async function portOf(stdout: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stdout.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`prim has not started: ${text}`);
    text += decoder.decode(value, { stream: true });
    const port = /http=http:\/\/[^:\s]+:(\d+)\s/.exec(text)?.[1];
    if (port === undefined) continue;
    void drain(reader);
    return Number(port);
  }
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
