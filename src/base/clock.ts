/**
 * Time, injected: the only place that reads the machine's clocks and starts timers.
 */

/** Stops a timer; calling it twice is safe. */
export type Cancel = () => void;

export interface Clock {
  /** Wall time in unix milliseconds. May step when the machine's clock is set. */
  now(): number;
  /** Milliseconds that never step back, for durations. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`. Does not keep the process alive. */
  after(delayMs: number, task: () => void): Cancel;
  /** Runs `task` every `periodMs` until cancelled. Does not keep the process alive. */
  every(periodMs: number, task: () => void): Cancel;
  /** Runs `task` once, after what this event-loop turn still has to do. Keeps the process alive until then. */
  soon(task: () => void): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(periodMs, task) {
    const timer = setInterval(task, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
  soon(task) {
    setImmediate(task);
  },
};
