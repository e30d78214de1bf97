/**
 * The logger, by pino: one JSON object per line, or readable text, to standard error or a file.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import pino from "pino";
import type { AdjustableLogger, Fields, LogLevel } from "../base/logger.ts";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "json" | "text";
  /** A file that is appended to; empty for standard error. */
  readonly file: string;
  /** Named in each line, where several processes write to one place. */
  readonly worker?: number | undefined;
}

const STDERR = 2;

/** @throws {Error} if the file can't be opened. */
export function createLogger({ level, format, file, worker }: LogOptions): AdjustableLogger {
  if (file !== "") mkdirSync(dirname(file), { recursive: true });
  const destination = pino.destination({ dest: file === "" ? STDERR : file, sync: true });
  const stream =
    format === "json" ? destination : { write: (line: string) => destination.write(readable(line)) };
  const options = {
    level,
    base: worker === undefined ? null : { worker },
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
    get level() {
      return logger.level as LogLevel;
    },
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
