/**
 * The part of the composition root that opens the ports which people and pages come to: HTTP with all that stands beside it,
 * and the WebSocket's own.
 */
import { fileURLToPath } from "node:url";
import type { Server } from "bun";
import { HTTP_BODY_BYTES_MAX, RPC_MESSAGE_BYTES_MAX } from "./base/limits.ts";
import type { Logger } from "./base/logger.ts";
import type { Config } from "./config/settings.ts";
import type { createHttpApp } from "./transport/http/http-app.ts";
import { PageFiles } from "./transport/http/page-files.ts";
import { listen } from "./transport/listener.ts";
import { createBrowserDoor } from "./transport/rpc/browser-door.ts";
import type { RpcInterface } from "./transport/rpc/rpc-interface.ts";
import type { TrustedProxies } from "./transport/trusted-proxies.ts";
import { WEBSOCKET_PATH, type WebSocketGateway } from "./transport/websocket/gateway.ts";
import type { WebSocketConnection } from "./transport/websocket/websocket-connection.ts";

export interface WebPortsParts {
  readonly config: Config;
  readonly ports: { readonly httpPort: number; readonly webSocketPort: number };
  /** True if other processes listen on the same ports. */
  readonly isShared: boolean;
  readonly gateway: WebSocketGateway;
  readonly http: ReturnType<typeof createHttpApp>;
  readonly rpc: RpcInterface;
  readonly proxies: TrustedProxies;
  readonly logger: Logger;
}

/**
 * A body on the HTTP port: twice what a call may have, so that a call which is too large gets an answer of its own
 * protocol. The routes of the HTTP interface have a bound of theirs.
 */
const BODY_BYTES_MAX = 2 * RPC_MESSAGE_BYTES_MAX;

/**
 * @param servers gets those that were opened, HTTP first, also if another can't be.
 * @throws {PrimError} `failed_precondition` or `unavailable` if a port can't be had.
 */
export function openWebPorts(
  servers: Server<WebSocketConnection>[],
  { config, ports, isShared, gateway, http, rpc, proxies, logger }: WebPortsParts,
): void {
  const common = { host: config.app.host, websocket: gateway.handler(), shared: isShared };
  const page = new PageFiles(fileURLToPath(new URL("../web/index.html", import.meta.url)), logger);
  const door = createBrowserDoor(rpc.handlers, {
    httpVersion: "2",
    corsOrigins: config.http.corsOrigins,
    proxies,
  });
  servers.push(
    listen<WebSocketConnection>({
      ...common,
      setting: "app.httpPort",
      port: ports.httpPort,
      bodyBytesMax: BODY_BYTES_MAX,
      http2: true,
      fetch: (request, server) => {
        const path = new URL(request.url).pathname;
        if (path === WEBSOCKET_PATH) return gateway.upgrade(request, server);
        return door(request, path, server) ?? page.answer(request, path) ?? http.fetch(request, { server });
      },
    }),
  );
  servers.push(
    listen<WebSocketConnection>({
      ...common,
      setting: "app.webSocketPort",
      port: ports.webSocketPort,
      bodyBytesMax: HTTP_BODY_BYTES_MAX,
      fetch: (request, server) =>
        new URL(request.url).pathname === WEBSOCKET_PATH
          ? gateway.upgrade(request, server)
          : new Response(`The WebSocket is at ${WEBSOCKET_PATH}\n`, { status: 404 }),
    }),
  );
}
