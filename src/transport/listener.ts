/**
 * A port that prim listens on: Bun.serve with prim's bounds, and an error that says what to do when
 * the port is not to be had.
 */
import type { Server, WebSocketHandler } from "bun";
import { PrimError } from "../base/errors.ts";

export interface ListenerOptions<Data> {
  /** The setting that chooses the port, for the error message. */
  readonly setting: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly fetch: (
    request: Request,
    server: Server<Data>,
  ) => Response | undefined | Promise<Response | undefined>;
  readonly websocket: WebSocketHandler<Data>;
  /** Bytes of a request's body; what is larger is refused with 413. */
  readonly bodyBytesMax: number;
  /** Serves HTTP/2 beside HTTP/1.1, in clear by prior knowledge. */
  readonly http2?: boolean;
  /** Others may listen on the same port, and each takes part of the connections. */
  readonly shared: boolean;
}

/** Seconds after which a quiet HTTP connection is closed; WebSockets have a time of their own. */
const HTTP_IDLE_SECONDS = 30;

/** @throws {PrimError} `failed_precondition` if the address can't be listened on. */
export function listen<Data>(options: ListenerOptions<Data>): Server<Data> {
  const { host, port, fetch, websocket, setting, bodyBytesMax, http2, shared } = options;
  try {
    return Bun.serve<Data, string>({
      hostname: host,
      port,
      idleTimeout: HTTP_IDLE_SECONDS,
      maxRequestBodySize: bodyBytesMax,
      http2: http2 ?? false,
      development: false,
      // Without development mode Bun 1.4.5 shares ports unless told not to: a second prim would take half the clients.
      reusePort: shared,
      fetch: (request, server) => fetch(request, server) as Response | Promise<Response>,
      websocket,
    });
  } catch (error) {
    throw cannotListen(host, port, setting, error);
  }
}

/**
 * Makes sure that nobody listens on a port yet. Who shares a port does not hear of others that share it too.
 *
 * @throws {PrimError} `failed_precondition` if it can't be listened on.
 */
export function checkFree(host: string, port: number, setting: string): void {
  if (port === 0) return;
  try {
    void Bun.serve({ hostname: host, port, reusePort: false, fetch: () => new Response() }).stop(true);
  } catch (error) {
    throw cannotListen(host, port, setting, error);
  }
}

function cannotListen(host: string, port: number, setting: string, cause: unknown): PrimError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const why =
    code === "EADDRINUSE" ? "the port is in use" : cause instanceof Error ? cause.message : String(cause);
  return new PrimError("failed_precondition", `Cannot listen on ${host}:${port} (${setting}): ${why}`, {
    cause,
  });
}
