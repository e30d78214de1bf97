/**
 * What the machine and the processes of a flood take, from Linux' /proc: memory, kernel slab,
 * sockets, CPU.
 */
import { readFileSync } from "node:fs";
import { memory } from "../harness/process-cost.ts";

/** Clock ticks a second in /proc/PID/stat: USER_HZ, 100 on every Linux that Bun runs on. */
const TICK_MS = 10;
const SHARE_MS_MIN = 500;

export interface MachineSample {
  /** MemTotal - MemAvailable. */
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** Kernel objects, sockets among them; the reclaimable part is mostly file names. */
  readonly slabBytes: number;
  readonly slabReclaimableBytes: number;
  /** TCP sockets of all kinds, and those that only wait for their ports to be free. */
  readonly tcpSockets: number;
  readonly timeWaitSockets: number;
  readonly tcpBufferBytes: number;
}

export function sampleMachine(): MachineSample {
  const meminfo = readFileSync("/proc/meminfo", "latin1");
  const bytes = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(meminfo)?.[1] ?? 0) * 1_024;
  const tcp = /^TCP: (.*)$/m.exec(readFileSync("/proc/net/sockstat", "latin1"))?.[1] ?? "";
  const socket = (key: string): number => Number(new RegExp(`\\b${key} (\\d+)`).exec(tcp)?.[1] ?? 0);
  return {
    usedBytes: bytes("MemTotal") - bytes("MemAvailable"),
    totalBytes: bytes("MemTotal"),
    slabBytes: bytes("Slab"),
    slabReclaimableBytes: bytes("SReclaimable"),
    tcpSockets: socket("alloc"),
    timeWaitSockets: socket("tw"),
    tcpBufferBytes: socket("mem") * 4_096,
  };
}

export interface ProcessSample {
  readonly pid: number;
  readonly rssBytes: number;
  /** Share of a core since the last sample: 1 is a whole one. */
  readonly coreShare: number;
  /** Since the process began. */
  readonly cpuMs: number;
}

/** Samples processes again and again; one that has ended is left out. */
export class ProcessSampler {
  readonly #last = new Map<number, { cpuMs: number; atMs: number; coreShare: number }>();

  sample(pids: readonly number[]): ProcessSample[] {
    const atMs = performance.now();
    return pids.flatMap((pid) => {
      try {
        const cpuMs = cpuOf(pid);
        const before = this.#last.get(pid) ?? { cpuMs, atMs: 0, coreShare: 0 };
        const elapsedMs = atMs - before.atMs;
        // A few ticks of the clock are no measure of a share.
        const coreShare = elapsedMs < SHARE_MS_MIN ? before.coreShare : (cpuMs - before.cpuMs) / elapsedMs;
        if (elapsedMs >= SHARE_MS_MIN) this.#last.set(pid, { cpuMs, atMs, coreShare });
        return [{ pid, rssBytes: memory(pid).rssBytes, coreShare, cpuMs }];
      } catch {
        return []; // Ended: whoever waits for it hears of that elsewhere.
      }
    });
  }
}

function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // Behind the name in brackets, which may hold anything: utime and stime are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
