/**
 * The fetch door: the RPC handlers for an HTTP port made of Bun.serve or Hono, as Connect and gRPC-Web. Plain gRPC
 * needs trailers, which that port has not; such a call is told so.
 */
import { createFetchHandler, type UniversalHandler } from "@connectrpc/connect/protocol";
import type { TrustedProxies } from "../trusted-proxies.ts";
import { valuesOfCall } from "./call-values.ts";
import { noTrailersError } from "./errors.ts";

/** What a Bun server has, as far as this file needs it. */
export interface ServerOfRequest {
  /** Sets after how many silent seconds a request is cut; 0 for never. */
  timeout(request: Request, seconds: number): void;
  /** Who sent it; null if the client has gone. */
  requestIP(request: Request): { readonly address: string } | null;
}

/** Never rejects for what a caller did. */
export type FetchHandler = (request: Request, server: ServerOfRequest) => Promise<Response>;

export interface FetchDoorOptions {
  /** "2" if the port speaks HTTP/2 as well; with "1.1" calls that stream both ways get status 505. */
  readonly httpVersion: "1.1" | "2";
  readonly proxies: TrustedProxies;
}

const GRPC_CONTENT = /^application\/grpc(?:\+|;|$)/i;

/** @returns handlers by request path, for example "/prim.v1.ChatService/Send". */
export function createFetchDoor(
  handlers: readonly UniversalHandler[],
  options: FetchDoorOptions,
): ReadonlyMap<string, FetchHandler> {
  return new Map(handlers.map((handler) => [handler.requestPath, mount(handler, options)]));
}

function mount(handler: UniversalHandler, { httpVersion, proxies }: FetchDoorOptions): FetchHandler {
  const streams = handler.method.methodKind !== "unary";
  return (request, server) => {
    if (GRPC_CONTENT.test(request.headers.get("content-type") ?? "")) return Promise.resolve(refuseGrpc());
    // A stream may be quiet for longer than the port's idle timeout; a unary request is cut by it, like any other.
    if (streams) server.timeout(request, 0);
    const peer = server.requestIP(request)?.address ?? "";
    const contextValues = valuesOfCall(proxies.clientAddress(peer, request.headers));
    return createFetchHandler((call) => handler({ ...call, contextValues }), { httpVersion })(request);
  };
}

/** gRPC's "trailers-only" answer: the status is in the headers, so it needs no trailers. */
function refuseGrpc(): Response {
  const { code, rawMessage } = noTrailersError();
  const headers = {
    "content-type": "application/grpc",
    "grpc-status": String(code),
    "grpc-message": encodeURIComponent(rawMessage),
  };
  return new Response(null, { headers });
}
