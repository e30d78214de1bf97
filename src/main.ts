/**
 * The process: arguments, signals, exit code. 0 after an orderly stop, 1 if it could not start or
 * broke, 2 if the configuration is wrong.
 */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import packageJson from "../package.json" with { type: "json" };
import { type Addresses, type App, createApp } from "./app.ts";
import { systemClock } from "./base/clock.ts";
import { PrimError } from "./base/errors.ts";
import type { Logger } from "./base/logger.ts";
import { systemRandom } from "./base/random.ts";
import { loadConfig } from "./config/load-config.ts";
import { redisAddressOf } from "./config/redis-address.ts";
import { type Config, MEMORY_ONLY } from "./config/settings.ts";
import { startupWarnings } from "./config/warnings.ts";
import { createLogger } from "./observe/pino-logger.ts";
import { checkFree } from "./transport/listener.ts";
import { Supervisor } from "./workers/supervisor.ts";
import { Worker } from "./workers/worker.ts";

const { version } = packageJson;
const NO_MIGRATION =
  "while workers are replaced (SIGHUP), a connection that is just being made may be reset and has to be made again; " +
  "sysctl -w net.ipv4.tcp_migrate_req=1 (Linux 5.14 and later) prevents it";
/** After its time to stop, a worker ends itself; who does not even do that is killed. */
const WORKER_STOP_MARGIN_MS = 2_000;

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
  const worker = Worker.ofThisProcess(process.env, systemClock);
  const count = config.app.workers === "auto" ? availableParallelism() : config.app.workers;
  if (worker === undefined && count > 1) await supervise(config, count);
  else await runNode(config, worker);
}

/** @param worker undefined if this is the only process. */
async function runNode(config: Config, worker: Worker | undefined): Promise<void> {
  const { level, format } = config.log;
  try {
    const logger = createLogger({ level, format, file: config.app.logFile, worker: worker?.order.index });
    const app = createApp(config, {
      clock: systemClock,
      logger,
      version,
      requestStop: (graceMs) => stopper.stop("asked to drain", graceMs),
      worker,
    });
    const stopper = createStopper(app, config, logger, worker !== undefined);
    const die = (error: unknown) => {
      logger.error("prim is broken, exiting", { error });
      process.exit(1);
    };
    process.on("uncaughtException", die);
    process.on("unhandledRejection", die);
    const addresses = await app.start();
    stopper.onSignals();
    logger.info("node started", { version, pid: process.pid, ...addresses });
    if (worker === undefined) {
      greet(config, addresses, "");
      return;
    }
    worker.ready(addresses, {
      stop: () => stopper.stop("told by the supervisor", config.app.drainSeconds * 1_000),
      report: (lists) => app.report(lists),
    });
  } catch (error) {
    exitWith(error);
  }
}

/** Runs the workers, and nothing else, in this process. */
async function supervise(config: Config, count: number): Promise<void> {
  const { level, format } = config.log;
  const { host, httpPort, webSocketPort, rpcPort, drainSeconds, logFile } = config.app;
  try {
    checkFree(host, httpPort, "app.httpPort");
    checkFree(host, webSocketPort, "app.webSocketPort");
    checkFree(host, rpcPort, "app.rpcPort");
    const logger = createLogger({ level, format, file: logFile });
    const supervisor = new Supervisor(
      { clock: systemClock, random: systemRandom, logger },
      {
        command: [process.execPath, ...process.execArgv, Bun.main, ...process.argv.slice(2)],
        workers: count,
        stopMs: drainSeconds * 1_000 + WORKER_STOP_MARGIN_MS,
      },
    );
    const ports = await supervisor.start();
    let stopping = false;
    const stop = (signal: NodeJS.Signals) => {
      if (stopping) {
        supervisor.kill();
        process.exit(1);
      }
      stopping = true;
      console.log(`prim: ${signal}, stopping ${count} workers`);
      void supervisor.stop().then(() => process.exit(0));
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    process.on("SIGHUP", () => {
      logger.info("replacing workers", { workers: count });
      void supervisor.replaceAll().then(() => logger.info("workers replaced", { workers: count }));
    });
    logger.info("supervisor started", { version, pid: process.pid, workers: count });
    greet(config, { host, ...ports }, ` with ${count} workers`);
    if (!migratesConnections()) console.log(`prim: note: ${NO_MIGRATION}`);
  } catch (error) {
    exitWith(error);
  }
}

/** Whether the kernel hands connections that nobody has accepted yet on to another listener when theirs closes. */
function migratesConnections(): boolean {
  try {
    return readFileSync("/proc/sys/net/ipv4/tcp_migrate_req", "utf8").trim() !== "0";
  } catch {
    // No Linux, or one before 5.14.
    return false;
  }
}

function exitWith(error: unknown): never {
  const text =
    error instanceof PrimError ? error.message : String(error instanceof Error ? error.stack : error);
  console.error(`prim: ${text}`);
  process.exit(1);
}

/** Stops in an orderly way, within the bound; a signal while that is under way exits at once. */
function createStopper(app: App, config: Config, logger: Logger, quiet: boolean) {
  const drainMs = config.app.drainSeconds * 1_000;
  let stopping = false;
  const stop = (why: string, graceMs: number) => {
    if (stopping) return;
    stopping = true;
    if (!quiet) console.log(`prim: ${why}, stopping`);
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
      // Whose default is to end the process: a reload that was meant for workers must not.
      process.on("SIGHUP", () => logger.warn("SIGHUP does nothing: there are no workers to replace"));
    },
  };
}

/** For people, and for scripts that start prim on port 0. */
function greet(config: Config, { host, httpPort, webSocketPort, rpcPort }: Addresses, how: string): void {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const lines = [
    `prim ${version} is ready${how}: open http://${name}:${httpPort}/home/index`,
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
