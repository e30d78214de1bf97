/**
 * BrowserDoor: the RPC handlers on the HTTP port, for pages of this and of other origins. It is the fetch door
 * with what browsers ask before and after a call from another origin (CORS).
 */
import { cors } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { createFetchDoor, type FetchDoorOptions, type ServerOfRequest } from "./fetch-door.ts";

export interface BrowserDoorOptions extends FetchDoorOptions {
  /** Origins whose pages may call; "*" for all. */
  readonly corsOrigins: readonly string[];
}

/** @returns undefined if the path is none of an RPC. */
export type BrowserDoor = (
  request: Request,
  path: string,
  server: ServerOfRequest,
) => Promise<Response> | undefined;

const PREFLIGHT_SECONDS = 600;
const PREFLIGHT_HEADERS = {
  "access-control-allow-methods": cors.allowedMethods.join(", "),
  "access-control-allow-headers": [...cors.allowedHeaders, "Authorization"].join(", "),
  "access-control-max-age": String(PREFLIGHT_SECONDS),
};
const EXPOSED_HEADERS = cors.exposedHeaders.join(", ");

export function createBrowserDoor(
  handlers: readonly UniversalHandler[],
  { corsOrigins, ...options }: BrowserDoorOptions,
): BrowserDoor {
  const door = createFetchDoor(handlers, options);
  const anyOrigin = corsOrigins.includes("*");

  function allowOrigin(request: Request, headers: Headers): void {
    const origin = request.headers.get("origin");
    if (!anyOrigin) headers.append("vary", "Origin");
    if (origin === null) return;
    if (anyOrigin) headers.set("access-control-allow-origin", "*");
    else if (corsOrigins.includes(origin)) headers.set("access-control-allow-origin", origin);
  }

  function preflight(request: Request): Response {
    const response = new Response(null, { status: 204, headers: PREFLIGHT_HEADERS });
    allowOrigin(request, response.headers);
    return response;
  }

  return (request, path, server) => {
    const handler = door.get(path);
    if (handler === undefined) return undefined;
    if (request.method === "OPTIONS") return Promise.resolve(preflight(request));
    return handler(request, server).then((response) => {
      allowOrigin(request, response.headers);
      response.headers.set("access-control-expose-headers", EXPOSED_HEADERS);
      return response;
    });
  };
}
