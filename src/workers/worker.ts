/**
 * Worker: this process as one of several that share the public ports of a machine. It hears its supervisor, and
 * through it of the other workers. When the supervisor is gone it stops.
 */

import type { Clock } from "../base/clock.ts";
import { assert } from "../base/errors.ts";
import { WORKER_REPORTS_MS_MAX } from "../base/limits.ts";
import {
  type FromWorker,
  type SharedPorts,
  type ToWorker,
  WORKER_ENV,
  type WorkerOrder,
  type WorkerReport,
} from "./wire.ts";

/** What a worker does when it is asked. */
export interface WorkerTasks {
  /** Stops in an orderly way; may be asked more than once. */
  readonly stop: () => void;
  readonly report: (lists: boolean) => Promise<WorkerReport>;
}

export class Worker {
  readonly order: WorkerOrder;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (reports: readonly WorkerReport[]) => void>();
  #serial = 0;

  private constructor(order: WorkerOrder, clock: Clock) {
    this.order = order;
    this.#clock = clock;
  }

  /** @returns undefined if this process was not started by a supervisor. */
  static ofThisProcess(env: Readonly<Record<string, string | undefined>>, clock: Clock): Worker | undefined {
    const order = env[WORKER_ENV];
    if (order === undefined || process.send === undefined) return undefined;
    return new Worker(JSON.parse(order) as WorkerOrder, clock);
  }

  /** Begins to hear the supervisor, and tells it that the node listens. */
  ready(ports: SharedPorts, tasks: WorkerTasks): void {
    process.on("message", (message: ToWorker) => {
      switch (message.kind) {
        case "stop":
          tasks.stop();
          return;
        case "report":
          void tasks.report(message.lists).then((report) => say({ kind: "report", id: message.id, report }));
          return;
        case "collected":
          this.#waiting.get(message.id)?.(message.reports);
      }
    });
    process.on("disconnect", tasks.stop);
    say({ kind: "ready", ports });
  }

  /**
   * Reports of all workers of the machine, this one's among them.
   *
   * @param own is the answer if the supervisor says nothing in time.
   */
  async collect(lists: boolean, own: () => Promise<WorkerReport>): Promise<readonly WorkerReport[]> {
    this.#serial += 1;
    const id = this.#serial;
    const collected = new Promise<readonly WorkerReport[]>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#clock.after(WORKER_REPORTS_MS_MAX * 2, () => resolve([]));
      say({ kind: "collect", id, lists });
    });
    const reports = await collected;
    this.#waiting.delete(id);
    return reports.length === 0 ? [await own()] : reports;
  }
}

function say(message: FromWorker): void {
  assert(process.send !== undefined, "a worker has a channel to its supervisor");
  // Without a channel the supervisor is gone, and "disconnect" stops this process.
  if (process.connected) process.send(message);
}
