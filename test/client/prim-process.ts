/**
 * A prim in a process of its own, on free ports, for tests of the SDK. Who starts one must kill it.
 */
import { PrimProcess as Process } from "../prim-process.ts";

export interface PrimProcess {
  /** ws://host:port/acc */
  readonly webSocketUrl: string;
  readonly httpUrl: string;
  /** @returns when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** @param dataDir "none" keeps messages in memory. */
export async function startPrim(dataDir = "none", ...args: string[]): Promise<PrimProcess> {
  const prim = await Process.start({ dataDir, args: ["--log-level", "warn", ...args] });
  return {
    webSocketUrl: prim.webSocketUrl,
    httpUrl: prim.httpUrl,
    async kill(signal = "SIGKILL") {
      prim.signal(signal);
      await prim.exited;
    },
  };
}
