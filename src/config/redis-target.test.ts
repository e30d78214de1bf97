import { describe, expect, test } from "bun:test";
import { faultsOf, loadedConfig } from "./fixture.ts";
import { redisAddressOf } from "./redis-address.ts";
import { parseRedisUrl, redisTargetOf } from "./redis-target.ts";

const at = (host: string, port: number) => ({ host, port });

describe("parseRedisUrl()", () => {
  test("reads one server", () => {
    const plain = { mode: "standalone", hosts: [at("h", 6_379)], database: undefined, isTls: false } as const;
    expect(parseRedisUrl("redis://h")).toEqual(plain);
    expect(parseRedisUrl("redis://h/")).toEqual(plain);
    expect(parseRedisUrl("rediss://h:1/15")).toEqual({
      ...plain,
      hosts: [at("h", 1)],
      database: 15,
      isTls: true,
    });
    expect(parseRedisUrl("redis://[::1]:7000")?.hosts).toEqual([at("::1", 7_000)]);
  });

  test("reads user and password, percent-decoded, and one word alone as the password", () => {
    const userOf = (info: string) => {
      const { username, password } = parseRedisUrl(`redis://${info}@h`) ?? {};
      return [username, password];
    };
    expect(userOf("u:p%2Fq%40")).toEqual(["u", "p/q@"]);
    expect(userOf("u:p@q:r")).toEqual(["u", "p@q:r"]);
    expect(userOf(":p")).toEqual([undefined, "p"]);
    expect(userOf("p")).toEqual([undefined, "p"]);
    expect(userOf("u:")).toEqual(["u", undefined]);
    expect(userOf("")).toEqual([undefined, undefined]);
  });

  test("reads Sentinels with the name of the servers", () => {
    expect(parseRedisUrl("redis+sentinel://u:p@h1,h2:26380/mymaster/3")).toEqual({
      mode: "sentinel",
      hosts: [at("h1", 26_379), at("h2", 26_380)],
      masterName: "mymaster",
      username: "u",
      password: "p",
      database: 3,
      isTls: false,
    });
    expect(parseRedisUrl("rediss+sentinel://h/m")).toMatchObject({ isTls: true, masterName: "m" });
  });

  test("reads the servers of a Redis Cluster", () => {
    const cluster = { mode: "cluster", hosts: [at("h1", 6_379), at("h2", 7_000)], isTls: false } as const;
    expect(parseRedisUrl("redis+cluster://h1,h2:7000")).toEqual({ ...cluster, database: undefined });
    expect(parseRedisUrl("redis+cluster://h1,h2:7000/0")).toEqual({ ...cluster, database: 0 });
  });

  test.each([
    "",
    "h:6379",
    "redis:h",
    "redis://",
    "redis://:p@",
    "redis://h1,h2",
    "redis://h,",
    "redis://h:0",
    "redis://h:65536",
    "redis://h/x",
    "redis://h/1/2",
    "redis://h/10000",
    "redis://h?db=1",
    "redis://h#1",
    "redis://u:%zz@h",
    "redis://u:1/2@h",
    "redis+sentinel://h1,h2",
    "redis+sentinel://h1/",
    "redis+sentinel://h1/m/x",
    "redis+cluster://h1/1",
    "redis+unix:///run/redis.sock",
    "http://h",
    `redis+cluster://${Array.from({ length: 65 }, (_, n) => `h${n}`).join(",")}`,
  ])("refuses %p", (url) => expect(parseRedisUrl(url)).toBeUndefined());
});

test("redisTargetOf() reads host and port, and nothing more", () => {
  expect(redisTargetOf("localhost")?.hosts).toEqual([at("localhost", 6_379)]);
  expect(redisTargetOf("[::1]:7")?.hosts).toEqual([at("::1", 7)]);
  expect(redisTargetOf("a,b")).toBeUndefined();
  expect(redisTargetOf("")).toBeUndefined();
});

describe("settings of Redis that don't go together", () => {
  const env = (more: Record<string, string>) => ({ env: more });

  test("a CA without TLS, and a database of a Redis Cluster, are faults", () => {
    expect(faultsOf(env({ PRIM_REDIS_URL: "redis://h", PRIM_REDIS_TLS_CA: "ca.pem" }))).toEqual([
      "PRIM_REDIS_TLS_CA: redis.tlsCa is set: needs a redis.url that begins with rediss",
    ]);
    expect(faultsOf(env({ PRIM_REDIS_URL: "redis+cluster://h", PRIM_REDIS_DB: "1" }))).toEqual([
      "PRIM_REDIS_DB: redis.DB is 1: must be 0, a Redis Cluster has no other",
    ]);
    const good = env({ PRIM_REDIS_URL: "rediss://h", PRIM_REDIS_TLS_CA: "ca.pem", PRIM_REDIS_DB: "1" });
    expect(loadedConfig(good).redis).toMatchObject({ tlsCa: "ca.pem", DB: 1 });
  });

  test("a key prefix has no braces", () => {
    expect(loadedConfig(env({ PRIM_REDIS_KEY_PREFIX: "chat-1:" })).redis.keyPrefix).toBe("chat-1:");
    expect(loadedConfig({ argv: ["--redis-key-prefix="] }).redis.keyPrefix).toBe("");
    for (const prefix of ["{a}", "a b", "a*", "x".repeat(65)]) {
      expect(faultsOf({ argv: ["--redis-key-prefix", prefix] })).toHaveLength(1);
    }
  });
});

describe("redisAddressOf()", () => {
  const addressOf = (env: Record<string, string>) => redisAddressOf(loadedConfig({ env }));

  test("knows no Redis by default", () => {
    expect(addressOf({})).toBeUndefined();
    expect(addressOf({ PRIM_REDIS_PASSWORD: "p" })).toBeUndefined();
  });

  test("takes the settings beside host and port", () => {
    const env = { PRIM_REDIS_ADDR: "h:1", PRIM_REDIS_PASSWORD: "p", PRIM_REDIS_DB: "2" };
    expect(addressOf({ ...env, PRIM_REDIS_USERNAME: "u" })).toMatchObject({
      mode: "standalone",
      hosts: [at("h", 1)],
      username: "u",
      password: "p",
      database: 2,
      tls: undefined,
    });
  });

  test("lets the address go before the settings", () => {
    const settings = {
      PRIM_REDIS_ADDR: "a",
      PRIM_REDIS_USERNAME: "su",
      PRIM_REDIS_PASSWORD: "sp",
      PRIM_REDIS_DB: "2",
    };
    expect(addressOf({ ...settings, PRIM_REDIS_URL: "rediss://u:p@h/0" })).toMatchObject({
      hosts: [at("h", 6_379)],
      username: "u",
      password: "p",
      database: 0,
      tls: { caFile: undefined },
    });
    expect(addressOf({ ...settings, PRIM_REDIS_URL: "redis://h" })).toMatchObject({
      username: "su",
      password: "sp",
      database: 2,
    });
  });
});
