/**
 * A prim process for the page's tests: started on a free port with a data directory of its own, killed without
 * mercy, and started again in the same place.
 */
import { rmSync } from "node:fs";
import { PrimProcess, temporaryFolder } from "../prim-process.ts";

export class PrimServer {
  readonly dataDir = temporaryFolder();
  #process: PrimProcess | undefined;
  #port = "0";

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resolves when it listens; after the first time on the same port again. */
  async start(): Promise<void> {
    const args = ["--http-port", this.#port, "--log-level", "error"];
    this.#process = await PrimProcess.start({ dataDir: this.dataDir, args });
    this.#port = new URL(this.#process.httpUrl).port;
  }

  /** As a crash would: nothing is said goodbye to. */
  async kill(): Promise<void> {
    await this.#process?.kill9();
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
