import { describe, expect, test } from "bun:test";
import { faultsOf, loadedConfig } from "./fixture.ts";
import { defaultConfig } from "./load-config.ts";
import { CONFIG_FILE_CHARS_MAX } from "./yaml-file.ts";

/** As the reference system's documentation gives it. */
const REFERENCE_FILE = `app:
  logFile: log/gin.log # 日志文件位置
  httpPort: 8080 # http端口
  webSocketPort: 8089 # webSocket端口
  rpcPort: 9001 # 分布式部署程序内部通讯端口
  httpUrl: 127.0.0.1:8080
  webSocketUrl:  127.0.0.1:8089


redis:
  addr: "localhost:6379"
  password: ""
  DB: 0
  poolSize: 30
  minIdleConns: 30
`;

describe("readYaml()", () => {
  test("reads a file of the reference system", () => {
    const defaults = defaultConfig();
    expect(loadedConfig({ file: REFERENCE_FILE })).toEqual({
      ...defaults,
      app: {
        ...defaults.app,
        logFile: "log/gin.log",
        httpUrl: "127.0.0.1:8080",
        webSocketUrl: "127.0.0.1:8089",
      },
      redis: { ...defaults.redis, addr: "localhost:6379" },
    });
  });

  test("takes empty files, empty sections and keys without a value as not given", () => {
    for (const file of [
      "",
      "\n",
      "# nothing\n",
      "app:\n",
      "app: {}\nredis:\n  # addr: x\n",
      "app:\n  httpPort:\n  host: ~\n",
    ]) {
      expect(loadedConfig({ file })).toEqual(defaultConfig());
    }
  });

  test("refuses what is no mapping of sections", () => {
    const allowed =
      "must be a mapping of sections (app, log, auth, room, history, limits, http, rpc, cluster, interop, redis)";
    expect(faultsOf({ file: "hello" })).toEqual([`config/app.yaml: holds text: ${allowed}`]);
    expect(faultsOf({ file: "- 1" })).toEqual([`config/app.yaml: holds a list: ${allowed}`]);
    expect(faultsOf({ file: "app:\n---\nredis:\n" })).toEqual([`config/app.yaml: holds a list: ${allowed}`]);
    expect(faultsOf({ file: "7" })).toEqual([`config/app.yaml: holds a number: ${allowed}`]);
  });

  test("refuses sections that are no mappings, each with its line", () => {
    expect(faultsOf({ file: "app: 3\n\nredis: [1]\nlog: x\n" })).toEqual([
      "config/app.yaml:1: app is a number: must be a mapping of settings",
      "config/app.yaml:3: redis is a list: must be a mapping of settings",
      "config/app.yaml:4: log is text: must be a mapping of settings",
    ]);
  });

  test("names the line at which it stops being YAML", () => {
    expect(faultsOf({ file: "app:\n  httpPort: 1\n\n# log\nlog: [a\n" })).toEqual([
      "config/app.yaml:5: not YAML: Unexpected token",
    ]);
    expect(faultsOf({ file: "app:\n\thttpPort: 1\n" })).toEqual([
      "config/app.yaml:2: not YAML: Tab characters cannot be used as indentation",
    ]);
  });

  test("suggests sections, settings, and the section that a setting belongs in", () => {
    const file =
      "ap:\n  x: 1\nhttpPort: 1\napp.rpcPort: 1\nredis:\n  adr: x\n  heartbeatSeconds: 9\nzzzzzzzzzzzzz: 1\n";
    expect(faultsOf({ file })).toEqual([
      "config/app.yaml:1: unknown key ap; did you mean app?",
      "config/app.yaml:3: unknown key httpPort; did you mean httpPort inside the section app?",
      "config/app.yaml:4: unknown key app.rpcPort; did you mean rpcPort inside the section app?",
      "config/app.yaml:6: unknown key redis.adr; did you mean redis.addr?",
      "config/app.yaml:7: unknown key redis.heartbeatSeconds; did you mean app.heartbeatSeconds?",
      "config/app.yaml:8: unknown key zzzzzzzzzzzzz",
    ]);
  });

  test("refuses prototype keys as unknown and leaves prototypes alone", () => {
    const file =
      "__proto__:\n  httpPort: 1\nconstructor: 1\napp:\n  __proto__:\n    httpPort: 2\n  toString: 1\n";
    const lines = faultsOf({ file });
    expect(lines.map((line) => line.split(";")[0])).toEqual([
      "config/app.yaml:1: unknown key __proto__",
      "config/app.yaml:3: unknown key constructor",
      "config/app.yaml:5: unknown key app.__proto__",
      "config/app.yaml:7: unknown key app.toString",
    ]);
    expect(Object.hasOwn(Object.prototype, "httpPort")).toBe(false);
  });

  test("refuses repeated sections and keys, of which YAML would take the last", () => {
    expect(faultsOf({ file: "app:\n  httpPort: 1\n  'httpPort': 2\nredis:\napp:\n  rpcPort: 3\n" })).toEqual([
      "config/app.yaml:3: app.httpPort is given twice, first in line 2",
      "config/app.yaml:5: app is given twice, first in line 1",
    ]);
  });

  test("finds no repeat in text over several lines, lists and other sections", () => {
    const file =
      "app:\n  logFile: |-\n    app:\n    logFile: x\n  platforms:\n  - 1\n  - 2\nlog:\n  level: warn\n";
    expect(faultsOf({ file })).toEqual([expect.stringContaining("config/app.yaml:2: app.logFile is")]);
  });

  test("refuses a file beyond its bound, and takes one at it", () => {
    const comment = (length: number): string => `#${"x".repeat(length - 1)}`;
    expect(loadedConfig({ file: comment(CONFIG_FILE_CHARS_MAX) })).toEqual(defaultConfig());
    expect(faultsOf({ file: comment(CONFIG_FILE_CHARS_MAX + 1) })).toEqual([
      "config/app.yaml: longer than 65536 characters",
    ]);
  });

  test("keeps values and names of unknown keys short and escaped", () => {
    const [line = ""] = faultsOf({ file: `"a\\e[31m${"x".repeat(500)}": 1\n` });
    expect(line.length).toBeLessThan(120);
    expect(line).not.toContain("\u001b");
    const [value = ""] = faultsOf({ env: { PRIM_HTTP_PORT: `\u001b[31m${"x".repeat(500)}` } });
    expect(value.length).toBeLessThan(200);
    expect(value).not.toContain("\u001b");
  });
});
