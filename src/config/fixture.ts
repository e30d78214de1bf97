/** For the tests of this folder: loadConfig() on a world that holds one file at most. */
import { type Loaded, loadConfig } from "./load-config.ts";
import { CONFIG_FILE_DEFAULT } from "./setting-list.ts";
import type { Config } from "./settings.ts";

export interface World {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Content of config/app.yaml. */
  readonly file?: string;
}

export function load({ argv = [], env = {}, file }: World): Loaded {
  const exists = (path: string): boolean => path === CONFIG_FILE_DEFAULT && file !== undefined;
  return loadConfig({
    argv,
    env,
    fileExists: exists,
    readFile(path) {
      if (!exists(path)) throw new Error(`No such file: ${path}`);
      return file ?? "";
    },
  });
}

export function loadedConfig(world: World): Config {
  const loaded = load(world);
  if (loaded.kind !== "run") throw new Error(`Wanted a configuration, got ${JSON.stringify(loaded)}`);
  return loaded.config;
}

export function faultsOf(world: World): readonly string[] {
  const loaded = load(world);
  if (loaded.kind !== "faults") throw new Error(`Wanted faults, got ${loaded.kind}`);
  return loaded.lines;
}

export function printed(world: World): string {
  const loaded = load({ ...world, argv: ["config", "--print", ...(world.argv ?? [])] });
  if (loaded.kind !== "print") throw new Error(`Wanted a print, got ${JSON.stringify(loaded)}`);
  return loaded.text;
}
