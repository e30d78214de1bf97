/** nginx with the configuration for many nodes in front of two that don't know each other. */
import { expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { PrimProcess } from "../prim-process.ts";
import { openStream } from "../rpc/stream-client.ts";
import { openWebSocket } from "../rpc/web-socket-client.ts";
import { NginxProcess, type Node } from "./nginx-process.ts";
import { rawRequest } from "./raw-request.ts";

interface Site extends AsyncDisposable {
  readonly prims: readonly [PrimProcess, PrimProcess];
  readonly http: string;
  readonly grpc: string;
  readonly proxy: NginxProcess;
}

async function openSite(nginx: string, ...args: string[]): Promise<Site> {
  const options = { dataDir: "none", args };
  const prims = [await PrimProcess.start(options), await PrimProcess.start(options)] as const;
  const proxy = await NginxProcess.start({
    nginx,
    upstreams: "nginx/prim/upstreams-many.conf",
    nodes: prims,
  });
  return {
    prims,
    proxy,
    http: `http://${proxy.at("80")}`,
    grpc: `http://${proxy.at("9090")}`,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await Promise.all(prims.map((prim) => prim.stop()));
    },
  };
}

/** A port that takes a request and breaks off without an answer, as a node that is killed in the middle. */
async function openBreaker() {
  let requests = 0;
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {}); // Broken off is what it is for.
    socket.once("data", () => {
      requests += 1;
      socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const node: Node = {
    webSocketUrl: `ws://127.0.0.1:${port}/acc`,
    httpUrl: `http://127.0.0.1:${port}`,
    rpcAddress: `127.0.0.1:${port}`,
  };
  return {
    node,
    requests: () => requests,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

describeWith("nginx", "nginx in front of several nodes", (nginx) => {
  test("WebSockets go to the node with the fewest", async () => {
    await using site = await openSite(nginx);
    const counts = async () =>
      (await Promise.all(site.prims.map((prim) => prim.state()))).map((state) => state.connections);
    const url = `ws://${site.proxy.at("80")}/acc`;
    const sockets = await Promise.all(
      Array.from({ length: 12 }, (_, index) => openWebSocket(url, `user-${index}`)),
    );
    expect(await counts()).toEqual([6, 6]);
    const onFirst = await usersOf(site.prims[0]);
    const leaving = sockets.filter((_, index) => onFirst.includes(`user-${index}`));
    await Promise.all(leaving.map((socket) => socket[Symbol.asyncDispose]()));
    await eventually(counts, ([first]) => first === 0, "the first node to be empty");
    // Round robin would put every other one on the second node.
    const late = [];
    for (let index = 0; index < 4; index += 1) late.push(await openWebSocket(url, `late-${index}`));
    expect(await counts()).toEqual([4, 6]);
    await Promise.all([...sockets, ...late].map((socket) => socket[Symbol.asyncDispose]()));
  });

  test("a node that is down is passed by, for requests of all kinds", async () => {
    await using site = await openSite(nginx);
    await site.prims[0].kill9();
    const push = createClient(PushService, createGrpcTransport({ baseUrl: site.grpc }));
    for (let index = 0; index < 6; index += 1) {
      const body = new URLSearchParams({ userId: "ann", message: `mail ${index}` });
      const answer = await fetch(`${site.http}/user/sendMessage`, { method: "POST", body });
      expect(await answer.json()).toMatchObject({ code: 200 });
      expect((await fetch(`${site.http}/home/index`)).status).toBe(200);
      const sent = await push.sendToUser({ userId: "ann", content: { msg: `call ${index}` } });
      expect(Number(sent.receipt?.offset)).toBe(2 * index + 2);
      await using _socket = await openWebSocket(`ws://${site.proxy.at("80")}/acc`, `user-${index}`);
    }
  });

  test("a WebSocket that a node turns away, being full or about to stop, goes to the next", async () => {
    await using site = await openSite(nginx, "--connections-max", "2");
    await using _ann = await openWebSocket(site.prims[0].webSocketUrl, "ann");
    await using _bob = await openWebSocket(site.prims[0].webSocketUrl, "bob");
    const url = `ws://${site.proxy.at("80")}/acc`;
    await using _cat = await openWebSocket(url, "cat");
    await using _dan = await openWebSocket(url, "dan");
    expect((await usersOf(site.prims[1])).toSorted()).toEqual(["cat", "dan"]);
  });

  test("a POST that a node may have taken is not sent to another", async () => {
    await using breaker = await openBreaker();
    const prim = await PrimProcess.start({ dataDir: "none" });
    await using proxy = await NginxProcess.start({
      nginx,
      upstreams: "nginx/prim/upstreams-many.conf",
      nodes: [breaker.node, prim],
    });
    try {
      const to = proxy.at("80");
      const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "21" };
      const post = { to, method: "POST", path: "/user/sendMessage", headers, body: "userId=ann&message=hi" };
      const statuses = [];
      while (breaker.requests() === 0) statuses.push((await rawRequest(post)).status);
      expect(statuses.at(-1)).toBe(502);
      const stored = await prim.metric("prim_messages_stored_total");
      expect(stored).toBe(statuses.length - 1);
      // A GET may be repeated, and is.
      const before = breaker.requests();
      for (let index = 0; index < 8; index += 1) {
        expect((await rawRequest({ to, path: "/livez" })).status).toBe(200);
      }
      expect(breaker.requests()).toBeGreaterThan(before);

      const push = createClient(PushService, createGrpcTransport({ baseUrl: `http://${proxy.at("9090")}` }));
      const failures = [];
      for (let index = 0; index < 4; index += 1) {
        const call = push.sendToUser({ userId: "bob", content: { msg: "x" } });
        failures.push(
          await call.then(
            () => 0,
            () => 1,
          ),
        );
      }
      expect(failures).toContain(1);
      expect(await prim.metric("prim_messages_stored_total")).toBe(
        stored + failures.filter((failed) => failed === 0).length,
      );
    } finally {
      await prim.stop();
    }
  });

  test("calls of one client's ChatService stay on the node that knows the login", async () => {
    await using site = await openSite(nginx);
    const transports = [
      createConnectTransport({ baseUrl: site.http, httpVersion: "1.1" }),
      createGrpcTransport({ baseUrl: site.grpc }),
    ];
    for (const transport of transports) {
      for (let index = 0; index < 6; index += 1) {
        await using stream = await openStream("", `user-${index}`, { transport });
        const to = { case: "channel", value: "room:101" } as const;
        await stream.chat.send({ to, msg: "here" }, { headers: stream.headers });
        await stream.until((messages) => messages.length > 0);
      }
    }
  });
});

async function usersOf(prim: PrimProcess): Promise<string[]> {
  const ops = createClient(OpsService, createGrpcTransport({ baseUrl: `http://${prim.rpcAddress}` }));
  return (await ops.listSessions({})).sessions.map(({ userId }) => userId);
}
