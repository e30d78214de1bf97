import { describe, expect, test } from "bun:test";
import { faultsOf, load, loadedConfig, printed, type World } from "./fixture.ts";
import { defaultConfig } from "./load-config.ts";
import { settingList } from "./setting-list.ts";
import { startupWarnings } from "./warnings.ts";

const SECRET = "hunter2";
const YAML_COMMENT = / +# \S+$/gm;

describe("secrets", () => {
  test("config --print masks the password, and user and password inside redis.url", () => {
    const env = {
      PRIM_REDIS_PASSWORD: SECRET,
      PRIM_REDIS_URL: `rediss://admin:${SECRET}@cache.example:6380/2`,
    };
    const text = printed({ env });
    expect(text).toContain('url: "rediss://***@cache.example:6380/2"');
    expect(text).toContain('password: "***"');
    expect(text).not.toContain(SECRET);
    expect(loadedConfig({ env }).redis).toMatchObject({ password: SECRET, url: env.PRIM_REDIS_URL });
    expect(printed({ env: { PRIM_REDIS_URL: `redis://${SECRET}@h` } })).not.toContain(SECRET);
    expect(printed({})).toMatch(/password: "" /);
  });

  test("no fault shows a secret, wherever it was put", () => {
    const worlds: World[] = [
      { env: { PRIM_REDIS_PASSWORD: SECRET + "x".repeat(5_000) } },
      { env: { PRIM_REDIS_URL: `redis//:${SECRET}@h` } },
      { env: { PRIM_REDIS_ADDR: `redis://:${SECRET}@h` } },
      { env: { PRIM_HTTP_URL: `https://u:${SECRET}@h` } },
      { env: { PRIM_HTTP_CORS_ORIGINS: `https://u:${SECRET}@h` } },
      { env: { PRIM_REDIS_PASWORD: SECRET } },
      { argv: ["--redis-pasword", SECRET] },
      { argv: [`--redis-pasword=${SECRET}`] },
      { argv: ["--redis-password=", SECRET] },
      { argv: ["--redis-url", `x${SECRET}`] },
      { file: `redis:\n  pasword: ${SECRET}\n` },
      { file: `redis: redis://:${SECRET}@h\n` },
      { file: `redis:\n  password: {a: ${SECRET}}\n` },
      { file: `redis:\n  addr: {password: ${SECRET}}\n` },
      { file: `redis:\n  password: [${SECRET}\n` },
      { file: SECRET },
    ];
    for (const world of worlds) {
      expect(faultsOf(world).length).toBeGreaterThan(0);
      expect(faultsOf(world).join("\n")).not.toContain(SECRET);
    }
  });

  test("start-up warnings show no secret", () => {
    const config = loadedConfig({ env: { PRIM_REDIS_URL: `redis://:${SECRET}@h`, PRIM_DATA_DIR: "none" } });
    expect(startupWarnings(config)).toHaveLength(1);
    expect(startupWarnings(config).join("\n")).not.toContain(SECRET);
  });
});

describe("startupWarnings()", () => {
  test("tells of guest mode, and of messages that are kept in memory only", () => {
    const guest = expect.stringContaining("anyone may log in with any name");
    const memory = expect.stringContaining("gone after a restart");
    expect(startupWarnings(defaultConfig())).toEqual([guest]);
    expect(startupWarnings(loadedConfig({ env: { PRIM_DATA_DIR: "none" } }))).toEqual([guest, memory]);
    for (const env of [{ PRIM_REDIS_URL: "redis://h" }, { PRIM_REDIS_ADDR: "localhost:6379" }]) {
      expect(startupWarnings(loadedConfig({ env: { ...env, PRIM_DATA_DIR: "none" } }))).toEqual([guest]);
    }
  });
});

describe("renderEffective()", () => {
  test("is a file that gives the same configuration", () => {
    const world: World = {
      file: 'app:\n  dataDir: "a # b"\n  logFile: "null"\n',
      env: { PRIM_PLATFORMS: "9,8", PRIM_REDIS_ADDR: "h:1", PRIM_HTTP_CORS_ORIGINS: "https://a,https://b" },
      argv: ["--host", "::"],
    };
    expect(loadedConfig({ file: printed(world) })).toEqual(loadedConfig(world));
  });

  test("names the source of every value", () => {
    const text = printed({
      file: "app:\n  httpPort: 1\n",
      env: { PRIM_RPC_PORT: "2" },
      argv: ["--host", "::"],
    });
    expect(text).toMatch(/httpPort: 1 +# config\/app\.yaml:2\n/);
    expect(text).toMatch(/rpcPort: 2 +# PRIM_RPC_PORT\n/);
    expect(text).toMatch(/host: "::" +# --host\n/);
    expect(text).toMatch(/webSocketPort: 8089 +# default\n/);
    expect(text.match(YAML_COMMENT)).toHaveLength(settingList.length);
  });

  test("prints nothing when there are faults", () => {
    expect(load({ argv: ["config", "--print", "--http-port", "x"] }).kind).toBe("faults");
  });
});
