/**
 * FakeClock: time that moves when a test says so. What is due runs in order, each at its own time.
 */
import { type Cancel, type Clock, systemClock } from "../src/base/clock.ts";

interface Timer {
  dueAt: number;
  readonly periodMs: number | undefined;
  readonly task: () => void;
}

export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;

  /** @param now unix milliseconds to begin at. */
  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): Cancel {
    return this.#add({ dueAt: this.#now + delayMs, periodMs: undefined, task });
  }

  every(periodMs: number, task: () => void): Cancel {
    return this.#add({ dueAt: this.#now + periodMs, periodMs, task });
  }

  /** Is about turns of the event loop and not about time, so it is the real one. */
  soon(task: () => void): void {
    systemClock.soon(task);
  }

  /** Moves time forward and runs what falls due, including what that starts. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let timer = this.#next(until); timer !== undefined; timer = this.#next(until)) {
      this.#now = Math.max(this.#now, timer.dueAt);
      if (timer.periodMs === undefined) this.#timers.delete(timer);
      else timer.dueAt += Math.max(1, timer.periodMs);
      timer.task();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Moves time forward in one step, as for a process that the machine had no time for: what fell due meanwhile runs at its end. */
  stall(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }

  /** Sets the wall clock, forward or back, as an operator would; no timer runs. */
  set(now: number): void {
    const step = now - this.#now;
    for (const timer of this.#timers) timer.dueAt += step;
    this.#now = now;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= until && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}
