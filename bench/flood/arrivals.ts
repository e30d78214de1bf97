/**
 * Who is to connect when: at a set rate however long each takes, with a bound on how many are at it
 * at the same time, and another try for who failed. Latency counts from when a connection was
 * due, so a server that falls behind can't slow down what it is measured by.
 */
import { PHASE } from "./phase.ts";
import type { Swarm } from "./swarm.ts";
import { Wheel } from "./wheel.ts";

/** Unfinished connections of one process, and of all: the kernel's queues for them are a few thousand. */
const UNDER_WAY_MAX = 200;
const UNDER_WAY_MIN = 16;
const UNDER_WAY_OF_ALL_MAX = 2_000;
const TRIES_MAX = 5;
const RETRY_MS = 1_000;
/** From being due to being ready; who needs longer is given up. */
const ARRIVAL_MS_MAX = 60_000;
const TICK_MS = 10;
/** The longest ramp. */
const SPAN_MS = 30 * 60_000;
const SWEEP_MS = 1_000;

export class Arrivals {
  /** When each connection was due, in whole ticks. */
  readonly dueMs: Float64Array;
  readonly #swarm: Swarm;
  readonly #underWayMax: number;
  readonly #wheel: Wheel;
  readonly #tries: Uint8Array;
  readonly #startedMs: Float64Array;
  /** Those that are due and have to wait for one of those under way, in a ring: each is in it once at most. */
  readonly #overdue: Int32Array;
  #overdueFirst = 0;
  #overdueCount = 0;
  #underWay = 0;
  #awaited = 0;
  #failed = 0;
  #returning = false;
  #done: PromiseWithResolvers<void> | undefined;

  constructor(swarm: Swarm) {
    this.#swarm = swarm;
    const { connections, perProcess } = swarm.plan;
    const share = Math.floor(UNDER_WAY_OF_ALL_MAX / Math.ceil(connections / perProcess));
    this.#underWayMax = Math.min(UNDER_WAY_MAX, Math.max(UNDER_WAY_MIN, share));
    this.dueMs = new Float64Array(swarm.count);
    this.#tries = new Uint8Array(swarm.count);
    this.#startedMs = new Float64Array(swarm.count);
    this.#overdue = new Int32Array(swarm.count);
    const { clockwork } = swarm;
    const wheel = new Wheel({ count: swarm.count, tickMs: TICK_MS, spanMs: SPAN_MS, nowMs: clockwork.now() });
    this.#wheel = wheel;
    const due = (at: number) => this.#enqueue(at);
    clockwork.add({
      get nextMs() {
        return wheel.nextMs;
      },
      run: (nowMs) => {
        wheel.advance(nowMs, due);
        this.#startOverdue();
      },
    });
    let sweepMs = 0;
    clockwork.add({
      get nextMs() {
        return sweepMs;
      },
      run: (nowMs) => {
        sweepMs = nowMs + SWEEP_MS;
        this.#sweep(nowMs);
      },
    });
  }

  get failedCount(): number {
    return this.#failed;
  }

  /** A connection that is away is due then. @param returning it was here before: its way back is timed. */
  expect(at: number, dueMs: number, returning: boolean): void {
    this.#returning = returning;
    this.#awaited++;
    this.#tries[at] = 0;
    this.dueMs[at] = Math.ceil(dueMs / TICK_MS) * TICK_MS;
    this.#wheel.add(at, dueMs);
  }

  /** Resolves when everybody who is expected has come, or was given up. */
  async all(): Promise<void> {
    if (this.#awaited === 0) return;
    this.#done ??= Promise.withResolvers();
    await this.#done.promise;
  }

  arrived(at: number): void {
    if (this.#returning) {
      const { meters, clockwork } = this.#swarm;
      meters.time("return", (clockwork.now() - (this.dueMs[at] as number)) * 1_000);
    }
    this.#underWay--;
    this.#settle();
  }

  /** One that was under way has failed: it tries again, or is given up. */
  failed(at: number, reason: string): void {
    this.#swarm.meters.error(reason);
    this.#underWay--;
    const tries = (this.#tries[at] as number) + 1;
    this.#tries[at] = tries;
    if (tries < TRIES_MAX) {
      this.#wheel.add(at, this.#swarm.clockwork.now() + RETRY_MS);
      return;
    }
    this.#failed++;
    this.#settle();
  }

  #enqueue(at: number): void {
    this.#overdue[(this.#overdueFirst + this.#overdueCount) % this.#overdue.length] = at;
    this.#overdueCount++;
  }

  #startOverdue(): void {
    while (this.#overdueCount > 0 && this.#underWay < this.#underWayMax) {
      const at = this.#overdue[this.#overdueFirst] as number;
      this.#overdueFirst = (this.#overdueFirst + 1) % this.#overdue.length;
      this.#overdueCount--;
      this.#underWay++;
      this.#startedMs[at] = this.#swarm.clockwork.now();
      this.#swarm.connect(at);
    }
  }

  #settle(): void {
    this.#awaited--;
    if (this.#awaited > 0) return;
    this.#done?.resolve();
    this.#done = undefined;
  }

  #sweep(nowMs: number): void {
    if (this.#underWay === 0) return;
    const { phases } = this.#swarm;
    for (let at = 0; at < phases.length; at++) {
      const phase = phases[at];
      if (phase === PHASE.away || phase === PHASE.ready) continue;
      if (nowMs - (this.#startedMs[at] as number) < ARRIVAL_MS_MAX) continue;
      this.#swarm.drop(at);
      this.failed(at, "took too long to arrive");
    }
  }
}
