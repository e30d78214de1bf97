/**
 * Measurements of several servers that take turns: A B C A B C, window after window, so that what
 * the machine does beside them hits all of them alike. Keeps the samples for medians and pairs.
 */
import { ratios, type Spread, spread } from "./statistics.ts";

/** A client process above this share of a core, and busier than its server, may be what is measured. */
const CLIENT_CORE_SHARE_MAX = 0.9;

export interface Turns<S> {
  readonly rows: readonly string[];
  readonly windows: readonly number[];
  readonly repeats: number;
  measure(row: string, window: number): Promise<S>;
}

export class Samples<S extends object> {
  readonly #samples = new Map<string, S[]>();

  static async take<S extends object>(turns: Turns<S>): Promise<Samples<S>> {
    const samples = new Samples<S>();
    for (const window of turns.windows) {
      for (let repeat = 0; repeat < turns.repeats; repeat++) {
        for (const row of turns.rows) samples.#add(row, window, await turns.measure(row, window));
      }
    }
    return samples;
  }

  has(row: string, window: number): boolean {
    return this.#samples.has(key(row, window));
  }

  spread(row: string, window: number, field: keyof S): Spread {
    return spread(this.#of(row, window, field));
  }

  /** One row over another, pair by pair. */
  ratio(numerator: string, denominator: string, window: number, field: keyof S): Spread {
    return ratios(this.#of(numerator, window, field), this.#of(denominator, window, field));
  }

  #of(row: string, window: number, field: keyof S): number[] {
    return (this.#samples.get(key(row, window)) ?? []).map((sample) => Number(sample[field]));
  }

  #add(row: string, window: number, sample: S): void {
    const list = this.#samples.get(key(row, window));
    if (list === undefined) this.#samples.set(key(row, window), [sample]);
    else list.push(sample);
  }
}

interface CoreShares {
  readonly row: string;
  readonly window: number;
  readonly serverCoreShare: Spread;
  readonly clientCoreShare: Spread;
}

/** Says where the rate is the client's and not the server's. */
export function clientNotes(results: readonly CoreShares[]): string[] {
  return results
    .filter(
      ({ clientCoreShare: client, serverCoreShare: server }) =>
        client.median > CLIENT_CORE_SHARE_MAX && client.median > server.median,
    )
    .map(
      ({ row, window }) =>
        `${key(row, window)}: the client process was the busier side; compare the CPU, not the rate`,
    );
}

function key(row: string, window: number): string {
  return `${row}, window ${window}`;
}
