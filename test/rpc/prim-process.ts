/**
 * A running prim for tests: the real process on free ports, in memory.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { PrimProcess as Process } from "../prim-process.ts";

/** How long a test waits for something that takes milliseconds. */
export const SOON_MS = 8_000;

export type PrimProcess = Pick<
  Process,
  "pid" | "webSocketUrl" | "httpUrl" | "rpcAddress" | "exited" | "stop"
> &
  AsyncDisposable;

export async function startPrim(...flags: string[]): Promise<PrimProcess> {
  const prim = await Process.start({ dataDir: "none", args: ["--log-level", "error", ...flags] });
  return Object.assign(prim, { [Symbol.asyncDispose]: async () => void (await prim.stop()) });
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
