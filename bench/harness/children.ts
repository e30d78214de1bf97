/**
 * The processes a bench has started. Whatever way it ends (done, failed, interrupted, out of
 * time), none of them outlives it; nothing else is ever signalled.
 */
import type { Subprocess } from "bun";

/** From SIGTERM to SIGKILL: a server that is no longer measured need not drain. */
const TERM_MS_MAX = 2_000;

type SpawnOptions = NonNullable<Parameters<typeof Bun.spawn>[1]>;

export class Children {
  readonly #alive = new Set<Subprocess>();

  spawn(command: string[], options: SpawnOptions): Subprocess {
    const child = Bun.spawn(command, options);
    this.#alive.add(child);
    return child;
  }

  /** Stops one, and returns when it is gone. */
  async end(child: Subprocess): Promise<void> {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), TERM_MS_MAX);
    await child.exited;
    clearTimeout(killer);
    this.#alive.delete(child);
  }

  /** Kills all that are left, at once. */
  killAll(): void {
    for (const child of this.#alive) child.kill("SIGKILL");
    this.#alive.clear();
  }
}
