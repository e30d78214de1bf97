/**
 * The logger, by pino: one JSON object per line, or readable text, to standard error or a file.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import pino from "pino";
import type { Fields, Logger } from "../base/logger.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "json" | "text";
  /** A file that is appended to; empty for standard error. */
  readonly file: string;
}

export interface ProcessLogger extends Logger {
  /** Changes what is logged from now on. */
  setLevel(level: LogLevel): void;
}

const STDERR = 2;

/** @throws {Error} if the file can't be opened. */
export function createLogger({ level, format, file }: LogOptions): ProcessLogger {
  if (file !== "") mkdirSync(dirname(file), { recursive: true });
  const destination = pino.destination({ dest: file === "" ? STDERR : file, sync: true });
  const stream =
    format === "json" ? destination : { write: (line: string) => destination.write(readable(line)) };
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  };
  const logger = pino(options, stream);
  const write = (severity: Exclude<LogLevel, "silent">) => (message: string, fields?: Fields) => {
    logger[severity](fields ?? {}, message);
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    setLevel(next) {
      logger.level = next;
    },
  };
}

/** `12:00:01.234 warn session closed sessionId=... code=...` */
function readable(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${inline(value)}`);
  return `${[String(time).slice(11, 23), level, msg, ...pairs].join(" ")}\n`;
}

function inline(value: unknown): string {
  if (typeof value === "object" && value !== null && "stack" in value) return String(value.stack);
  return typeof value === "string" ? value : JSON.stringify(value);
}
