/**
 * The RPC port: gRPC, gRPC-Web and Connect over HTTP/2, in clear (h2c, by prior knowledge) or with TLS. This is
 * where grpcurl, back ends and peers come.
 *
 * It is node:http2 and not Bun.serve, since that has no trailers and so no gRPC. This file owns what a connection
 * may cost and how the port closes; it knows no service.
 */
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import {
  RPC_CONNECTIONS_MAX,
  RPC_HEADER_BYTES_MAX,
  RPC_RESETS_BURST_MAX,
  RPC_RESETS_PER_SECOND_MAX,
  RPC_STREAMS_PER_CONNECTION_MAX,
} from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";
import { valuesOfCall } from "./call-values.ts";
import { keepHeadersPlain } from "./plain-headers.ts";

export interface RpcServerOptions {
  /** From createRpcHandlers(). */
  readonly handlers: readonly UniversalHandler[];
  /** Address to listen on, for example "0.0.0.0" or "127.0.0.1". */
  readonly hostname: string;
  /** 0 to 65,535; 0 for one that is free. */
  readonly port: number;
  /** Others may listen on the same port, and each takes part of the connections. */
  readonly shared?: boolean;
  /** PEM; without it the port speaks h2c. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Bounds of a connection and of the port; by default those of base/limits.ts. */
  readonly bounds?: Partial<RpcServerBounds> | undefined;
  readonly proxies: TrustedProxies;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface RpcServerBounds {
  readonly connections: number;
  /** Resets of open streams on one connection: at once, and each second after that. */
  readonly resetsBurst: number;
  readonly resetsPerSecond: number;
}

export class RpcServer {
  readonly #server: http2.Http2Server;
  readonly #sessions = new Set<http2.Http2Session>();
  readonly #proxies: TrustedProxies;
  readonly #log: Logger;
  readonly #clock: Clock;
  #stopped: Promise<void> | undefined;

  private constructor(options: RpcServerOptions) {
    this.#proxies = options.proxies;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#server = createServer(options.tls, options.bounds);
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
    });
    const paths = new Map(options.handlers.map((handler) => [handler.requestPath, handler]));
    this.#server.on("request", (request, response) => void this.#serve(paths, request, response));
    // A client that breaks off or speaks no HTTP/2: its connection is gone, nobody else is concerned.
    this.#server.on("sessionError", (error) => this.#log.debug("rpc connection failed", { error }));
    this.#server.on("tlsClientError", (error) => this.#log.debug("rpc connection failed", { error }));
  }

  /**
   * Opens the port.
   *
   * @throws {PrimError} `unavailable` if it can't be opened, with the system's error as cause: it is in use
   *   (EADDRINUSE), or not ours to open.
   */
  static async listen(options: RpcServerOptions): Promise<RpcServer> {
    const rpc = new RpcServer(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    rpc.#server.once("error", reject);
    const { port, hostname: host, shared: reusePort = false } = options;
    rpc.#server.listen({ port, host, reusePort }, resolve);
    try {
      await promise;
    } catch (cause) {
      const address = `"${options.hostname}:${options.port}"`;
      throw new PrimError("unavailable", `Cannot listen on ${address}: ${codeOf(cause)}`, { cause });
    }
    rpc.#server.off("error", reject);
    rpc.#server.on("error", (error) => rpc.#log.error("rpc server failed", { error }));
    return rpc;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections now. */
  get connections(): number {
    return this.#sessions.size;
  }

  /**
   * Closes the port: nobody new comes in, clients are told to open no more calls here (GOAWAY), and calls under
   * way may finish within the grace. Streams last until somebody ends them: abort the handlers' `draining` first.
   * Repeating it is safe, and waits for the same end.
   *
   * @param graceMs milliseconds, 0 or more; what is not done by then is broken off.
   */
  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#close(graceMs);
    return this.#stopped;
  }

  async #close(graceMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const session of this.#sessions) session.close();
    const cancel = this.#clock.after(graceMs, () => {
      this.#log.warn("rpc connections broken off", { connections: this.#sessions.size });
      for (const session of this.#sessions) session.destroy();
      resolve();
    });
    await promise;
    cancel();
  }

  async #serve(
    paths: ReadonlyMap<string, UniversalHandler>,
    request: http2.Http2ServerRequest,
    response: http2.Http2ServerResponse,
  ): Promise<void> {
    keepHeadersPlain(response);
    // The adapter waits for "drain" or "error" when the client's window is full. If the client cancels then, neither
    // comes (connect-node 2.2.0): the handler would wait forever and never clean up.
    response.stream.once("close", () => response.emit("drain"));
    try {
      const handler = paths.get(request.url.split("?", 1)[0] ?? "");
      if (handler === undefined) {
        response.writeHead(404).end();
        return;
      }
      const headers = { get: (name: string) => request.headers[name]?.toString() };
      const client = this.#proxies.clientAddress(request.socket.remoteAddress ?? "", headers);
      const values = valuesOfCall(client);
      const answer = await handler(universalRequestFromNodeRequest(request, response, undefined, values));
      await universalResponseToNodeResponse(answer, response);
    } catch (error) {
      // The client is gone. Whatever an implementation throws has been made an answer before it comes here.
      if (ConnectError.from(error).code !== Code.Aborted) this.#log.debug("rpc response failed", { error });
    }
  }
}

function createServer(tls: RpcServerOptions["tls"], bounds: RpcServerOptions["bounds"]): http2.Http2Server {
  const options = {
    settings: {
      maxConcurrentStreams: RPC_STREAMS_PER_CONNECTION_MAX,
      maxHeaderListSize: RPC_HEADER_BYTES_MAX,
    },
    // The runtime's defaults, a burst of 1,000 and 33 a second, end all calls of a connection when a proxy or a
    // back end with tight deadlines cancels many. There must be a bound: resets cost the server more than the
    // client (CVE-2023-44487).
    streamResetBurst: bounds?.resetsBurst ?? RPC_RESETS_BURST_MAX,
    streamResetRate: bounds?.resetsPerSecond ?? RPC_RESETS_PER_SECOND_MAX,
  };
  const server =
    tls === undefined ? http2.createServer(options) : http2.createSecureServer({ ...options, ...tls });
  server.maxConnections = bounds?.connections ?? RPC_CONNECTIONS_MAX;
  return server;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
