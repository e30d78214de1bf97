import { describe, expect, test } from "bun:test";
import { faultsOf, load, loadedConfig, type World } from "./fixture.ts";

const isRefused = (world: World): boolean => load(world).kind === "faults";
const acceptedBy = (env: string, values: readonly string[]): string[] =>
  values.filter((value) => !isRefused({ argv: [`--${env}`, value] }));

describe("wholeNumber()", () => {
  test("takes decimal digits within the range from text", () => {
    const tried = [
      "0",
      "1",
      "65535",
      "65536",
      "-1",
      "-0",
      "",
      " 80",
      "80 ",
      "80x",
      "1e3",
      "80.0",
      "0x50",
      "080",
      "+80",
    ];
    const huge = ["9007199254740993", "9".repeat(400), "NaN", "Infinity", "8_0", "８０"];
    expect(acceptedBy("http-port", [...tried, ...huge])).toEqual(["0", "1", "65535"]);
  });

  test("takes whole numbers within the range from YAML, however written", () => {
    const tried = [
      "0",
      "65535",
      "65536",
      "-1",
      '""',
      '" 80"',
      '"80"',
      "1e3",
      "80.5",
      "99999999999999999999",
      ".inf",
      ".nan",
    ];
    const accepted = tried.filter((value) => !isRefused({ file: `app:\n  httpPort: ${value}\n` }));
    expect(accepted).toEqual(["0", "65535", '"80"', "1e3"]);
    expect(
      ["true", "[80]", "{a: 1}", "2020-01-01"].filter(
        (value) => !isRefused({ file: `app:\n  httpPort: ${value}\n` }),
      ),
    ).toEqual([]);
    expect(loadedConfig({ file: 'app:\n  httpPort: "80"\n  rpcPort: 1e3\n' }).app).toMatchObject({
      httpPort: 80,
      rpcPort: 1_000,
    });
  });

  test("holds the borders of the heartbeat", () => {
    expect(acceptedBy("heartbeat-seconds", ["7", "8", "960", "961"])).toEqual(["8", "960"]);
  });
});

describe("platforms()", () => {
  test("takes a YAML list and comma separated text", () => {
    const asNumbers = (world: World): number[] => [...loadedConfig(world).app.platforms].map(Number);
    expect(asNumbers({ file: "app:\n  platforms: [7, 8]\n" })).toEqual([7, 8]);
    expect(asNumbers({ file: "app:\n  platforms:\n    - 7\n    - 8\n" })).toEqual([7, 8]);
    expect(asNumbers({ env: { PRIM_PLATFORMS: "7, 8" } })).toEqual([7, 8]);
  });

  test("refuses empty lists, repeats, what is no platform, and too many", () => {
    const many = (count: number): string => Array.from({ length: count }, (_, index) => index + 1).join(",");
    const tried = ["", ",", "1,", "0", "1,1", "1;2", "x", "4294967295", "4294967296", many(64), many(65)];
    expect(acceptedBy("platforms", tried)).toEqual(["4294967295", many(64)]);
    expect(isRefused({ file: "app:\n  platforms: 101\n" })).toBe(true);
    expect(isRefused({ file: "app:\n  platforms: []\n" })).toBe(true);
    expect(isRefused({ file: "app:\n  platforms: &a [*a]\n" })).toBe(true);
  });
});

