/** Everything prim speaks, through a real nginx with the shipped configuration in front of a real prim. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";
import { describeWith } from "../parts.ts";
import { PrimProcess } from "../prim-process.ts";
import { run } from "../rpc/prim-process.ts";
import { openStream } from "../rpc/stream-client.ts";
import { openWebSocket } from "../rpc/web-socket-client.ts";
import { NginxProcess } from "./nginx-process.ts";
import { rawRequest } from "./raw-request.ts";

/** An address of this machine that is nobody's back end. */
const STRANGER = "127.0.0.2";

describeWith("nginx", "nginx in front of one node", (nginx) => {
  let prim: PrimProcess;
  let proxy: NginxProcess;
  let http: string;

  beforeAll(async () => {
    prim = await PrimProcess.start({ dataDir: "none", args: ["--trusted-proxies", "127.0.0.1"] });
    proxy = await NginxProcess.start({ nginx, nodes: [prim] });
    http = `http://${proxy.at("80")}`;
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await prim?.stop();
  });

  const webSocket = (userId: string, options?: Bun.WebSocketOptions) =>
    openWebSocket(`ws://${proxy.at("80")}/acc`, userId, options);
  const grpc = () => createGrpcTransport({ baseUrl: `http://${proxy.at("9090")}` });

  test("a chat over WebSockets, and the page with its files", async () => {
    await using ann = await webSocket("ann");
    await using bob = await webSocket("bob", { headers: { origin: "https://elsewhere.example" } });
    ann.send({ seq: "1", action: "send", data: { channel: "room:101", msg: "through nginx" } });
    await bob.until((messages) => messages.length === 1);
    expect(bob.messages()).toMatchObject([{ msg: "through nginx" }]);

    const page = await fetch(`${http}/`);
    expect(page.url).toBe(`${http}/home/index`);
    const script = /src="([^"]+\.js)"/.exec(await page.text())?.[1] ?? "";
    const file = await fetch(new URL(script, page.url));
    expect(file.headers.get("content-encoding")).toBe("gzip");
    expect(await file.text()).toContain("WebSocket");
    expect(await (await fetch(`${http}/home/settings`)).json()).toMatchObject({ code: 200 });
    expect(await (await fetch(`${http}/user/list?appPlatform=101`)).json()).toMatchObject({ code: 200 });
  });

  test("every answer has the security headers, refusals too", async () => {
    for (const [path, status] of [
      ["/home/index", 200],
      ["/nowhere", 404],
      ["/a\\b", 400],
    ] as const) {
      const answer = await rawRequest({ to: proxy.at("80"), path });
      expect(answer.status).toBe(status);
      expect(answer.text).toMatch(/^x-content-type-options: nosniff\r$/im);
      expect(answer.text).toMatch(/^x-frame-options: DENY\r$/im);
      expect(answer.text).toMatch(/^content-security-policy: frame-ancestors 'none'\r$/im);
      expect(answer.text).toMatch(/^server: nginx\r$/im);
    }
  });

  test("back ends: the HTTP interface, and RPC as Connect, gRPC-Web and gRPC", async () => {
    await using ann = await webSocket("ann-2");
    const online = await (await fetch(`${http}/user/online?userId=ann-2`)).json();
    expect(online).toMatchObject({ code: 200, data: { online: true } });
    const body = new URLSearchParams({ userId: "ann-2", message: "mail" });
    expect(await (await fetch(`${http}/user/sendMessage`, { method: "POST", body })).json()).toMatchObject({
      code: 200,
    });
    const web = [
      createConnectTransport({ baseUrl: http, httpVersion: "1.1" }),
      createGrpcWebTransport({ baseUrl: http, httpVersion: "1.1" }),
      createConnectTransport({ baseUrl: `http://${proxy.at("9090")}`, httpVersion: "2" }),
    ];
    for (const transport of [...web, grpc()]) {
      const call = { userId: "ann-2", content: { msg: "call" } };
      expect(await createClient(PushService, transport).sendToUser(call)).toMatchObject({ online: true });
    }
    await ann.until((messages) => messages.length === 5);
    expect(ann.messages().map(({ msg }) => msg)).toEqual(["mail", "call", "call", "call", "call"]);
  });

  test("a Subscribe stream brings each message as it comes, in all three protocols", async () => {
    const transports = [
      createConnectTransport({ baseUrl: http, httpVersion: "1.1" }),
      createGrpcWebTransport({ baseUrl: http, httpVersion: "1.1" }),
      grpc(),
    ];
    for (const [index, transport] of transports.entries()) {
      await using stream = await openStream("", `reader-${index}`, { transport });
      // Each is only sent when the last has come: a buffer on the way would hold the first for ever.
      for (const msg of ["one", "two", "three"]) {
        await stream.chat.send(
          { to: { case: "channel", value: "room:101" }, msg },
          { headers: stream.headers },
        );
        await stream.until((messages) => messages.at(-1)?.msg === msg);
      }
      expect(stream.messages()).toHaveLength(3);
    }
  });

  test("gRPC keeps connections to prim, and a thousand calls pass over them", async () => {
    const ops = createClient(OpsService, grpc());
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(Array.from({ length: 20 }, () => ops.getState({})));
    }
    expect(proxy.errorLog()).not.toContain("upstream");
    const states = ops.watchState({ periodMs: 100 })[Symbol.asyncIterator]();
    for (let count = 0; count < 3; count += 1) expect((await states.next()).done).toBe(false);
    await states.return?.();
  });

  test("the address of a client is what nginx saw, whatever the client says", async () => {
    const lie = { "x-forwarded-for": "198.51.100.7", "x-real-ip": "198.51.100.8" };
    const ops = createClient(OpsService, grpc());
    const addressesOf = async (userId: string) =>
      (await ops.listSessions({ userId })).sessions.map(({ remoteAddress }) => remoteAddress);

    await using _liar = await webSocket("liar", { headers: lie });
    expect(await addressesOf("liar")).toEqual(["127.0.0.1"]);
    // prim's own doors believe 127.0.0.1, which is what makes the next line show something.
    await using _direct = await openWebSocket(prim.webSocketUrl, "direct", { headers: lie });
    expect(await addressesOf("direct")).toEqual(["198.51.100.7"]);

    const transport = createConnectTransport({ baseUrl: http, httpVersion: "1.1" });
    await using _stream = await openStream("", "streamer", { transport });
    expect(await addressesOf("streamer")).toEqual(["127.0.0.1"]);
    await rawRequest({ to: proxy.at("80"), from: STRANGER, path: "/livez?log", headers: lie });
    await rawRequest({ to: proxy.at("80"), from: STRANGER, path: "/user/list", headers: lie });
    const line = await prim.line("stderr", (text) => text.includes(STRANGER), "the stranger's request");
    expect(JSON.parse(line)).toMatchObject({ path: "/user/list", remoteAddress: STRANGER });
  });

  test("strangers reach what clients need, and nothing of back ends, however they write it", async () => {
    const status = async (path: string, method = "GET") =>
      (await rawRequest({ to: proxy.at("80"), from: STRANGER, path, method })).status;
    for (const path of ["/home/index", "/user/list", "/livez", "/home/settings"]) {
      expect([path, await status(path)]).toEqual([path, 200]);
    }
    const closed = ["/user/online?userId=ann", "/user/sendMessage", "/system/state", "/metrics", "/system/"];
    const rpc = ["PushService/SendToUser", "OpsService/GetState"].map((method) => `/prim.v1.${method}`);
    const others = ["/protobuf.AccServer/SendMsg", "/grpc.health.v1.Health/Check", "/grpc.reflection.v1.X/Y"];
    const written = [
      "//metrics",
      "/./metrics",
      "/x/../metrics",
      "/%6detrics",
      "/home/%2e%2e/metrics",
      "/metrics?x",
    ];
    for (const path of [...closed, ...rpc, ...others, ...written]) {
      expect([path, await status(path)]).toEqual([path, 403]);
    }
    const backslashes = ["/system\\state", "/x/..\\metrics", "/\\metrics", "/prim.v1.OpsService\\GetState"];
    for (const path of backslashes) expect([path, await status(path)]).toEqual([path, 400]);
    for (const path of [
      "/metrics%00",
      "/system%2fstate",
      "/system%5cstate",
      "/METRICS",
      "/metrics;x",
      "/metrics%3f",
    ]) {
      expect([path, await status(path)]).not.toEqual([path, 200]);
    }
  });

  test("what is too large is refused: by prim in its own words, and by nginx if it is far too large", async () => {
    const post = (bytes: number) =>
      fetch(`${http}/user/sendMessage`, {
        method: "POST",
        body: new URLSearchParams({ message: "x".repeat(bytes) }),
      });
    expect(await (await post(300 * 1_024)).json()).toMatchObject({ code: 1012 });
    expect((await post(600 * 1_024)).status).toBe(413);
    for (const transport of [createConnectTransport({ baseUrl: http, httpVersion: "1.1" }), grpc()]) {
      const push = createClient(PushService, transport);
      const large = { userId: "ann", content: { msg: "x".repeat(4.5 * 1_024 * 1_024) } };
      const error = ConnectError.from(await push.sendToUser(large).catch((reason: unknown) => reason));
      expect(error.code).toBe(Code.ResourceExhausted);
    }
  });

  test("an upgrade to anything but a WebSocket is none", async () => {
    const headers = {
      connection: "close, Upgrade, HTTP2-Settings",
      upgrade: "h2c",
      "http2-settings": "AAMAAABk",
    };
    for (const [path, status] of [
      ["/acc", 426],
      ["/livez", 200],
    ] as const) {
      expect((await rawRequest({ to: proxy.at("80"), path, headers })).status).toBe(status);
    }
  });

  describeWith("grpcurl", "with grpcurl", (grpcurl) => {
    const call = (...args: string[]) => run([grpcurl, "-plaintext", ...args]);

    test("reflection, health and a call", async () => {
      const { stdout } = await call(proxy.at("9090"), "list");
      expect(stdout).toContain("prim.v1.PushService");
      expect((await call(proxy.at("9090"), "describe", "prim.v1.OpsService")).stdout).toContain(
        "is a service",
      );
      expect((await call(proxy.at("9090"), "grpc.health.v1.Health/Check")).stdout).toContain("SERVING");
      const push = ["-d", '{"channel": "room:101", "content": {"msg": "hi"}}', proxy.at("9090")];
      const sent = await call(...push, "prim.v1.PushService/SendToRoom");
      expect(JSON.parse(sent.stdout)).toMatchObject({ receipt: { channel: "room:101" } });
    }, 20_000);
  });
});

