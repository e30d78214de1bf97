/**
 * A prim in a process of its own, on free ports, for tests of the SDK. Who starts one must kill it.
 */
import { join } from "node:path";
import { ROOT } from "../../scripts/command.ts";

const START_MS_MAX = 15_000;

export interface PrimProcess {
  /** ws://host:port/acc */
  readonly webSocketUrl: string;
  readonly httpUrl: string;
  /** @returns when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** @param dataDir "none" keeps messages in memory. */
export async function startPrim(dataDir = "none", ...args: string[]): Promise<PrimProcess> {
  const ports = ["--http-port", "0", "--websocket-port", "0", "--rpc-port", "0", "--host", "127.0.0.1"];
  const child = Bun.spawn(
    [
      process.execPath,
      join(ROOT, "src/main.ts"),
      ...ports,
      "--data-dir",
      dataDir,
      "--log-level",
      "warn",
      ...args,
    ],
    { stdout: "pipe", stderr: "pipe", env: { PATH: process.env["PATH"] } },
  );
  let said = "";
  const found = Promise.withResolvers<RegExpExecArray>();
  const watch = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      // All of it is read, so that the process never waits for its reader; little of it is kept.
      said = (said + decoder.decode(bytes, { stream: true })).slice(-4_000);
      const match = /listening websocket=(\S+) http=(\S+)/.exec(said);
      if (match !== null) found.resolve(match);
    }
  };
  void watch(child.stdout);
  void watch(child.stderr);
  const failed = (why: string) => found.reject(new Error(`prim does not start: ${why}: ${said}`));
  void child.exited.then((code) => failed(`it exited with ${code}`));
  const timer = setTimeout(() => failed("it takes too long"), START_MS_MAX);
  try {
    const [, webSocketUrl = "", httpUrl = ""] = await found.promise;
    return { webSocketUrl, httpUrl, kill: (signal = "SIGKILL") => end(child, signal) };
  } catch (error) {
    await end(child, "SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: Bun.Subprocess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await child.exited;
}
