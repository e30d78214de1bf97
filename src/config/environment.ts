/**
 * The environment: PRIM_* variables.
 *
 * Rules: an empty variable counts as not set (compose files and CI pass empty ones on); an unknown
 * PRIM_* variable is a fault, since it is a setting that somebody believes to be in force.
 */
import type { Given, GivenValue } from "./given.ts";
import { nearest, suggestion } from "./nearest.ts";
import { CONFIG_FILE_ENV, ENV_PREFIX, settingList } from "./setting-list.ts";
import { showName } from "./show-value.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Kubernetes gives every pod these variables for every service, so one for a service named `prim` or `prim-...`. */
const SERVICE_LINK =
  /^PRIM_(?:\w+_)?SERVICE_(?:HOST|PORT(?:_\w+)?)$|^PRIM_(?:\w+_)?PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?$/;
const SERVICE_LINK_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

export function readEnvironment(env: Environment): Given {
  const values = new Map<string, GivenValue>();
  const faults: string[] = [];
  const known = [...settingList.map((setting) => setting.env), CONFIG_FILE_ENV];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(ENV_PREFIX) || name === CONFIG_FILE_ENV || value === undefined || value === "")
      continue;
    const setting = settingList.find((candidate) => candidate.env === name);
    if (setting !== undefined) {
      values.set(setting.key, { source: name, value });
    } else if (!isServiceLink(name, value)) {
      // Compared without the prefix, which would make everything look alike.
      const near = nearest(
        name.slice(ENV_PREFIX.length),
        known.map((candidate) => candidate.slice(ENV_PREFIX.length)),
      );
      const shown = /^\w{1,60}$/.test(name) ? name : showName(name);
      faults.push(`${shown}: unknown variable${suggestion(near === undefined ? near : ENV_PREFIX + near)}`);
    }
  }
  return { values, faults };
}

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith("_PORT") && SERVICE_LINK_ADDRESS.test(value));
}
