/**
 * Listeners: who wants to hear which event. What a listener throws is reported as an uncaught error and
 * reaches neither the others nor the SDK.
 */

export type Listener<Event> = (event: Event) => void;

export class Listeners<Events> {
  readonly #byName = new Map<keyof Events, Set<Listener<never>>>();
  readonly #report: (error: unknown) => void;

  /** @param report is told what a listener throws. */
  constructor(report: (error: unknown) => void = throwLater) {
    this.#report = report;
  }

  /** @returns takes the listener away again; calling it twice is safe. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#byName.get(name) ?? []) {
      try {
        (listener as Listener<Events[Name]>)(event);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
