/**
 * What prim's parts need of a logger. observe/ implements it; nobody else knows the library.
 *
 * One event per line: a fixed message, data as fields, ids and never contents.
 */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** A logger whose level can be changed while it runs. */
export interface AdjustableLogger extends Logger {
  /** Least severe events that are logged now. */
  readonly level: LogLevel;
  /** Changes what is logged from now on. */
  setLevel(level: LogLevel): void;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Says nothing: for tests and for benches. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
