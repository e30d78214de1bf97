/**
 * One RPC handler on bare Bun, without prim: the bar for prim's calls. The same library (Connect) serves
 * PushService.QueryUsersOnline by Bun.serve and by node:http2, with nothing around it. It ends when its stdin does.
 */
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import { createFetchHandler } from "@connectrpc/connect/protocol";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";

const routes = (router: ConnectRouter) =>
  router.rpc(PushService.method.queryUsersOnline, ({ users }) => ({
    users: users.map((user) => ({ user, online: false })),
  }));

const router = createConnectRouter();
routes(router);
const handlers = new Map(
  router.handlers.map((handler) => [handler.requestPath, createFetchHandler(handler, { httpVersion: "2" })]),
);
const web = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  http2: true,
  fetch: (request) =>
    handlers.get(new URL(request.url).pathname)?.(request) ?? new Response(null, { status: 404 }),
});
const rpc = http2.createServer(connectNodeAdapter({ routes }));
rpc.listen(0, "127.0.0.1", () => {
  const { port } = rpc.address() as AddressInfo;
  console.log(`bare: listening http=http://127.0.0.1:${web.port} rpc=127.0.0.1:${port}`);
});

for await (const _ of Bun.stdin.stream()) {
  // Nothing is said on it; its end is the end of the bench.
}
process.exit(0);
