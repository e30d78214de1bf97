import { afterAll, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { eventually, openRpc } from "../../../test/rpc/rpc-fixture.ts";
import { OpsService } from "../../gen/prim/v1/ops_pb.ts";
import { PushService } from "../../gen/prim/v1/push_pb.ts";
import { TrustedProxies } from "../trusted-proxies.ts";
import { createFetchDoor } from "./fetch-door.ts";

const content = { msg: "hello" };
const rpc = await openRpc();
const flood = await openRpc({ floodBytes: 100_000 });

function serve(handlers: typeof rpc.handlers, httpVersion: "1.1" | "2" = "1.1") {
  const door = createFetchDoor(handlers, { httpVersion, proxies: new TrustedProxies([]) });
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 1,
    http2: httpVersion === "2",
    fetch(request, server) {
      const handler = door.get(new URL(request.url).pathname);
      return handler === undefined ? new Response(null, { status: 404 }) : handler(request, server);
    },
  });
}

const web = serve(rpc.handlers);
const baseUrl = `http://127.0.0.1:${web.port}`;

afterAll(async () => {
  await web.stop(true);
  await rpc.drain(0);
  await flood.drain(0);
});

test("serves Connect and gRPC-Web, in JSON and in binary", async () => {
  for (const transport of [
    createConnectTransport({ baseUrl }),
    createConnectTransport({ baseUrl, useBinaryFormat: true }),
    createGrpcWebTransport({ baseUrl }),
  ]) {
    const response = await createClient(PushService, transport).sendToUser({ userId: "ann", content });
    expect(response.receipt?.id).toBe("ann");
  }
});

test("takes requests in gzip", async () => {
  const body = Bun.gzipSync(JSON.stringify({ userId: "ann", content }));
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const response = await fetch(`${baseUrl}/prim.v1.PushService/SendToUser`, {
    method: "POST",
    body,
    headers,
  });
  expect(await response.json()).toEqual({ receipt: { id: "ann" }, online: true });
});

test("tells a gRPC caller where to go", async () => {
  const web2 = serve(rpc.handlers, "2");
  const push = createClient(PushService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${web2.port}` }));
  const error = ConnectError.from(
    await push.sendToUser({ userId: "ann", content }).catch((reason) => reason),
  );
  expect(error.code).toBe(Code.Unimplemented);
  expect(error.rawMessage).toContain("RPC port");
  await web2.stop(true);
});

test("a stream comes message by message, and ends on the server when the caller cancels", async () => {
  const ops = createClient(OpsService, createConnectTransport({ baseUrl }));
  const controller = new AbortController();
  const counts: (bigint | undefined)[] = [];
  const reading = (async () => {
    for await (const { state } of ops.watchState({ periodMs: 100 }, { signal: controller.signal })) {
      counts.push(state?.requestsTotal);
    }
  })();
  await eventually(() => counts.length === 3);
  expect(rpc.streams()).toBe(1);
  controller.abort();
  expect(ConnectError.from(await reading.catch((reason) => reason)).code).toBe(Code.Canceled);
  await eventually(() => rpc.streams() === 0);
  expect(counts).toEqual([1n, 2n, 3n]);
});

test("a stream that the caller cancels without having read it ends on the server", async () => {
  const web = serve(flood.handlers);
  const controller = new AbortController();
  const response = await fetch(`http://127.0.0.1:${web.port}/prim.v1.OpsService/WatchState`, {
    method: "POST",
    headers: { "content-type": "application/connect+json" },
    body: new Uint8Array([0, 0, 0, 0, 2, 0x7b, 0x7d]),
    signal: controller.signal,
  });
  expect(response.status).toBe(200);
  expect(flood.streams()).toBe(1);
  controller.abort();
  await eventually(() => flood.streams() === 0);
  await web.stop(true);
});

// Ten seconds: the runtime looks at idle connections every four.
test("a stream that is quiet for longer than the idle timeout is not cut", async () => {
  const ops = createClient(OpsService, createConnectTransport({ baseUrl }));
  const controller = new AbortController();
  const stream = ops.watchState({ periodMs: 60_000 }, { signal: controller.signal })[Symbol.asyncIterator]();
  await stream.next();
  const next = stream.next().catch((reason) => ConnectError.from(reason).code);
  expect(await Promise.race([next, sleep(10_000, "quiet")])).toBe("quiet");
  controller.abort();
  expect(await next).toBe(Code.Canceled);
}, 20_000);
