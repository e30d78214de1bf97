import { describe, expect, test } from "bun:test";
import { faultsOf, load, loadedConfig } from "./fixture.ts";
import { defaultConfig, loadConfig } from "./load-config.ts";

describe("loadConfig()", () => {
  test("gives the defaults when told nothing", () => {
    expect(load({})).toEqual({ kind: "run", config: defaultConfig(), configFile: undefined });
    const { app, redis, auth, log } = defaultConfig();
    expect([app.httpPort, app.webSocketPort, app.rpcPort]).toEqual([8080, 8089, 9001]);
    expect([...app.platforms].map(Number)).toEqual([101, 102, 103, 104]);
    expect([app.host, app.dataDir, app.heartbeatSeconds, app.drainSeconds]).toEqual([
      "0.0.0.0",
      "./data",
      360,
      10,
    ]);
    expect([redis.url, redis.addr, redis.DB, auth.mode, log.level, log.format]).toEqual([
      "",
      "",
      0,
      "guest",
      "info",
      "json",
    ]);
  });

  test("takes a flag before a variable, a variable before the file, the file before the default", () => {
    const file = "app:\n  httpPort: 1\n  webSocketPort: 2\n  rpcPort: 3\n";
    const env = { PRIM_WEBSOCKET_PORT: "20", PRIM_RPC_PORT: "30" };
    const { app } = loadedConfig({ file, env, argv: ["--rpc-port", "300"] });
    expect([app.httpPort, app.webSocketPort, app.rpcPort, app.drainSeconds]).toEqual([1, 20, 300, 10]);
  });

  test("takes a flag with = and the last of a repeated one", () => {
    expect(loadedConfig({ argv: ["--http-port=1", "--http-port", "2"] }).app.httpPort).toBe(2);
  });

  test("reads --data as --data-dir", () => {
    expect(loadedConfig({ argv: ["--data", "none"] }).app.dataDir).toBe("none");
  });

  test("counts an empty variable as not set, and an empty flag as given", () => {
    const file = "redis:\n  url: redis://h\n";
    expect(loadedConfig({ file, env: { PRIM_REDIS_URL: "", PRIM_HTTP_PORT: "" } }).redis.url).toBe(
      "redis://h",
    );
    expect(loadedConfig({ file, argv: ["--redis-url="] }).redis.url).toBe("");
    expect(loadedConfig({ argv: ["--redis-url", ""] }).redis.url).toBe("");
  });

  test("reports the faults of file, environment and flags at once, also of overridden values", () => {
    const lines = faultsOf({
      file: "app:\n  httpPort: 80x\n  htpPort: 1\nlog:\n  level: loud\n",
      env: { PRIM_HTTP_PORT: "-1", PRIM_RPC_PROT: "1" },
      argv: ["--http-port", "5", "--data-dri", "x", "--drain-seconds", "601"],
    });
    expect(lines).toEqual([
      "config/app.yaml:3: unknown key app.htpPort; did you mean app.httpPort?",
      "PRIM_RPC_PROT: unknown variable; did you mean PRIM_RPC_PORT?",
      "--data-dri: unknown flag; did you mean --data-dir?",
      'config/app.yaml:2: app.httpPort is "80x": must be a whole number from 0 to 65535 (0 takes a free port)',
      'PRIM_HTTP_PORT: app.httpPort is "-1": must be a whole number from 0 to 65535 (0 takes a free port)',
      '--drain-seconds: app.drainSeconds is "601": must be a whole number from 0 to 600',
      'config/app.yaml:5: log.level is "loud": must be debug, info, warn, error or silent',
    ]);
  });

  test("refuses the same port twice, and names both sources", () => {
    expect(faultsOf({ argv: ["--rpc-port", "8080"], env: { PRIM_WEBSOCKET_PORT: "8080" } })).toEqual([
      "PRIM_WEBSOCKET_PORT: app.webSocketPort is 8080: must differ from app.httpPort (default)",
      "--rpc-port: app.rpcPort is 8080: must differ from app.httpPort (default)",
    ]);
  });

  test("takes port 0 for all three", () => {
    const { app } = loadedConfig({ argv: ["--http-port", "0", "--websocket-port", "0", "--rpc-port", "0"] });
    expect([app.httpPort, app.webSocketPort, app.rpcPort]).toEqual([0, 0, 0]);
  });

  test("reports no clash with the default that stands in for a refused port", () => {
    expect(faultsOf({ argv: ["--http-port", "x", "--rpc-port", "8080"] })).toHaveLength(1);
  });

  test("refuses a backlog below the largest frame, and takes an equal one", () => {
    const env = { PRIM_FRAME_BYTES_MAX: "70000" };
    expect(loadedConfig({ env: { ...env, PRIM_BACKLOG_BYTES_MAX: "70000" } }).limits.backlogBytesMax).toBe(
      70_000,
    );
    expect(faultsOf({ env: { ...env, PRIM_BACKLOG_BYTES_MAX: "69999" } })).toEqual([
      "PRIM_BACKLOG_BYTES_MAX: limits.backlogBytesMax is 69999: must be at least limits.frameBytesMax, 70000",
    ]);
  });

  test("refuses workers without Redis, and one advertised port for all of them", () => {
    const argv = ["--workers", "2"];
    expect(faultsOf({ argv })).toEqual([
      "--workers: app.workers is 2: needs redis.url, in which the workers find each other",
    ]);
    const redis = ["--redis-url", "redis://10.0.0.1"];
    expect(faultsOf({ argv: [...argv, ...redis, "--cluster-advertise", "10.0.0.2:9001"] })).toEqual([
      '--cluster-advertise: cluster.advertise is "10.0.0.2:9001": must have no port with app.workers',
    ]);
    expect(loadedConfig({ argv: ["--workers", "auto", ...redis] }).app.workers).toBe("auto");
    const named = ["--cluster-advertise", "10.0.0.2"];
    expect(loadedConfig({ argv: [...argv, ...redis, ...named] }).app.workers).toBe(2);
  });

  test("refuses nodes of the reference system beside it without Redis, or behind TLS", () => {
    const argv = ["--interop-gowebsocket", "true"];
    expect(faultsOf({ argv })).toEqual([
      "--interop-gowebsocket: interop.gowebsocket is true: needs redis.url, the Redis of the reference system's nodes",
    ]);
    const redis = ["--redis-url", "redis://10.0.0.1"];
    expect(faultsOf({ argv: [...argv, ...redis, "--rpc-tls-cert", "a", "--rpc-tls-key", "b"] })).toEqual([
      "--interop-gowebsocket: interop.gowebsocket is true: needs rpc.tlsCert to be empty, those nodes speak clear text",
    ]);
    expect(loadedConfig({ argv: [...argv, ...redis] }).interop.gowebsocket).toBe(true);
    expect(loadedConfig({ argv: [...argv, "--redis-addr", "localhost:6379"] }).interop.gowebsocket).toBe(
      true,
    );
    expect(loadedConfig({ env: { PRIM_INTEROP_GOWEBSOCKET: "false" } }).interop.gowebsocket).toBe(false);
    expect(faultsOf({ argv: ["--interop-gowebsocket", "yes"] })).toEqual([
      '--interop-gowebsocket: interop.gowebsocket is "yes": must be true or false',
    ]);
  });

  test("refuses a certificate without its key, and the other way round", () => {
    expect(faultsOf({ argv: ["--rpc-tls-cert", "a.pem"] })).toEqual([
      "--rpc-tls-cert: rpc.tlsCert is set: needs rpc.tlsKey beside it",
    ]);
    expect(faultsOf({ argv: ["--rpc-tls-key", "b.pem"] })).toEqual([
      "--rpc-tls-key: rpc.tlsKey is set: needs rpc.tlsCert beside it",
    ]);
    const both = loadedConfig({ argv: ["--rpc-tls-key", "b.pem", "--rpc-tls-cert", "a.pem"] });
    expect(both.rpc).toEqual({ tlsCert: "a.pem", tlsKey: "b.pem" });
  });
});

