/** What a source of settings (file, environment, flags) gave, before anything is checked against the table. */

export interface GivenValue {
  /** As a fault and `config --print` name it: `config/app.yaml:3`, `PRIM_HTTP_PORT` or `--http-port`. */
  readonly source: string;
  /** Text from the environment and flags; whatever YAML has from a file. */
  readonly value: unknown;
}

export interface Given {
  /** By key. */
  readonly values: ReadonlyMap<string, GivenValue>;
  /** One line each, beginning with the source. */
  readonly faults: readonly string[];
}

/** Checked values by key, with where each came from. Every setting of the table is in it. */
export type Effective = ReadonlyMap<string, GivenValue>;

/** Source of a value that nothing gave. */
export const DEFAULT_SOURCE = "default";

export const NOTHING_GIVEN: Given = { values: new Map(), faults: [] };
