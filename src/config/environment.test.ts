import { describe, expect, test } from "bun:test";
import { faultsOf, loadedConfig } from "./fixture.ts";
import { defaultConfig } from "./load-config.ts";
import { settingList } from "./setting-list.ts";

describe("readEnvironment()", () => {
  test("suggests the nearest variable, and none if none is near", () => {
    expect(
      faultsOf({
        env: { PRIM_DATA: "x", PRIM_PORT: "80", PRIM_CONFG: "x", PRIM_QQQQQQQQQQ: "x", PRIM_: "x" },
      }),
    ).toEqual([
      "PRIM_DATA: unknown variable; did you mean PRIM_DATA_DIR?",
      "PRIM_PORT: unknown variable; did you mean PRIM_HTTP_PORT?",
      "PRIM_CONFG: unknown variable; did you mean PRIM_CONFIG?",
      "PRIM_QQQQQQQQQQ: unknown variable",
      "PRIM_: unknown variable",
    ]);
  });

  test("leaves variables of others alone", () => {
    expect(
      loadedConfig({ env: { HTTP_PORT: "x", PRIMARY: "x", prim_http_port: "x", PATH: "/bin" } }),
    ).toEqual(defaultConfig());
  });

  test("leaves the service links of Kubernetes alone, and still hears of misspelt ports", () => {
    const links = {
      PRIM_SERVICE_HOST: "10.0.0.1",
      PRIM_SERVICE_PORT: "8080",
      PRIM_SERVICE_PORT_WS: "8089",
      PRIM_PORT: "tcp://10.0.0.1:8080",
      PRIM_PORT_8080_TCP: "tcp://10.0.0.1:8080",
      PRIM_PORT_8080_TCP_ADDR: "10.0.0.1",
      PRIM_REDIS_SERVICE_HOST: "10.0.0.2",
      PRIM_REDIS_PORT: "tcp://10.0.0.2:6379",
      PRIM_REDIS_PORT_6379_TCP_PROTO: "tcp",
    };
    expect(loadedConfig({ env: links })).toEqual(defaultConfig());
    expect(faultsOf({ env: { PRIM_HTP_PORT: "80" } })).toEqual([
      "PRIM_HTP_PORT: unknown variable; did you mean PRIM_HTTP_PORT?",
    ]);
  });
});

describe("settingList", () => {
  test("derives the names from the keys", () => {
    const names = Object.fromEntries(settingList.map(({ key, env, flag }) => [key, [env, flag]]));
    expect(names).toMatchObject({
      "app.httpPort": ["PRIM_HTTP_PORT", "--http-port"],
      "app.webSocketPort": ["PRIM_WEBSOCKET_PORT", "--websocket-port"],
      "app.webSocketUrl": ["PRIM_WEBSOCKET_URL", "--websocket-url"],
      "app.dataDir": ["PRIM_DATA_DIR", "--data-dir"],
      "limits.frameBytesMax": ["PRIM_FRAME_BYTES_MAX", "--frame-bytes-max"],
      "log.level": ["PRIM_LOG_LEVEL", "--log-level"],
      "room.announceMax": ["PRIM_ROOM_ANNOUNCE_MAX", "--room-announce-max"],
      "redis.DB": ["PRIM_REDIS_DB", "--redis-db"],
      "redis.minIdleConns": ["PRIM_REDIS_MIN_IDLE_CONNS", "--redis-min-idle-conns"],
    });
  });

  test("gives no two settings the same variable or flag", () => {
    const flags = settingList.flatMap(({ flag, flagAlias }) =>
      flagAlias === undefined ? [flag] : [flag, `--${flagAlias}`],
    );
    flags.push("--config", "--help", "--version", "--print");
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(settingList.map(({ env }) => env).concat("PRIM_CONFIG")).size).toBe(
      settingList.length + 1,
    );
  });

  test("has defaults that their own settings allow", () => {
    const refused = settingList.filter(({ kind, default: value }) => !kind.schema.safeParse(value).success);
    expect(refused.map(({ key }) => key)).toEqual([]);
  });
});
