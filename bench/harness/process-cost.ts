/**
 * What a process costs, from Linux' /proc: CPU time and memory of all its threads.
 */
import { readdirSync, readFileSync } from "node:fs";

export interface MemoryCost {
  /** VmRSS: all pages in memory. */
  readonly rssBytes: number;
  /** RssAnon: without the pages of the Bun binary, which are shared and come in as code runs. */
  readonly anonymousBytes: number;
}

/**
 * CPU time of a process so far. Read from the scheduler's own count in nanoseconds, thread by
 * thread (schedstat), because utime and stime of /proc/PID/stat go in steps of 10 ms, which is a
 * thousand logins. A thread that has ended keeps what it was last seen with.
 */
export class CpuMeter {
  readonly #pid: number;
  readonly #nsByThread = new Map<string, number>();

  constructor(pid: number) {
    this.#pid = pid;
  }

  ms(): number {
    for (const thread of readdirSync(`/proc/${this.#pid}/task`)) {
      try {
        const stat = readFileSync(`/proc/${this.#pid}/task/${thread}/schedstat`, "latin1");
        this.#nsByThread.set(thread, Number(stat.split(" ")[0]));
      } catch {
        // Ended between the listing and the reading; its last figure stays.
      }
    }
    let ns = 0;
    for (const part of this.#nsByThread.values()) ns += part;
    return ns / 1e6;
  }
}

/** So far. */
export interface ThreadCost {
  readonly name: string;
  readonly cpuMs: number;
  /** How often it slept and was woken. */
  readonly wakeUps: number;
}

/** The threads of a process that live, by id. */
export function threadCosts(pid: number): ReadonlyMap<string, ThreadCost> {
  const costs = new Map<string, ThreadCost>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const read = (file: string): string => readFileSync(`/proc/${pid}/task/${thread}/${file}`, "latin1");
    try {
      const cpuMs = Number(read("schedstat").split(" ")[0]) / 1e6;
      const wakeUps = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read("status"))?.[1]);
      costs.set(thread, { name: read("comm").trim(), cpuMs, wakeUps });
    } catch {
      // Ended between the listing and the reading: an idle server's helpers cost little until then.
    }
  }
  return costs;
}

export function memory(pid: number): MemoryCost {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const bytes = (key: string): number => {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status);
    if (match === null) throw new Error(`/proc status lacks a line: "${key}"`);
    return Number(match[1]) * 1_024;
  };
  return { rssBytes: bytes("VmRSS"), anonymousBytes: bytes("RssAnon") };
}

/** Open files, which for a server are mostly its connections. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * Waits until the memory of a process stays within `stepBytes` for `stableMs`.
 *
 * @returns the last reading; `stable: false` if the deadline came first.
 */
export async function settledMemory(
  pid: number,
  { stableMs, deadlineMs, stepBytes }: { stableMs: number; deadlineMs: number; stepBytes: number },
): Promise<MemoryCost & { readonly stable: boolean }> {
  const started = performance.now();
  let anchor = memory(pid);
  let anchoredAt = started;
  while (performance.now() - started < deadlineMs) {
    await Bun.sleep(250);
    const now = memory(pid);
    if (Math.abs(now.rssBytes - anchor.rssBytes) > stepBytes) {
      anchor = now;
      anchoredAt = performance.now();
    } else if (performance.now() - anchoredAt >= stableMs) return { ...now, stable: true };
  }
  return { ...memory(pid), stable: false };
}
