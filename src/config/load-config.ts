/**
 * From the command line, the environment and a file to the effective configuration, or to all its
 * faults at once. Pure: what it reads comes by parameter.
 *
 * Strength: default < file < environment < flags. A value that is overridden is still checked: it is
 * a fault that waits for the day the override goes away.
 */
import { readArguments } from "./arguments.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { DEFAULT_SOURCE, type Effective, type Given, type GivenValue, NOTHING_GIVEN } from "./given.ts";
import { renderHelp } from "./help.ts";
import { renderEffective } from "./print.ts";
import { parseRedisUrl } from "./redis-target.ts";
import { CONFIG_FILE_DEFAULT, CONFIG_FILE_ENV, type ListedSetting, settingList } from "./setting-list.ts";
import type { Config } from "./settings.ts";
import { showName, showRefused } from "./show-value.ts";
import { readYaml } from "./yaml-file.ts";

export interface ConfigSources {
  /** Without the runtime's and the program's own names. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Throws if the file can't be read. */
  readFile(path: string): string;
  fileExists(path: string): boolean;
}

export type Loaded =
  | { readonly kind: "run"; readonly config: Config; readonly configFile: string | undefined }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "print"; readonly text: string }
  /** To standard error, one line each, and exit code 2. */
  | { readonly kind: "faults"; readonly lines: readonly string[] };

export function loadConfig(sources: ConfigSources): Loaded {
  const args = readArguments(sources.argv);
  if (args.command === "help") return { kind: "help", text: renderHelp() };
  if (args.command === "version") return { kind: "version" };

  const { configFile, given: file } = readConfigFile(args.configFile, sources);
  const inOrderOfStrength = [file, readEnvironment(sources.env), args];
  const faults = inOrderOfStrength.flatMap((given) => given.faults);
  const effective = new Map<string, GivenValue>();
  const refusedKeys = new Set<string>();
  for (const setting of settingList) {
    effective.set(setting.key, { source: DEFAULT_SOURCE, value: setting.default });
    for (const given of inOrderOfStrength) {
      const value = given.values.get(setting.key);
      if (value === undefined) continue;
      const checked = check(setting, value);
      if (typeof checked === "string") {
        faults.push(checked);
        refusedKeys.add(setting.key);
      } else {
        effective.set(setting.key, checked);
      }
    }
  }
  faults.push(...crossFaults(effective, refusedKeys));

  if (faults.length > 0) return { kind: "faults", lines: faults };
  if (args.command === "print") return { kind: "print", text: renderEffective(effective) };
  return { kind: "run", config: toConfig(effective), configFile };
}

/** The configuration of a prim that is told nothing: for tests and for benches. */
export function defaultConfig(): Config {
  return toConfig(
    new Map(settingList.map(({ key, default: value }) => [key, { source: DEFAULT_SOURCE, value }])),
  );
}

function readConfigFile(
  flag: string | undefined,
  { env, readFile, fileExists }: ConfigSources,
): { configFile: string | undefined; given: Given } {
  const fromEnv = env[CONFIG_FILE_ENV] || undefined; // Empty counts as not set, as for every variable.
  const named = flag ?? fromEnv;
  const configFile = named ?? (fileExists(CONFIG_FILE_DEFAULT) ? CONFIG_FILE_DEFAULT : undefined);
  if (configFile === undefined) return { configFile, given: NOTHING_GIVEN };
  const source =
    flag !== undefined ? "--config" : fromEnv !== undefined ? CONFIG_FILE_ENV : CONFIG_FILE_DEFAULT;
  const refuse = (reason: string) => ({
    configFile,
    given: { values: new Map(), faults: [`${source}: configuration file ${showName(configFile)} ${reason}`] },
  });
  if (!fileExists(configFile)) return refuse("does not exist");
  try {
    return { configFile, given: readYaml(configFile, readFile(configFile)) };
  } catch (error) {
    return refuse(`can't be read: ${error instanceof Error ? error.message : "unknown error"}`);
  }
}

/** @returns the checked value, or the fault's line. */
function check(setting: ListedSetting, { source, value }: GivenValue): GivenValue | string {
  const result = setting.kind.schema.safeParse(
    typeof value === "string" ? setting.kind.fromText(value) : value,
  );
  if (result.success) return { source, value: result.data };
  return `${source}: ${setting.key} is ${showRefused(setting, value)}: must be ${setting.kind.allowed}`;
}