describe("loadConfig() and the file", () => {
  const files: Readonly<Record<string, string>> = {
    "config/app.yaml": "app:\n  httpPort: 1\n",
    "a.yaml": "app:\n  httpPort: 2\n",
    "b.yaml": "app:\n  httpPort: 3\n",
  };
  const sources = {
    env: {},
    argv: [] as string[],
    fileExists: (path: string) => path in files || path === "directory",
    readFile(path: string): string {
      const content = files[path];
      if (content === undefined) throw new Error("EISDIR: it is a directory");
      return content;
    },
  };
  const httpPort = (world: Partial<typeof sources>): unknown => {
    const loaded = loadConfig({ ...sources, ...world });
    return loaded.kind === "run" ? [loaded.config.app.httpPort, loaded.configFile] : loaded;
  };

  test("reads --config before PRIM_CONFIG before config/app.yaml", () => {
    expect(httpPort({})).toEqual([1, "config/app.yaml"]);
    expect(httpPort({ env: { PRIM_CONFIG: "a.yaml" } })).toEqual([2, "a.yaml"]);
    expect(httpPort({ env: { PRIM_CONFIG: "" } })).toEqual([1, "config/app.yaml"]);
    expect(httpPort({ env: { PRIM_CONFIG: "a.yaml" }, argv: ["--config", "b.yaml"] })).toEqual([3, "b.yaml"]);
  });

  test("refuses a named file that is missing or unreadable, together with other faults", () => {
    expect(httpPort({ argv: ["--config", "c.yaml", "--http-port", "x"] })).toEqual({
      kind: "faults",
      lines: [
        '--config: configuration file "c.yaml" does not exist',
        expect.stringContaining("--http-port: app.httpPort"),
      ],
    });
    expect(httpPort({ env: { PRIM_CONFIG: "directory" } })).toEqual({
      kind: "faults",
      lines: [`PRIM_CONFIG: configuration file "directory" can't be read: EISDIR: it is a directory`],
    });
    expect(httpPort({ argv: ["--config="] })).toMatchObject({ kind: "faults" });
  });
});
