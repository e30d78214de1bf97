/**
 * ProcessMonitor: what this process costs, and how late its event loop is.
 */
import { availableParallelism } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Cancel, Clock } from "../base/clock.ts";
import type { ProcessState } from "../core/node-state.ts";

/** Each sample wakes the process, and an idle node is to cost nothing: a machine may hold many. */
const RESOLUTION_MS = 100;
/** The lag reported is that of the last full period. */
const PERIOD_MS = 10_000;
const NS_PER_MS = 1e6;

export class ProcessMonitor {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #cancel: Cancel;
  #lastPeriod: ProcessState["eventLoopLagMs"] | undefined;

  constructor(clock: Clock) {
    this.#delay.enable();
    this.#cancel = clock.every(PERIOD_MS, () => {
      this.#lastPeriod = this.#lag();
      this.#delay.reset();
    });
  }

  stop(): void {
    this.#cancel();
    this.#delay.disable();
  }

  measure(): ProcessState {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      cpuCount: availableParallelism(),
      cpuSeconds: (user + system) / 1e6,
      memory: { rssBytes: rss, heapUsedBytes: heapUsed },
      eventLoopLagMs: this.#lastPeriod ?? this.#lag(),
    };
  }

  #lag(): ProcessState["eventLoopLagMs"] {
    const ms = (nanoseconds: number) => Math.round((nanoseconds / NS_PER_MS) * 1_000) / 1_000;
    const { max } = this.#delay;
    // Before the first sample there is no maximum but a smallest number.
    return {
      p50: ms(this.#delay.percentile(50)),
      p99: ms(this.#delay.percentile(99)),
      max: Math.max(0, ms(max)),
    };
  }
}
