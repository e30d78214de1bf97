/**
 * Time and chance for the SDK; a test hands in its own.
 */

/** Stops a timer; calling it twice is safe. */
export type Cancel = () => void;

/** Time, which a test may hand in. */
export interface ClientClock {
  /** Milliseconds that never step back. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Cancel;
}

/** At least 0, below 1. */
export type Random = () => number;

export const systemClock: ClientClock = {
  monotonic: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