describe("text kinds", () => {
  test("publicAddress() takes host:port, a URL of its scheme, or nothing", () => {
    const tried = [
      "",
      "127.0.0.1:8080",
      "im.91vh.com",
      "[::1]:80",
      "http://h",
      "https://h:1/chat",
      "HTTP//h",
    ];
    const refused = [
      "ws://h",
      "ftp://h",
      "h:0",
      "h:65536",
      "h:x",
      "h/x",
      "https://u:p@h",
      "https://h?x",
      'http://h"',
      "a b",
      "javascript:x",
    ];
    expect(acceptedBy("http-url", [...tried, ...refused])).toEqual(tried.slice(0, -1));
    expect(acceptedBy("websocket-url", ["ws://h/acc", "wss://h", "http://h"])).toEqual([
      "ws://h/acc",
      "wss://h",
    ]);
  });

  test("redisUrl() takes what hides no secret outside of user:password", () => {
    const good = [
      "",
      "redis://h",
      "rediss://h:1/15",
      "redis://:p@h",
      "redis://u:p%2Fq@[::1]:6379/0",
      "redis://u:p@q@h",
    ];
    const bad = [
      "h:1",
      "http://h",
      "redis:h",
      "redis://",
      "redis://:p@",
      "redis://u:12/34@h",
      "redis://u:12?x@h",
      "redis://u:12#x@h",
      "redis://h/a",
    ];
    expect(acceptedBy("redis-url", [...good, ...bad])).toEqual(good);
  });

  test("origins() takes origins as a browser sends them, a star, or none", () => {
    const good = ["", "*", "https://a.example", "http://localhost:3000,https://b"];
    const bad = ["https://a/", "https://A", "https://a:443", "null", "a.example", "https://a,https://a", ","];
    expect(acceptedBy("http-cors-origins", [...good, ...bad])).toEqual(good);
    expect(loadedConfig({ file: "http:\n  corsOrigins: []\n" }).http.corsOrigins).toEqual([]);
  });

  test("networks() takes addresses and networks, but not the whole internet", () => {
    const good = ["", "127.0.0.1", "10.0.0.0/8,fd00::/8, ::1", "1.2.3.4/32", "::1/128", "128.0.0.0/1"];
    const bad = ["localhost", "10.0.0.0/0", "::/0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08"];
    const worse = [
      "10/8",
      "10.0.0.0/8/8",
      "10.0.0.0/-1",
      "fe80::1%eth0",
      "::1,::1",
      "[::1]",
      "1.2.3.4:80",
      ",",
    ];
    expect(acceptedBy("trusted-proxies", [...good, ...bad, ...worse])).toEqual(good);
    const many = (count: number) => Array.from({ length: count }, (_, index) => `10.0.0.${index}`).join(",");
    expect(acceptedBy("trusted-proxies", [many(64), many(65)])).toEqual([many(64)]);
    expect(loadedConfig({}).app.trustedProxies).toEqual([]);
  });

  test("listenHost() takes names and addresses without a port", () => {
    expect(
      acceptedBy("host", [
        "::",
        "fe80::1%eth0",
        "localhost",
        "localhost:80",
        "[::1]",
        "1.2.3.4:80",
        "",
        " ",
        "a/b",
        "a".repeat(254),
      ]),
    ).toEqual(["::", "fe80::1%eth0", "localhost"]);
  });

  test("path() refuses control characters, excess length, and emptiness where a path is needed", () => {
    expect(acceptedBy("data-dir", ["none", "", "a\u0000b", "a\nb", "é x"])).toEqual(["none", "é x"]);
    expect(acceptedBy("log-file", ["", "x".repeat(4_095), "x".repeat(4_096)])).toEqual([
      "",
      "x".repeat(4_095),
    ]);
  });

  test("password() refuses a number of YAML, which may have lost its zeros", () => {
    expect(loadedConfig({ file: 'redis:\n  password: "0123"\n' }).redis.password).toBe("0123");
    expect(faultsOf({ file: "redis:\n  password: 0123\n" })).toEqual([
      "config/app.yaml:2: redis.password is ***: must be text of at most 2048 characters, in quotes if it looks like a number",
    ]);
  });

  test("choice() refuses another case and the modes of later versions", () => {
    expect(acceptedBy("log-level", ["debug", "silent", "INFO", "", "trace"])).toEqual(["debug", "silent"]);
    expect(faultsOf({ env: { PRIM_AUTH_MODE: "jwt" } })).toEqual([
      'PRIM_AUTH_MODE: auth.mode is "jwt": must be guest',
    ]);
  });
});
