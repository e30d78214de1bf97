/**
 * The process: arguments, signals, exit code. 0 after an orderly stop, 1 if it could not start or
 * broke, 2 if the configuration is wrong.
 */
import { existsSync, readFileSync } from "node:fs";
import packageJson from "../package.json" with { type: "json" };
import { type Addresses, type App, createApp } from "./app.ts";
import { systemClock } from "./base/clock.ts";
import { PrimError } from "./base/errors.ts";
import type { Logger } from "./base/logger.ts";
import { loadConfig } from "./config/load-config.ts";
import { redisAddressOf } from "./config/redis-address.ts";
import { type Config, MEMORY_ONLY } from "./config/settings.ts";
import { startupWarnings } from "./config/warnings.ts";
import { createLogger } from "./observe/pino-logger.ts";

const { version } = packageJson;

await main();

async function main(): Promise<void> {
  const loaded = loadConfig({
    argv: process.argv.slice(2),
    env: process.env,
    readFile: (path) => readFileSync(path, "utf8"),
    fileExists: existsSync,
  });
  switch (loaded.kind) {
    case "help":
    case "print":
      process.stdout.write(loaded.text);
      return;
    case "version":
      console.log(`prim ${version} (Bun ${Bun.version})`);
      return;
    case "faults":
      for (const line of loaded.lines) console.error(line);
      process.exitCode = 2;
      return;
    case "run":
      await run(loaded.config);
  }
}

async function run(config: Config): Promise<void> {
  const { level, format } = config.log;
  try {
    const logger = createLogger({ level, format, file: config.app.logFile });
    const app = createApp(config, {
      clock: systemClock,
      logger,
      version,
      requestStop: (graceMs) => stopper.stop("asked to drain", graceMs),
    });
    const stopper = createStopper(app, config, logger);
    const die = (error: unknown) => {
      logger.error("prim is broken, exiting", { error });
      process.exit(1);
    };
    process.on("uncaughtException", die);
    process.on("unhandledRejection", die);
    const addresses = await app.start();
    stopper.onSignals();
    logger.info("node started", { version, pid: process.pid, ...addresses });
    greet(config, addresses);
  } catch (error) {
    const text =
      error instanceof PrimError ? error.message : String(error instanceof Error ? error.stack : error);
    console.error(`prim: ${text}`);
    process.exit(1);
  }
}

/** Stops in an orderly way, within the bound; a signal while that is under way exits at once. */
function createStopper(app: App, config: Config, logger: Logger) {
  const drainMs = config.app.drainSeconds * 1_000;
  let stopping = false;
  const stop = (why: string, graceMs: number) => {
    if (stopping) return;
    stopping = true;
    console.log(`prim: ${why}, stopping`);
    logger.info("node stopping", { why });
    systemClock.after(Math.min(graceMs, drainMs), () => {
      console.error(`prim: not stopped within ${Math.min(graceMs, drainMs) / 1_000} s, exiting`);
      process.exit(1);
    });
    void app
      .drain()
      .then(() => app.stop())
      .then(
        () => {
          logger.info("node stopped");
          process.exit(0);
        },
        (error: unknown) => {
          console.error("prim: could not stop in order:", error);
          process.exit(1);
        },
      );
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stop(signal, drainMs);
  };
  return {
    stop,
    onSignals() {
      process.on("SIGTERM", onSignal);
      process.on("SIGINT", onSignal);
    },
  };
}

/** For people, and for scripts that start prim on port 0. */
function greet(config: Config, { host, httpPort, webSocketPort, rpcPort }: Addresses): void {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const lines = [
    `prim ${version} is ready: open http://${name}:${httpPort}/home/index`,
    `prim: listening websocket=ws://${name}:${webSocketPort}/acc http=http://${name}:${httpPort} rpc=${name}:${rpcPort}`,
    `prim: messages are kept ${keptIn(config)}`,
    ...startupWarnings(config).map((warning) => `prim: note: ${warning}`),
  ];
  console.log(lines.join("\n"));
}

function keptIn(config: Config): string {
  if (redisAddressOf(config) !== undefined) return "in Redis";
  const { dataDir } = config.app;
  return dataDir === MEMORY_ONLY ? "in memory" : `in ${dataDir}`;
}
