/**
 * RedisClient: an ioredis client for each way of running Redis, set up so that no command is ever sent twice.
 *
 * ioredis repeats by itself what it has no answer for. For a write without an id that would be a second message, so all of
 * that is off: who called decides. What is left on are repeats of what was surely not executed (MOVED, ASK, TRYAGAIN,
 * CLUSTERDOWN).
 */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { PrimError } from "../../base/errors.ts";
import { REDIS_RETRY_MS_MAX, REDIS_RETRY_MS_MIN } from "../../base/limits.ts";
import type { RedisAddress, RedisTls } from "./redis-address.ts";

export type RedisClient = Redis | Cluster;

/** Which shape answers have is no choice of ours: all expect the classic one. */
type Options = Omit<RedisOptions, "replyMapping">;

const KEEP_ALIVE_MS = 10_000;

/**
 * @param timeoutMs for making a connection; it is given up as dead when it is silent for twice as long with answers due.
 * @param onReplica is told when the server turns out to be one that may not be written, before the connection is made anew.
 * @throws {PrimError} `failed_precondition` if the file of certificates can't be read.
 */
export function createClient(
  address: RedisAddress,
  timeoutMs: number,
  onReplica: (error: Error) => void,
): RedisClient {
  const common = commonOptions(address, timeoutMs, onReplica);
  switch (address.mode) {
    case "standalone":
      return new Redis({ ...common, ...ownOptions(address), ...address.hosts[0] });
    case "sentinel":
      return new Redis({ ...common, ...ownOptions(address), ...sentinelOptions(address, timeoutMs) });
    case "cluster":
      return new Cluster([...address.hosts], {
        redisOptions: common,
        lazyConnect: true,
        clusterRetryStrategy: retryDelayMs,
        retryDelayOnFailover: 0,
        slotsRefreshTimeout: timeoutMs,
        // A certificate is for the name, so the name must reach the one who checks it.
        ...(address.tls === undefined ? {} : { dnsLookup: (name, done) => done(null, name) }),
      });
  }
}

function commonOptions(address: RedisAddress, timeoutMs: number, onReplica: (error: Error) => void): Options {
  const { username, password, tls } = address;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    connectionName: "prim",
    connectTimeout: timeoutMs,
    socketTimeout: 2 * timeoutMs,
    keepAlive: KEEP_ALIVE_MS,
    // Both together: what has no answer when the connection breaks is refused, and never sent again.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    maxLoadingRetryTime: REDIS_RETRY_MS_MAX,
    // Fewer rights to grant than with version 3, and nothing of it is needed.
    protocol: 2,
    disableClientInfo: true,
    // A new connection, by the server's name or by Sentinel, leads to the one that may be written.
    reconnectOnError(error) {
      const isReplica = error.message.startsWith("READONLY");
      if (isReplica) onReplica(error);
      return isReplica;
    },
  };
}

/** What a cluster client says once for all its connections. */
function ownOptions(address: RedisAddress): Options {
  return {
    db: address.database,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
  };
}

function sentinelOptions(address: RedisAddress, timeoutMs: number): Options {
  const { hosts, masterName, sentinelPassword, tls } = address;
  return {
    sentinels: [...hosts],
    name: masterName ?? "",
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }),
    sentinelRetryStrategy: retryDelayMs,
    sentinelCommandTimeout: timeoutMs,
    // Told of a failover while it connects, ioredis 6.0.0 ends for good. It is not needed: Sentinel breaks the connections to
    // a server that it demotes, and one that it could not reach refuses writes when it is back (READONLY).
    failoverDetector: false,
  };
}

function tlsOptions({ caFile }: RedisTls): ConnectionOptions {
  if (caFile === undefined) return {};
  try {
    return { ca: readFileSync(caFile, "utf8") };
  } catch (error) {
    throw new PrimError(
      "failed_precondition",
      `Cannot read the certificates to trust for Redis: "${caFile}"`,
      {
        cause: error,
      },
    );
  }
}

function retryDelayMs(attempt: number): number {
  return Math.min(REDIS_RETRY_MS_MIN * 2 ** Math.min(attempt - 1, 10), REDIS_RETRY_MS_MAX);
}
