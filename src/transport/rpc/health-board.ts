/**
 * HealthBoard: which services take calls now, for everybody who watches. The drain and the store's guard turn
 * them; health.ts tells callers.
 */

/** "" stands for the node as a whole. */
export type HealthName = string;

type Watcher = () => void;

export class HealthBoard {
  readonly #serving = new Map<HealthName, boolean>();
  readonly #watchers = new Set<Watcher>();

  /** @param names known from the start, not serving until set() or setAll() says so; "" is always among them. */
  constructor(names: readonly HealthName[]) {
    for (const name of ["", ...names]) this.#serving.set(name, false);
  }

  /** Whether a service takes calls; undefined if there is no such service. */
  serving(name: HealthName): boolean | undefined {
    return this.#serving.get(name);
  }

  /** All services with their state. */
  entries(): ReadonlyMap<HealthName, boolean> {
    return this.#serving;
  }

  /** Turns one service; a name that is new becomes known. Setting what is set already tells nobody. */
  set(name: HealthName, serving: boolean): void {
    if (this.#serving.get(name) === serving) return;
    this.#serving.set(name, serving);
    for (const watcher of this.#watchers) watcher();
  }

  /** Turns all known services: true when the node is ready, false when it drains. */
  setAll(serving: boolean): void {
    for (const name of this.#serving.keys()) this.set(name, serving);
  }

  /**
   * The state of one service now, and again whenever it has changed, until `signal` is aborted. A reader that
   * is slow gets the newest state and not those between: nothing is queued.
   */
  async *watch(name: HealthName, signal: AbortSignal): AsyncGenerator<boolean | undefined> {
    let told: { readonly state: boolean | undefined } | undefined;
    while (!signal.aborted) {
      const state = this.serving(name);
      if (told === undefined || told.state !== state) {
        told = { state };
        yield state;
      } else {
        await this.#changed(signal);
      }
    }
  }

  /** Resolves at the next change of any service, or when `signal` is aborted. */
  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#watchers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#watchers.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
