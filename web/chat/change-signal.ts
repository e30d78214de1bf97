/**
 * ChangeSignal: tells listeners that something has changed: with the next frame if it was quiet before, otherwise not more
 * often than people can read, and soon enough when the page is hidden and has no frames.
 */

const HIDDEN_MS = 200;
/** Between two tellings: fifty messages a second are drawn twenty times a second, and the keys have the rest. */
const GAP_MS = 50;

export class ChangeSignal {
  readonly #listeners = new Set<() => void>();
  readonly #prepare: () => void;
  /** At most two. */
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  #frame = 0;
  #pending = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @param prepare runs before the listeners are told. */
  constructor(prepare: () => void) {
    this.#prepare = prepare;
  }

  /** @returns stops listening. */
  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Something has changed. */
  raise(): void {
    if (this.#pending) return;
    this.#pending = true;
    const waitMs = this.#toldAt + GAP_MS - performance.now();
    if (waitMs > 0) this.#timers.push(setTimeout(() => this.#withFrame(), waitMs));
    else this.#withFrame();
    // Frames stop at once when the page gets hidden.
    this.#timers.push(setTimeout(() => this.flush(), HIDDEN_MS));
  }

  /** Tells now: the user has done something and looks. */
  flush(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#toldAt = performance.now();
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    cancelAnimationFrame(this.#frame);
    this.#prepare();
    for (const listener of this.#listeners) listener();
  }

  #withFrame(): void {
    this.#frame = requestAnimationFrame(() => this.flush());
  }
}
