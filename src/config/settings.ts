/**
 * The table of settings: the one place that says which settings exist, what they may be, what they
 * are by default and what they are for.
 *
 * Parsing, environment and flag names, --help, config --print, config/app.yaml, the README's table
 * and the type Config are derived from it. Defaults that are bounds live in base/limits.ts.
 */
import type { AppPlatform } from "../base/ids.ts";
import {
  BACKLOG_BYTES_MAX,
  CHANNELS_PER_SESSION_MAX,
  CONNECTIONS_MAX,
  DRAIN_MS_MAX,
  FRAME_BYTES_MAX,
  FRAMES_PER_SECOND,
  HEARTBEAT_SECONDS_MAX,
  HEARTBEAT_SECONDS_MIN,
  HISTORY_AGE_SECONDS,
  HISTORY_COUNT_MAX,
  LEASE_MS,
  LEASE_MS_MAX,
  LEASE_MS_MIN,
  REDIS_TIMEOUT_MS,
  ROOM_ANNOUNCE_MAX,
} from "../base/limits.ts";
import * as kinds from "./kinds.ts";

export interface Setting<T> {
  readonly kind: kinds.Kind<T>;
  readonly default: T;
  /** One line for operators: what it does, what an empty or special value means. */
  readonly doc: string;
  /** `whole`: never shown. `url`: shown without its user, password and query. Absent: no secret. */
  readonly secret?: "whole" | "url";
  /** A second, shorter flag, without the dashes. */
  readonly flagAlias?: string;
}

/** `app.dataDir` with this value: nothing on disk. */
export const MEMORY_ONLY = "none";

const MEBIBYTE = 1024 * 1024;
/** Ten years. */
const AGE_SECONDS_MAX = 10 * 365 * 24 * 3_600;

