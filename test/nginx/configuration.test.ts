/** What the shipped nginx configuration says, as nginx reads it: that it is valid, and that its numbers fit prim's. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { HTTP_BODY_BYTES_MAX, RPC_MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { SETTINGS } from "../../src/config/settings.ts";
import { describeWith } from "../parts.ts";
import { temporaryFolder } from "../prim-process.ts";
import { run } from "../rpc/prim-process.ts";
import { selfSigned } from "./certificate.ts";
import { freePorts, type NginxOptions, nginxArgs, render } from "./nginx-process.ts";

const NODES = [11, 12, 13].map((last) => ({
  webSocketUrl: `ws://10.0.0.${last}:8089/acc`,
  httpUrl: `http://10.0.0.${last}:8080`,
  rpcAddress: `10.0.0.${last}:9001`,
}));

/** What nginx -t writes; warnings of newer versions about the older spelling of http2 left out. */
async function check(nginx: string, options: Omit<NginxOptions, "nginx" | "nodes">): Promise<string> {
  const folder = render({ nginx, nodes: NODES, ...options }, await freePorts("80", "443", "9090"));
  try {
    const { stderr } = await run([nginx, ...nginxArgs(folder, options.main, "-t")]);
    return stderr.replaceAll(/^.*"listen \.\.\. http2" directive is deprecated.*\n/gm, "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describeWith("nginx", "the shipped configuration", (nginx) => {
  const each = test.each([
    "nginx/prim/upstreams.conf",
    "nginx/prim/upstreams-many.conf",
    "deploy/upstreams-one.conf",
    "deploy/upstreams-three.conf",
  ]);

  each("nginx.conf with %s passes nginx -t", async (upstreams) => {
    const output = await check(nginx, { upstreams });
    expect(output).toContain("test is successful");
    expect(output).not.toContain("[warn]");
  });

  describeWith("openssl", "with certificates", (openssl) => {
    each("nginx-tls.conf with %s passes nginx -t", async (upstreams) => {
      const dir = temporaryFolder();
      try {
        const certificate = await selfSigned(openssl, dir);
        const output = await check(nginx, { main: "nginx-tls.conf", upstreams, certificate });
        expect(output).toContain("test is successful");
        expect(output).not.toContain("[warn]");
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });
  });
});

const read = (path: string) => Bun.file(join(import.meta.dir, "../../nginx", path)).text();

/** The locations of locations.conf by what stands between `location` and the brace. */
async function locations(): Promise<Map<string, string>> {
  const text = await read("prim/locations.conf");
  return new Map(
    [...text.matchAll(/^location (.+?) \{\n([\s\S]*?)^\}/gm)].map(([, name = "", body = ""]) => [name, body]),
  );
}

const secondsOf = (text = "", unit = "s") => Number(text) * (unit === "h" ? 3_600 : 1);

test("a quiet WebSocket lives as long as prim lets it, not as long as nginx does", async () => {
  const acc = (await locations()).get("= /acc") ?? "";
  const [, value, unit] = /^\s*proxy_read_timeout (\d+)([sh]);/m.exec(acc) ?? [];
  expect(secondsOf(value, unit)).toBeGreaterThan(SETTINGS.app.heartbeatSeconds.default + 30);
});

test("no location sends two Connection headers, and only the WebSocket's sends Upgrade", async () => {
  for (const [name, body] of await locations()) {
    const isWebSocket = name === "= /acc";
    expect([name, body.match(/proxy_set_header Connection/g)?.length ?? 0]).toEqual([
      name,
      isWebSocket ? 1 : 0,
    ]);
    expect([name, body.includes("proxy_set_header Upgrade")]).toEqual([name, isWebSocket]);
    // A header of its own would make a location forget those of its server.
    expect([name, body.includes("add_header")]).toEqual([name, false]);
  }
  const shared = (await read("prim/http.conf")) + (await read("prim/proxy-headers.conf"));
  expect(shared.match(/proxy_set_header Connection/g)).toHaveLength(1);
});

test("nginx lets larger bodies through than prim takes, so that prim says what is wrong", async () => {
  const [, kib] = /^client_max_body_size (\d+)k;/m.exec(await read("prim/http.conf")) ?? [];
  expect(Number(kib) * 1_024).toBeGreaterThan(HTTP_BODY_BYTES_MAX);
  const all = [...(await locations()).values()].join("");
  const bounds = [...all.matchAll(/client_max_body_size (\d+)m;/g)].map(
    ([, mib]) => Number(mib) * 1_024 * 1_024,
  );
  expect(bounds).toHaveLength(2);
  expect(Math.min(...bounds)).toBeGreaterThan(RPC_MESSAGE_BYTES_MAX);
});

test("a POST is sent to one node only", async () => {
  const all = (await Promise.all(["prim/http.conf", "prim/locations.conf"].map(read))).join("");
  const code = all.replaceAll(/#.*/g, "");
  expect(code).toContain("proxy_next_upstream error timeout;");
  expect(code).not.toContain("non_idempotent");
});
