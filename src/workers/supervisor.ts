/**
 * Supervisor: keeps N workers on one machine that share the public ports.
 *
 * It holds no connection and no message. A worker that ends by itself is started again, after a wait that grows while
 * that goes on; replaceAll() brings a new worker up before it stops the old one, so that somebody always listens.
 */
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import {
  WORKER_HEALTHY_MS,
  WORKER_REPORTS_MS_MAX,
  WORKER_RESTART_MS_MAX,
  WORKER_RESTART_MS_MIN,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/random.ts";
import type { FromWorker, SharedPorts, WorkerReport } from "./wire.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface SupervisorParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface SupervisorOptions {
  /** The program with its arguments, the same for all workers. */
  readonly command: readonly string[];
  /** 1 or more. */
  readonly workers: number;
  /** Milliseconds from the request to stop until a worker is killed. */
  readonly stopMs: number;
}

interface Place {
  worker: WorkerProcess;
  readonly backoff: Backoff;
}

interface Collecting {
  readonly asker: WorkerProcess;
  readonly askedAs: number;
  readonly reports: WorkerReport[];
  missing: number;
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #options: SupervisorOptions;
  readonly #places: Place[] = [];
  /** Old ones that are on their way out are among them. */
  readonly #living = new Set<WorkerProcess>();
  readonly #collecting = new Map<number, Collecting>();
  #serial = 0;
  #ports: SharedPorts | undefined;
  #stopping = false;
  #replacing: Promise<void> | undefined;

  constructor(parts: SupervisorParts, options: SupervisorOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /**
   * Starts the first worker, which takes the ports, then the others.
   *
   * @throws {PrimError} if one of them does not come up; then none is left.
   */
  async start(): Promise<SharedPorts> {
    const first = this.#spawn(0);
    try {
      this.#ports = await first.ready();
      this.#place(first);
      const others = Array.from({ length: this.#options.workers - 1 }, (_, other) => this.#spawn(other + 1));
      await Promise.all(others.map((worker) => worker.ready()));
      for (const worker of others) this.#place(worker);
      return this.#ports;
    } catch (error) {
      this.#stopping = true;
      for (const worker of this.#living) worker.kill();
      await Promise.all(Array.from(this.#living, (worker) => worker.exited));
      throw error;
    }
  }

  /** Stops all workers in order. Repeating it is safe. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(Array.from(this.#living, (worker) => worker.stop(this.#options.stopMs)));
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#stopping = true;
    for (const worker of this.#living) worker.kill();
  }

  /**
   * Replaces the workers one after the other, each when its successor listens; asked again meanwhile, it goes on with what
   * it does. A successor that does not come up ends it, and the rest stay as they are.
   */
  replaceAll(): Promise<void> {
    this.#replacing ??= this.#replaceEach().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  async #replaceEach(): Promise<void> {
    const { logger } = this.#parts;
    for (const place of this.#places) {
      if (this.#stopping) return;
      const old = place.worker;
      const successor = this.#spawn(old.index);
      try {
        await successor.ready();
      } catch (error) {
        logger.error("worker not replaced", { worker: old.index, error });
        successor.kill();
        return;
      }
      if (place.worker !== old) {
        // It ended by itself meanwhile, and has a successor already.
        await successor.stop(this.#options.stopMs);
        continue;
      }
      place.worker = successor;
      this.#watch(place);
      await old.stop(this.#options.stopMs);
      logger.info("worker replaced", { worker: old.index, pid: successor.pid });
    }
  }

  #place(worker: WorkerProcess): void {
    const { random } = this.#parts;
    const backoff = new Backoff(WORKER_RESTART_MS_MIN, WORKER_RESTART_MS_MAX, random);
    const place = { worker, backoff };
    this.#places[worker.index] = place;
    this.#watch(place);
  }

  #spawn(index: number): WorkerProcess {
    const { clock } = this.#parts;
    const order = { index, ports: this.#ports };
    const worker = new WorkerProcess(this.#options.command, order, clock, (from, message) =>
      this.#hear(from, message),
    );
    this.#living.add(worker);
    void worker.exited.then(() => {
      this.#living.delete(worker);
    });
    return worker;
  }

  /** Starts another one when the worker of the place ends by itself. */
  #watch(place: Place): void {
    const { clock, logger } = this.#parts;
    const { worker, backoff } = place;
    void worker.exited.then((exitCode) => {
      if (this.#stopping || worker.isStopping) return;
      if (clock.monotonic() - worker.startedAt >= WORKER_HEALTHY_MS) backoff.reset();
      const waitMs = Math.round(backoff.next());
      logger.error("worker ended by itself", { worker: worker.index, pid: worker.pid, exitCode, waitMs });
      clock.after(waitMs, () => {
        if (this.#stopping || place.worker !== worker) return;
        place.worker = this.#spawn(worker.index);
        this.#watch(place);
      });
    });
  }

  #hear(from: WorkerProcess, message: FromWorker): void {
    if (message.kind === "collect") this.#collect(from, message.id, message.lists);
    if (message.kind !== "report") return;
    const collecting = this.#collecting.get(message.id);
    if (collecting === undefined) return;
    collecting.reports.push(message.report);
    collecting.missing -= 1;
    if (collecting.missing === 0) this.#answer(message.id);
  }

  /** Asks all workers for their reports, and hands what came in time to the one that asked. */
  #collect(asker: WorkerProcess, askedAs: number, lists: boolean): void {
    const asked = this.#places.map((place) => place.worker).filter((worker) => !worker.hasExited);
    this.#serial += 1;
    const id = this.#serial;
    this.#collecting.set(id, { asker, askedAs, reports: [], missing: asked.length });
    for (const worker of asked) worker.say({ kind: "report", id, lists });
    this.#parts.clock.after(WORKER_REPORTS_MS_MAX, () => this.#answer(id));
  }

  #answer(id: number): void {
    const collecting = this.#collecting.get(id);
    if (collecting === undefined) return;
    this.#collecting.delete(id);
    collecting.asker.say({ kind: "collected", id: collecting.askedAs, reports: collecting.reports });
  }
}