export const SETTINGS = {
  app: {
    httpPort: setting(kinds.port(), 8080, "Port of the web page, the HTTP interface and browsers' RPC"),
    webSocketPort: setting(kinds.port(), 8089, "Port of the WebSocket gateway, path /acc"),
    rpcPort: setting(kinds.port(), 9001, "Port of gRPC: back ends, operators, other nodes"),
    host: setting(kinds.listenHost(), "0.0.0.0", "Address that all ports listen on"),
    httpUrl: setting(
      kinds.publicAddress("http"),
      "",
      "Public HTTP address that the page is told, such as 127.0.0.1:8080; empty: as the browser sees it",
    ),
    webSocketUrl: setting(
      kinds.publicAddress("ws"),
      "",
      "Public WebSocket address that the page is told, such as 127.0.0.1:8089; empty: as the browser sees it",
    ),
    logFile: setting(
      kinds.path("optional"),
      "",
      "File that the log goes to, such as log/gin.log; empty: standard error",
    ),
    dataDir: setting(
      kinds.path("required"),
      "./data",
      `Directory of the messages; ${MEMORY_ONLY}: memory only, nothing on disk`,
      {
        flagAlias: "data",
      },
    ),
    trustedProxies: setting(
      kinds.networks(),
      [],
      "Proxies whose X-Forwarded-For says who the client is; empty: nobody's is believed",
    ),
    workers: setting(
      kinds.workers(),
      1,
      "Processes that share the ports, each a node with a core of its own; auto: one per core. More than one needs Redis",
    ),
    platforms: setting(
      kinds.platforms(),
      [101, 102, 103, 104] as readonly number[] as readonly AppPlatform[],
      "Platforms one can log in on: 101 web, 102 Android, 103 iOS, 104 desktop",
    ),
    heartbeatSeconds: setting(
      kinds.wholeNumber(HEARTBEAT_SECONDS_MIN, HEARTBEAT_SECONDS_MAX),
      360,
      "Seconds after which a silent connection is closed",
    ),
    drainSeconds: setting(
      kinds.wholeNumber(0, 600),
      DRAIN_MS_MAX / 1_000,
      "Seconds between the first signal to stop and the exit, at most",
    ),
  },
  log: {
    level: setting(
      kinds.choice("debug", "info", "warn", "error", "silent"),
      "info",
      "Least severe events that are logged",
    ),
    format: setting(kinds.choice("json", "text"), "json", "One JSON object per line, or text for people"),
  },
  auth: {
    mode: setting(
      kinds.choice("guest"),
      "guest",
      "Who may log in; guest is anyone, with any name, and the only mode of this version",
    ),
  },
  room: {
    announceMax: setting(
      kinds.wholeNumber(0, 100_000),
      ROOM_ANNOUNCE_MAX,
      "Members up to which a room is told of each coming and going; above it gets a count",
    ),
  },
  history: {
    countMax: setting(
      kinds.wholeNumber(1, 100_000_000),
      HISTORY_COUNT_MAX,
      "Messages kept per channel; older ones are deleted",
    ),
    ageSeconds: setting(
      kinds.wholeNumber(1, AGE_SECONDS_MAX),
      HISTORY_AGE_SECONDS,
      "Seconds for which messages are kept",
    ),
  },
  limits: {
    frameBytesMax: setting(
      kinds.wholeNumber(1_024, 16 * MEBIBYTE),
      FRAME_BYTES_MAX,
      "Bytes of one frame from a client",
    ),
    backlogBytesMax: setting(
      kinds.wholeNumber(16 * 1_024, 1_024 * MEBIBYTE),
      BACKLOG_BYTES_MAX,
      "Bytes that a slow reader may leave unread before it is closed; at least limits.frameBytesMax",
    ),
    framesPerSecond: setting(
      kinds.wholeNumber(1, 1_000_000),
      FRAMES_PER_SECOND,
      "Frames per second and session",
    ),
    connectionsMax: setting(
      kinds.wholeNumber(1, 10_000_000),
      CONNECTIONS_MAX,
      "Client connections of this process",
    ),
    channelsPerSessionMax: setting(
      kinds.wholeNumber(1, 10_000),
      CHANNELS_PER_SESSION_MAX,
      "Rooms that one session may be in",
    ),
  },
  http: {
    corsOrigins: setting(
      kinds.origins(),
      ["*"],
      "Origins whose pages may call the HTTP interface; an empty list: only prim's own page",
    ),
  },
  rpc: {
    tlsCert: setting(
      kinds.path("optional"),
      "",
      "File with the certificates of the RPC port, PEM; empty: the port speaks clear text (h2c)",
    ),
    tlsKey: setting(kinds.path("optional"), "", "File with the private key of rpc.tlsCert, PEM"),
  },
  cluster: {
    leaseSeconds: setting(
      kinds.wholeNumber(LEASE_MS_MIN / 1_000, LEASE_MS_MAX / 1_000),
      LEASE_MS / 1_000,
      "Seconds after which a node that was killed counts as dead",
    ),
    advertise: setting(
      kinds.hostAndPort(),
      "",
      "host[:port] at which other nodes reach the RPC port; empty: app.host, or the first address of this machine",
    ),
    tlsCa: setting(
      kinds.path("optional"),
      "",
      "File with the certificates that nodes trust on each other's RPC port, PEM; empty: those of the system",
    ),
  },
  interop: {
    gowebsocket: setting(
      kinds.yesOrNo(),
      false,
      "Whether nodes of the reference system (gowebsocket) serve the same users beside prim, over the same Redis database",
    ),
  },
  redis: {
    url: setting(kinds.redisUrl(), "", "Redis as one address; empty: redis.addr decides", { secret: "url" }),
    username: setting(
      kinds.password(),
      "",
      "User of Redis, unless redis.url has one; empty: Redis's default user",
    ),
    addr: setting(
      kinds.hostAndPort(),
      "",
      "Redis as host:port, such as localhost:6379; empty (and no redis.url): no Redis",
    ),
    password: setting(kinds.password(), "", "Password of Redis, unless redis.url has one", {
      secret: "whole",
    }),
    DB: setting(kinds.wholeNumber(0, 9_999), 0, "Number of the Redis database, unless redis.url has one"),
    sentinelPassword: setting(kinds.password(), "", "Password of the Sentinels, if they have one", {
      secret: "whole",
    }),
    tlsCa: setting(
      kinds.path("optional"),
      "",
      "File with the certificates to trust for rediss://, PEM; empty: the system's",
    ),
    keyPrefix: setting(kinds.keyPrefix(), "prim:", "What all keys begin with; nodes of a cluster share it"),
    timeoutMs: setting(
      kinds.wholeNumber(100, 60_000),
      REDIS_TIMEOUT_MS,
      "Milliseconds after which a call without an answer is given up",
    ),
    poolSize: setting(kinds.wholeNumber(0, 100_000), 30, "No effect: prim uses one multiplexed connection"),
    minIdleConns: setting(
      kinds.wholeNumber(0, 100_000),
      30,
      "No effect: prim uses one multiplexed connection",
    ),
  },
};

type Settings = typeof SETTINGS;

/** The effective configuration: `config.app.httpPort`. Every value lies within what its setting allows. */
export type Config = {
  readonly [Section in keyof Settings]: {
    readonly [Name in keyof Settings[Section]]: Settings[Section][Name] extends Setting<infer T> ? T : never;
  };
};

function setting<T>(
  kind: kinds.Kind<T>,
  byDefault: NoInfer<T>,
  doc: string,
  more: Pick<Setting<T>, "secret" | "flagAlias"> = {},
): Setting<T> {
  return { kind, default: byDefault, doc, ...more };
}
