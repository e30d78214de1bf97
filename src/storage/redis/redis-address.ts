/**
 * RedisAddress: where a Redis is, and what it wants to be shown.
 */

export interface RedisHost {
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
}

export interface RedisAddress {
  /**
   * `standalone`: one server, or a name that always leads to the one that may be written. `sentinel`: the hosts are
   * Sentinels, which know the server that may be written. `cluster`: the hosts are some nodes of a Redis Cluster.
   */
  readonly mode: "standalone" | "sentinel" | "cluster";
  /** At least one; `standalone` has exactly one. */
  readonly hosts: readonly RedisHost[];
  /** What Sentinel calls the servers; for `sentinel` only. */
  readonly masterName?: string | undefined;
  /** An ACL user; absent: Redis's own default user. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** What the Sentinels want to be shown; for `sentinel` only. */
  readonly sentinelPassword?: string | undefined;
  /** Number of the database; a Redis Cluster has only 0. */
  readonly database: number;
  /** Absent: clear text. */
  readonly tls?: RedisTls | undefined;
}

export interface RedisTls {
  /** File with the certificates to trust instead of the system's, PEM. */
  readonly caFile?: string | undefined;
}

/** For logs and errors: hosts only, no user, no password. */
export function nameOf({ mode, hosts, masterName }: RedisAddress): string {
  const list = hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join(", ");
  if (mode === "standalone") return list;
  return mode === "sentinel" ? `"${masterName ?? ""}" by the Sentinels ${list}` : `the cluster of ${list}`;
}