/** Rules over more than one setting. A refused one has its fault already; what stands in for it says nothing. */
function crossFaults(effective: Effective, refusedKeys: ReadonlySet<string>): string[] {
  const config = toConfig(effective);
  const faults: string[] = [];
  const keyByPort = new Map<number, string>();
  for (const name of ["httpPort", "webSocketPort", "rpcPort"] as const) {
    if (refusedKeys.has(`app.${name}`)) continue;
    const port = config.app[name];
    const other = keyByPort.get(port);
    if (other !== undefined) {
      faults.push(`${sourceOf(effective, `app.${name}`)}: app.${name} is ${port}: must differ from ${other}`);
    } else if (port !== 0) {
      keyByPort.set(port, `app.${name} (${sourceOf(effective, `app.${name}`)})`);
    }
  }
  const { frameBytesMax, backlogBytesMax } = config.limits;
  const key = "limits.backlogBytesMax";
  // Otherwise one frame of the largest size closes everyone who gets it.
  if (backlogBytesMax < frameBytesMax && !refusedKeys.has(key) && !refusedKeys.has("limits.frameBytesMax")) {
    faults.push(
      `${sourceOf(effective, key)}: ${key} is ${backlogBytesMax}: must be at least limits.frameBytesMax, ${frameBytesMax}`,
    );
  }
  const { workers } = config.app;
  if (
    workers !== 1 &&
    config.redis.url === "" &&
    config.redis.addr === "" &&
    !refusedKeys.has("app.workers")
  ) {
    faults.push(
      `${sourceOf(effective, "app.workers")}: app.workers is ${workers}: needs redis.url, in which the workers find each other`,
    );
  }
  // Each worker has a port of its own for the other nodes, so one port can't be that of all.
  if (workers !== 1 && /:[0-9]+$/.test(config.cluster.advertise) && !refusedKeys.has("app.workers")) {
    faults.push(
      `${sourceOf(effective, "cluster.advertise")}: cluster.advertise is "${config.cluster.advertise}": must have no port with app.workers`,
    );
  }
  const { tlsCert, tlsKey } = config.rpc;
  if (
    (tlsCert === "") !== (tlsKey === "") &&
    !refusedKeys.has("rpc.tlsCert") &&
    !refusedKeys.has("rpc.tlsKey")
  ) {
    const [given, missing] = tlsCert === "" ? ["rpc.tlsKey", "rpc.tlsCert"] : ["rpc.tlsCert", "rpc.tlsKey"];
    faults.push(`${sourceOf(effective, given)}: ${given} is set: needs ${missing} beside it`);
  }
  if (!refusedKeys.has("redis.url")) faults.push(...redisFaults(config, effective));
  if (config.interop.gowebsocket && !refusedKeys.has("redis.url"))
    faults.push(...interopFaults(config, effective));
  return faults;
}

function redisFaults({ redis }: Config, effective: Effective): string[] {
  const target = parseRedisUrl(redis.url);
  const faults: string[] = [];
  if (redis.tlsCa !== "" && target?.isTls !== true) {
    const source = sourceOf(effective, "redis.tlsCa");
    faults.push(`${source}: redis.tlsCa is set: needs a redis.url that begins with rediss`);
  }
  if (redis.DB !== 0 && target?.mode === "cluster") {
    const source = sourceOf(effective, "redis.DB");
    faults.push(`${source}: redis.DB is ${redis.DB}: must be 0, a Redis Cluster has no other`);
  }
  return faults;
}

function interopFaults({ redis, rpc }: Config, effective: Effective): string[] {
  const key = "interop.gowebsocket";
  const fault = (needs: string) => `${sourceOf(effective, key)}: ${key} is true: ${needs}`;
  return [
    ...(redis.url === "" && redis.addr === ""
      ? [fault("needs redis.url, the Redis of the reference system's nodes")]
      : []),
    ...(rpc.tlsCert === "" ? [] : [fault("needs rpc.tlsCert to be empty, those nodes speak clear text")]),
  ];
}

function sourceOf(effective: Effective, key: string): string {
  return effective.get(key)?.source ?? DEFAULT_SOURCE;
}

function toConfig(effective: Effective): Config {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const { section, name, key } of settingList) {
    sections[section] = { ...sections[section], [name]: effective.get(key)?.value };
  }
  // The table gives both the keys and the schemas that made the values, so the shape is that of Config.
  return sections as unknown as Config;
}
