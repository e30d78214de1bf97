/** What deploy/ ships, as far as it can be checked without a container engine: each file reads well and fits prim. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import packageJson from "../package.json" with { type: "json" };
import { settingList } from "../src/config/setting-list.ts";
import { SETTINGS } from "../src/config/settings.ts";
import { describeWith } from "./parts.ts";
import { temporaryFolder } from "./prim-process.ts";
import { run } from "./rpc/prim-process.ts";

const ROOT = join(import.meta.dir, "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const VARIABLES = new Map(settingList.map((setting) => [setting.env, setting]));
const DRAIN_SECONDS = SETTINGS.app.drainSeconds.default;
const BUN_VERSION = packageJson.engines.bun.replace(">=", "");

/** The values are of the kind that the setting wants. */
function expectSettings(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) {
    const setting = VARIABLES.get(name);
    expect([name, setting !== undefined]).toEqual([name, true]);
    const checked = setting?.kind.schema.safeParse(setting.kind.fromText(value));
    expect([name, value, checked?.success]).toEqual([name, value, true]);
  }
}

const service = z.looseObject({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.literal("service_healthy") })).default({}),
  networks: z.union([z.array(z.string()), z.record(z.string(), z.object({ ipv4_address: z.string() }))]),
});
const compose = z.strictObject({
  name: z.string(),
  "x-prim": z.unknown().optional(),
  services: z.record(z.string(), service),
  networks: z.strictObject({
    prim: z.object({ ipam: z.object({ config: z.array(z.object({ subnet: z.string() })) }) }),
  }),
  volumes: z.record(z.string(), z.null()),
});

const FILES = [
  ["compose.yaml", "upstreams-one.conf"],
  ["compose-three.yaml", "upstreams-three.conf"],
] as const;

test.each(FILES)("%s names settings, files, volumes and services that there are", (file, upstreams) => {
  const { services, networks, volumes } = compose.parse(Bun.YAML.parse(read(`deploy/${file}`)));
  const nodes = Object.entries(services).filter(([, { build }]) => build !== undefined);
  expect(nodes.length).toBeGreaterThan(0);
  for (const [name, { image, volumes: mounts, depends_on: needs }] of Object.entries(services)) {
    expect([name, /:\d+\.\d+(?:\.\d+)?(?:-\w+)?$/.test(image)]).toEqual([name, true]);
    for (const needed of Object.keys(needs)) expect(Object.keys(services)).toContain(needed);
    for (const mount of mounts) {
      const [source = ""] = mount.split(":");
      const isThere = source.startsWith(".")
        ? existsSync(join(ROOT, "deploy", source))
        : Object.hasOwn(volumes, source);
      expect([mount, isThere]).toEqual([mount, true]);
    }
  }

  const proxy = services["nginx"];
  const address = Array.isArray(proxy?.networks) ? "" : (proxy?.networks["prim"]?.ipv4_address ?? "");
  const subnet = networks.prim.ipam.config[0]?.subnet.replace("0/24", "") ?? "none";
  expect(address.startsWith(subnet)).toBe(true);
  for (const [, node] of nodes) {
    expectSettings(node.environment ?? {});
    expect(node.environment?.["PRIM_TRUSTED_PROXIES"]).toBe(address);
    expect(Number(node.stop_grace_period?.replace("s", ""))).toBeGreaterThan(DRAIN_SECONDS);
    expect(existsSync(join(ROOT, "deploy", node.build?.context ?? "", node.build?.dockerfile ?? "x"))).toBe(
      true,
    );
    // Nobody from outside gets past nginx.
    for (const port of node.ports) expect(port).toStartWith("127.0.0.1:");
  }

  const text = read(`deploy/${upstreams}`);
  expect(proxy?.volumes).toContain(`./${upstreams}:/etc/nginx/prim/upstreams.conf:ro`);
  const names = nodes.map(([name]) => name);
  const blocks = [...text.matchAll(/^upstream (\w+) \{([\s\S]*?)^\}/gm)];
  const shipped = [...read("nginx/prim/upstreams.conf").matchAll(/^upstream (\w+)/gm)].map(
    ([, name]) => name,
  );
  expect(blocks.map(([, name]) => name)).toEqual(shipped);
  for (const [, , block = ""] of blocks) {
    expect([...block.matchAll(/^\s*server ([\w-]+):/gm)].map(([, name]) => name ?? "")).toEqual(names);
  }
});

