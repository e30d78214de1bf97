/**
 * Where Redis is, read from one address as operators of Redis, Sentinel and Redis Cluster write it, or from the settings
 * of the reference system.
 */

export interface RedisTarget {
  readonly mode: "standalone" | "sentinel" | "cluster";
  /** Sentinels for `sentinel`, some servers for `cluster`, one for `standalone`. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** What the Sentinels call the servers; for `sentinel` only. */
  readonly masterName?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Undefined if the address has none. */
  readonly database: number | undefined;
  readonly isTls: boolean;
}

/** What redisTargetOf() understands, for people. */
export const REDIS_URL_FORMS =
  "redis://[[user]:password@]host[:port][/database], redis+sentinel://[[user]:password@]host[:port],.../name[/database] or redis+cluster://[[user]:password@]host[:port],... (rediss for TLS)";

const URL_PATTERN = /^redis(s)?(?:\+(sentinel|cluster))?:\/\/(?:([^\s/?#]*)@)?([^\s/?#@]+)(?:\/([^\s?#]*))?$/;
const HOST_PATTERN = /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/;
const PORT = 6_379;
const SENTINEL_PORT = 26_379;
const PORT_MAX = 65_535;
const HOSTS_MAX = 64;

/** Undefined if it is no such address. */
export function parseRedisUrl(url: string): RedisTarget | undefined {
  const [, tls, kind, userInfo, hostList = "", path = ""] = URL_PATTERN.exec(url) ?? [];
  const mode = kind === "sentinel" || kind === "cluster" ? kind : "standalone";
  const hosts = parseHosts(hostList, mode === "sentinel" ? SENTINEL_PORT : PORT);
  const place = parsePath(mode, path);
  const user = parseUser(userInfo);
  if (hosts === undefined || place === undefined || user === undefined) return undefined;
  if (mode === "standalone" && hosts.length !== 1) return undefined;
  return { mode, hosts, ...place, ...user, isTls: tls !== undefined };
}

/** @param addr `host[:port]`. */
export function redisTargetOf(addr: string): RedisTarget | undefined {
  const hosts = parseHosts(addr, PORT);
  if (hosts?.length !== 1) return undefined;
  return { mode: "standalone", hosts, database: undefined, isTls: false };
}

function parseHosts(list: string, defaultPort: number): RedisTarget["hosts"] | undefined {
  const hosts: { host: string; port: number }[] = [];
  for (const text of list.split(",")) {
    const [, host, portText] = HOST_PATTERN.exec(text) ?? [];
    const port = portText === undefined ? defaultPort : Number(portText);
    if (host === undefined || port < 1 || port > PORT_MAX) return undefined;
    hosts.push({ host: host.replace(/^\[|\]$/g, ""), port });
  }
  return hosts.length > HOSTS_MAX ? undefined : hosts;
}

function parsePath(
  mode: RedisTarget["mode"],
  path: string,
): Pick<RedisTarget, "masterName" | "database"> | undefined {
  const parts = path.split("/");
  const masterName = mode === "sentinel" ? parts.shift() : undefined;
  const [databaseText = "", ...more] = parts;
  if (more.length > 0 || !/^[0-9]{0,4}$/.test(databaseText) || masterName === "") return undefined;
  const database = databaseText === "" ? undefined : Number(databaseText);
  // A Redis Cluster has one database.
  if (mode === "cluster" && (database ?? 0) !== 0) return undefined;
  return { database, ...(masterName === undefined ? {} : { masterName }) };
}

/** One word alone is the password, as redis-cli has it. */
function parseUser(userInfo: string | undefined): Pick<RedisTarget, "username" | "password"> | undefined {
  if (userInfo === undefined) return {};
  const colon = userInfo.indexOf(":");
  try {
    const username = decodeURIComponent(userInfo.slice(0, Math.max(0, colon)));
    const password = decodeURIComponent(userInfo.slice(colon + 1));
    return { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
  } catch {
    return undefined; // A "%" that begins no escape.
  }
}
