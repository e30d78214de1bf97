/**
 * The table of settings as a flat list, with the names that follow from each key.
 *
 * Rule: a name is made of the words of the key's last part. `app` and `limits` are left out, other
 * sections go in front: app.httpPort is PRIM_HTTP_PORT and --http-port, redis.url is PRIM_REDIS_URL
 * and --redis-url. "webSocket" is one word, as in PRIM_WEBSOCKET_PORT.
 */
import { SETTINGS, type Setting } from "./settings.ts";

export interface ListedSetting extends Setting<unknown> {
  /** `section.name`. */
  readonly key: string;
  readonly section: string;
  readonly name: string;
  /** Name of the environment variable. */
  readonly env: string;
  /** With the dashes. */
  readonly flag: string;
}

export const ENV_PREFIX = "PRIM_";
/** Names the configuration file; the one variable that is no setting. */
export const CONFIG_FILE_ENV = "PRIM_CONFIG";
/** Read if it exists in the working directory and no other file is named. */
export const CONFIG_FILE_DEFAULT = "config/app.yaml";

/** In the order of the table, sections together. */
export const settingList: readonly ListedSetting[] = Object.entries(SETTINGS).flatMap(([section, settings]) =>
  Object.entries(settings).map(([name, setting]) => {
    const words = nameWords(section, name);
    return {
      ...(setting as Setting<unknown>),
      key: `${section}.${name}`,
      section,
      name,
      env: ENV_PREFIX + words.join("_").toUpperCase(),
      flag: `--${words.join("-")}`,
    };
  }),
);

export const sectionNames: readonly string[] = Object.keys(SETTINGS);

function nameWords(section: string, name: string): string[] {
  const words = name
    .replace("webSocket", "websocket")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(" ");
  return section === "app" || section === "limits" ? words : [section, ...words];
}