test("the two upstream files of nginx name the same upstreams, on prim's ports", () => {
  const { webSocketPort, httpPort, rpcPort } = SETTINGS.app;
  for (const file of ["nginx/prim/upstreams.conf", "nginx/prim/upstreams-many.conf"]) {
    const text = read(file);
    const ports = [...text.matchAll(/^upstream (\w+) \{[\s\S]*?^\s*server \S+?:(\d+)/gm)].map(
      ([, name, port]) => [name, Number(port)],
    );
    expect(ports).toEqual([
      ["prim_acc", webSocketPort.default],
      ["prim_http", httpPort.default],
      ["prim_http_chat", httpPort.default],
      ["prim_grpc", rpcPort.default],
      ["prim_grpc_chat", rpcPort.default],
    ]);
  }
});

test("the Dockerfile has the pinned Bun, copies what is there, and does not run as root", () => {
  const lines = read("deploy/Dockerfile")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line));
  const known = /^(?:FROM|WORKDIR|COPY|RUN|ENV|VOLUME|USER|EXPOSE|HEALTHCHECK|STOPSIGNAL|ENTRYPOINT) /;
  expect(lines.filter((line) => !known.test(line))).toEqual([]);
  const of = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  for (const base of of("FROM")) expect(base).toStartWith(`oven/bun:${BUN_VERSION}-slim`);
  const ignored = read(".dockerignore").split("\n");
  for (const copy of of("COPY").filter((line) => !line.startsWith("--from"))) {
    for (const source of copy.split(" ").slice(0, -1)) {
      expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
      expect(ignored).toContain(`!${source}`);
    }
  }
  expect(of("USER")).toEqual(["bun"]);
  expect(lines.findIndex((line) => line.startsWith("USER "))).toBeLessThan(
    lines.findIndex((line) => line.startsWith("ENTRYPOINT ")),
  );
  expect(of("HEALTHCHECK")[0]).toContain(`http://127.0.0.1:${SETTINGS.app.httpPort.default}/livez`);
  expect(of("STOPSIGNAL")).toEqual(["SIGTERM"]);
  const environment = of("ENV")
    .join(" ")
    .split(" ")
    .map((pair) => pair.split("=") as [string, string]);
  expectSettings(Object.fromEntries(environment.filter(([name]) => name.startsWith("PRIM_"))));
  const { app } = SETTINGS;
  expect(of("EXPOSE")).toEqual([
    `${app.httpPort.default} ${app.webSocketPort.default} ${app.rpcPort.default}`,
  ]);
});

test("prim.service gives prim time to drain, and sets what prim has", () => {
  const unit = read("deploy/prim.service");
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";
  expect(Number(value("TimeoutStopSec"))).toBeGreaterThan(DRAIN_SECONDS);
  expect(value("KillSignal")).toBe("SIGTERM");
  expect(Number(value("LimitNOFILE"))).toBeGreaterThan(SETTINGS.limits.connectionsMax.default);
  const [name = "", folder = ""] = value("Environment").split("=");
  expectSettings({ [name]: folder });
  expect(folder).toBe(`/var/lib/${value("StateDirectory")}`);
  expect(existsSync(join(ROOT, value("ExecStart").split(" ").at(-1) ?? "x"))).toBe(true);
});

describeWith("systemd-analyze", "systemd", (systemdAnalyze) => {
  test("takes prim.service without a word, and finds it closed well enough", async () => {
    const root = temporaryFolder();
    try {
      // The unit in a system of its own, with files where the programs are that it names.
      const units = join(root, "etc/systemd/system");
      for (const folder of [units, join(root, "usr/local/bin"), join(root, "opt/prim"), join(root, "bin")])
        mkdirSync(folder, { recursive: true });
      writeFileSync(join(units, "prim.service"), read("deploy/prim.service"));
      for (const program of ["usr/local/bin/bun", "bin/kill"])
        writeFileSync(join(root, program), "", { mode: 0o755 });
      const stubs = [
        "sysinit.target",
        "shutdown.target",
        "basic.target",
        "network-online.target",
        "multi-user.target",
        "-.slice",
        "system.slice",
        "-.mount",
      ];
      const kinds: Readonly<Record<string, string>> = { mount: "[Mount]\nWhat=none\nWhere=/\n" };
      for (const name of stubs)
        writeFileSync(
          join(units, name),
          `[Unit]\nDefaultDependencies=no\n${kinds[name.split(".").at(-1) ?? ""] ?? ""}`,
        );
      const verified = await run([systemdAnalyze, "verify", "--man=no", `--root=${root}`, "prim.service"]);
      expect(verified).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      const path = join(units, "prim.service");
      const rated = await run([
        systemdAnalyze,
        "security",
        "--no-pager",
        "--offline=yes",
        "--threshold=25",
        path,
      ]);
      expect(rated.stdout).toContain("Overall exposure level for prim.service");
      expect(rated.exitCode).toBe(0);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
