/**
 * ChangeSignal: tells listeners that something has changed, once per frame however often it did, and soon enough when the
 * page is hidden and has no frames.
 */

const HIDDEN_MS = 200;

export class ChangeSignal {
  readonly #listeners = new Set<() => void>();
  readonly #prepare: () => void;
  #pending = false;

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
    if (document.hidden) setTimeout(() => this.flush(), HIDDEN_MS);
    else requestAnimationFrame(() => this.flush());
    // Frames stop at once when the page gets hidden in between.
    setTimeout(() => this.flush(), HIDDEN_MS);
  }

  /** Tells now: the user has done something and looks. */
  flush(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#prepare();
    for (const listener of this.#listeners) listener();
  }
}
