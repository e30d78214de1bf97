/**
 * WorkerProcess: one worker as its supervisor sees it, from its start to its exit.
 */

import type { Clock } from "../base/clock.ts";
import { PrimError } from "../base/errors.ts";
import { WORKER_STARTUP_MS_MAX } from "../base/limits.ts";
import { type FromWorker, type SharedPorts, type ToWorker, WORKER_ENV, type WorkerOrder } from "./wire.ts";

export class WorkerProcess {
  readonly index: number;
  /** When it started, by the monotonic clock. */
  readonly startedAt: number;
  /** The exit code; 128 and more for a signal. */
  readonly exited: Promise<number>;
  readonly #child: Bun.Subprocess;
  readonly #ready = Promise.withResolvers<SharedPorts>();
  readonly #clock: Clock;
  #hasExited = false;
  #isStopping = false;

  /**
   * @param command the program with its arguments, the same for all workers.
   * @param onMessage what it says after it is ready.
   */
  constructor(
    command: readonly string[],
    order: WorkerOrder,
    clock: Clock,
    onMessage: (from: WorkerProcess, message: FromWorker) => void,
  ) {
    this.index = order.index;
    this.startedAt = clock.monotonic();
    this.#clock = clock;
    this.#child = Bun.spawn([...command], {
      env: { ...process.env, [WORKER_ENV]: JSON.stringify(order) },
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      // A signal from the terminal goes to the supervisor, which passes it on in its own order.
      detached: true,
      ipc: (message: FromWorker) => {
        if (message.kind === "ready") this.#ready.resolve(message.ports);
        else onMessage(this, message);
      },
    });
    this.exited = this.#child.exited.then((code) => {
      this.#hasExited = true;
      this.#ready.reject(new PrimError("unavailable", `Worker ${this.index} ended with exit code ${code}`));
      return code;
    });
    // Who does not wait for the start hears of the end by `exited`.
    this.#ready.promise.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** True from stop() on: its end is no accident. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /**
   * Waits until it listens.
   *
   * @throws {PrimError} `unavailable` if it ends before, `deadline_exceeded` if it takes too long.
   */
  ready(): Promise<SharedPorts> {
    const late = new Promise<never>((_, reject) => {
      this.#clock.after(WORKER_STARTUP_MS_MAX, () => {
        const seconds = WORKER_STARTUP_MS_MAX / 1_000;
        reject(new PrimError("deadline_exceeded", `Worker ${this.index} does not listen after ${seconds} s`));
      });
    });
    return Promise.race([this.#ready.promise, late]);
  }

  say(message: ToWorker): void {
    if (!this.#hasExited) this.#child.send(message);
  }

  /**
   * Asks it to stop in order, and waits for its end.
   *
   * @param graceMs after which it is killed.
   */
  async stop(graceMs: number): Promise<number> {
    this.#isStopping = true;
    this.say({ kind: "stop" });
    const cancel = this.#clock.after(graceMs, () => this.kill());
    const code = await this.exited;
    cancel();
    return code;
  }

  /** Ends it at once. Safe to repeat. */
  kill(): void {
    this.#isStopping = true;
    this.#child.kill("SIGKILL");
  }
}
