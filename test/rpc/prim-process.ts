/**
 * A running prim for tests: the real process on free ports, in memory.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** How long a test waits for something that takes milliseconds. */
export const SOON_MS = 8_000;

export interface PrimProcess extends AsyncDisposable {
  readonly pid: number;
  /** `ws://host:port/acc`. */
  readonly webSocketUrl: string;
  /** `http://host:port`: Connect and gRPC-Web. */
  readonly httpUrl: string;
  /** `host:port`: gRPC. */
  readonly rpcAddress: string;
  readonly exited: Promise<number>;
  /** Sends SIGTERM; resolves with the exit code. */
  stop(): Promise<number>;
}

const LISTENING = /websocket=(\S+) http=(\S+) rpc=(\S+)\n/;

export async function startPrim(...flags: string[]): Promise<PrimProcess> {
  const ports = ["--http-port", "0", "--websocket-port", "0", "--rpc-port", "0"];
  const more = ["--host", "127.0.0.1", "--data-dir", "none", "--log-level", "error"];
  const command = [process.execPath, "src/main.ts", ...ports, ...more, ...flags];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  const killer = setTimeout(() => child.kill("SIGKILL"), SOON_MS * 2);
  let said = "";
  for await (const chunk of child.stdout) {
    said += Buffer.from(chunk).toString();
    if (LISTENING.test(said)) break;
  }
  clearTimeout(killer);
  const [, webSocketUrl = "", httpUrl = "", rpcAddress = ""] = LISTENING.exec(said) ?? [];
  if (rpcAddress === "") throw new Error(`prim has not started: ${said}`);
  const stop = () => {
    child.kill("SIGTERM");
    return child.exited;
  };
  return {
    pid: child.pid,
    webSocketUrl,
    httpUrl,
    rpcAddress,
    exited: child.exited,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(command: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe", timeout: SOON_MS * 3 });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Waits until `condition` holds; fails after SOON_MS. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + SOON_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`Still not so after ${SOON_MS} ms: ${condition}`);
    await sleep(5);
  }
}