describeWith("nginx", "nginx's times and bounds", (nginx) => {
  test("end a quiet WebSocket, a slow upload, and one connection too many", async () => {
    await using proxy = await startWith(nginx, {
      "proxy_read_timeout 420s;": "proxy_read_timeout 1s;",
      "client_body_timeout 10s;": "client_body_timeout 1s;",
      "limit_conn prim_address 200;": "limit_conn prim_address 2;",
    });
    const url = `ws://${proxy.at("80")}/acc`;
    const [ann, bob] = [await openWebSocket(url, "ann"), await openWebSocket(url, "bob")];
    const refused = await rawRequest({ to: proxy.at("80"), path: "/livez" });
    expect(refused.status).toBe(429);
    // That this number ends it shows that it, and not nginx's 60 s, is the one in force.
    expect((await ann.closed).code).toBe(1006);
    expect((await bob.closed).code).toBe(1006);

    const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "1000" };
    const slow = {
      to: proxy.at("80"),
      method: "POST",
      path: "/user/sendMessageAll",
      headers,
      body: "message=x",
    };
    expect((await rawRequest(slow)).text).toBe("");
    await fetch(`http://${proxy.at("80")}/user/list`);
    await proxy.prim.line("stderr", (text) => text.includes("/user/list"), "the request after the slow one");
    expect(proxy.prim.stderr.filter((text) => text.includes("sendMessageAll"))).toEqual([]);
  }, 20_000);
});

/** nginx with changes, and a prim of its own. */
async function startWith(nginx: string, replace: Readonly<Record<string, string>>) {
  const prim = await PrimProcess.start({ dataDir: "none" });
  const proxy = await NginxProcess.start({ nginx, nodes: [prim], replace });
  return {
    prim,
    at: proxy.at.bind(proxy),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await prim.stop();
    },
  };
}
