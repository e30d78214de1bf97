/**
 * One timer for everything that is due at some time: it sleeps until the next task is due, so that
 * sixty idle processes don't wake each other up a thousand times a second.
 */

/** Shorter than the shortest wait of a timer is no wait. */
const WAIT_MS_MIN = 1;
/** A task's next moment may come closer without a word, when something is added to it. */
const WAIT_MS_MAX = 50;

/** Something that is due now and then. */
export interface Task {
  /** When it is due next; Infinity if never. */
  readonly nextMs: number;
  run(nowMs: number): void;
}

export class Clockwork {
  readonly #originMs: number;
  readonly #tasks = new Set<Task>();

  /** @param originMs what now() counts from, in milliseconds since 1970; the same for all processes of a flood. */
  constructor(originMs: number) {
    this.#originMs = originMs;
    this.#wait();
  }

  /** Wall clock at the process' start plus the monotonic time since: on one machine the same for all processes. */
  now(): number {
    return performance.timeOrigin + performance.now() - this.#originMs;
  }

  add(task: Task): void {
    this.#tasks.add(task);
  }

  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  #wait(): void {
    let nextMs = Infinity;
    for (const task of this.#tasks) nextMs = Math.min(nextMs, task.nextMs);
    const waitMs = Math.min(WAIT_MS_MAX, Math.max(WAIT_MS_MIN, nextMs - this.now()));
    setTimeout(() => {
      for (const task of this.#tasks) {
        const nowMs = this.now();
        if (task.nextMs <= nowMs) task.run(nowMs);
      }
      this.#wait();
    }, waitMs);
  }
}
