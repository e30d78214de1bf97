/** The TLS configuration with a certificate of the test's own: one port for pages, WebSockets and gRPC. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { chromium } from "playwright-core";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { Visitor } from "../page/visitor.ts";
import { describeWith } from "../parts.ts";
import { PrimProcess, temporaryFolder } from "../prim-process.ts";
import { run } from "../rpc/prim-process.ts";
import { openStream } from "../rpc/stream-client.ts";
import { openWebSocket } from "../rpc/web-socket-client.ts";
import { type Certificate, selfSigned } from "./certificate.ts";
import { NginxProcess } from "./nginx-process.ts";

describeWith("nginx", "nginx with TLS", (nginx) => {
  describeWith("openssl", "and a certificate", (openssl) => {
    const dir = temporaryFolder();
    let prim: PrimProcess;
    let proxy: NginxProcess;
    let certificate: Certificate;
    let ca: string;

    beforeAll(async () => {
      certificate = await selfSigned(openssl, dir);
      ca = await Bun.file(certificate.cert).text();
      prim = await PrimProcess.start({ dataDir: "none", args: ["--trusted-proxies", "127.0.0.0/8"] });
      proxy = await NginxProcess.start({ nginx, main: "nginx-tls.conf", nodes: [prim], certificate });
    });
    afterAll(async () => {
      await proxy?.[Symbol.asyncDispose]();
      await prim?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    test("clear text is sent on to https, with the path", async () => {
      const answer = await fetch(`http://${proxy.at("80")}/home/index?appPlatform=101`, {
        redirect: "manual",
      });
      expect(answer.status).toBe(301);
      expect(answer.headers.get("location")).toBe("https://127.0.0.1/home/index?appPlatform=101");
    });

    test("serves the page with HSTS, and a WebSocket, and old TLS not", async () => {
      const page = await fetch(`https://${proxy.at("443")}/home/index`, { tls: { ca } });
      expect(page.headers.get("strict-transport-security")).toBe("max-age=31536000");
      for (const [name, value] of [
        ["x-content-type-options", "nosniff"],
        ["x-frame-options", "DENY"],
        ["referrer-policy", "same-origin"],
        ["cross-origin-opener-policy", "same-origin"],
      ] as const) {
        expect([name, page.headers.get(name)]).toEqual([name, value]);
      }
      const policy = page.headers.get("content-security-policy");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      await using ann = await openWebSocket(`wss://${proxy.at("443")}/acc`, "ann", { tls: { ca } });
      ann.send({ seq: "1", action: "send", data: { channel: "room:101", msg: "secret" } });
      await ann.until((messages) => messages.length === 1);
      const old = await run([
        openssl,
        "s_client",
        "-connect",
        proxy.at("443"),
        "-tls1_1",
        "-cipher",
        "ALL:@SECLEVEL=0",
      ]);
      expect(old.exitCode).not.toBe(0);
    });

    test("carries Connect and gRPC on the same port", async () => {
      const nodeOptions = { ca };
      const baseUrl = `https://${proxy.at("443")}`;
      const transports = [
        createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
        createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions }),
        createGrpcTransport({ baseUrl, nodeOptions }),
      ];
      for (const [index, transport] of transports.entries()) {
        expect((await createClient(OpsService, transport).getState({})).state?.storageOk).toBe(true);
        await using stream = await openStream("", `reader-${index}`, { transport });
        const to = { case: "channel", value: "room:101" } as const;
        await stream.chat.send({ to, msg: `call ${index}` }, { headers: stream.headers });
        await stream.until((messages) => messages.at(-1)?.msg === `call ${index}`);
      }
    });

    describeWith("grpcurl", "with grpcurl", (grpcurl) => {
      test("grpcurl trusts the certificate and needs no -plaintext", async () => {
        const { stdout } = await run([grpcurl, "-cacert", certificate.cert, proxy.at("443"), "list"]);
        expect(stdout).toContain("prim.v1.OpsService");
      });
    });

    describeWith("chromium", "in a browser", (executablePath) => {
      test("the page chats over wss, and none of the headers is in its way", async () => {
        const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
        try {
          const origin = `https://${proxy.at("443")}`;
          const options = { ignoreHTTPSErrors: true };
          const ann = await Visitor.open(browser, origin, { name: "ann", ...options });
          const bob = await Visitor.open(browser, origin, { name: "bob", ...options });
          await ann.say("over wss");
          await bob.hears("over wss");
          expect(bob.requests).toContain(`wss://${proxy.at("443")}/acc`);
          expect([...ann.errors, ...bob.errors]).toEqual([]);
        } finally {
          await browser.close();
        }
      }, 60_000);
    });
  });
});
