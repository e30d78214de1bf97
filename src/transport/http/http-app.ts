/**
 * The HTTP interface: its routes, who may call from where, and what is logged. It takes a Request and gives a
 * Response; which port it stands on is decided outside.
 */
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import type { AppPlatform } from "../../base/ids.ts";
import { HTTP_BODY_BYTES_MAX } from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import type { MachineReport } from "../../core/machine-state.ts";
import type { ServerApi } from "../../core/server-api.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";
import { failure, success } from "./answer.ts";
import { systemRoutes } from "./system-routes.ts";
import { type IsNewSubmission, userRoutes } from "./user-routes.ts";

export interface HttpParts {
  readonly api: ServerApi;
  /** How this machine is; with lists of sessions and rooms if they are asked for. */
  readonly report: (lists: boolean) => Promise<MachineReport>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The metrics in the Prometheus text format. */
  readonly metrics: () => Promise<string>;
  readonly proxies: TrustedProxies;
  /** Undefined where prim is alone. */
  readonly isNewSubmission?: IsNewSubmission | undefined;
  /** False while the node starts or stops. */
  readonly isReady: () => boolean;
}

export interface HttpOptions {
  readonly platforms: readonly AppPlatform[];
  /** Origins whose pages may call; "*" for all. */
  readonly corsOrigins: readonly string[];
  /** What the page needs to know: where to connect, and who may log in how. */
  readonly page: { readonly webSocketUrl: string; readonly guest: boolean };
}

/** What the port hands in beside the request. */
interface Bindings {
  readonly server: { requestIP(request: Request): { readonly address: string } | null };
}

const PREFLIGHT_SECONDS = 600;
/** Asked every few seconds by machines: in the log they would only hide the rest. */
const QUIET_PATHS: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);

export function createHttpApp(parts: HttpParts, options: HttpOptions): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  const origins = options.corsOrigins;
  app.use(accessLog(parts));
  app.use(
    cors({
      origin: origins.includes("*") ? "*" : [...origins],
      allowMethods: ["GET", "POST", "OPTIONS"],
      allowHeaders: ["content-type", "authorization"],
      maxAge: PREFLIGHT_SECONDS,
    }),
  );
  app.use(bodyLimit({ maxSize: HTTP_BODY_BYTES_MAX, onError: (context) => failure(context, TOO_LARGE) }));

  app.route("/user", userRoutes(parts.api, new Set(options.platforms), parts.isNewSubmission));
  app.route("/system", systemRoutes(parts.report));
  app.get("/home/settings", (context) => success(context, { ...options.page, platforms: options.platforms }));
  app.get("/", (context) => context.redirect("/home/index"));
  app.get("/livez", (context) => context.text("ok\n"));
  app.get("/readyz", (context) =>
    parts.isReady() ? context.text("ok\n") : context.text("not ready\n", 503),
  );
  app.get("/metrics", async (context) =>
    context.body(await parts.metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );

  app.notFound((context) => {
    const msg = `There is nothing at ${context.req.method} ${context.req.path}`;
    return context.json({ code: 1010, msg, data: {} }, 404);
  });
  app.onError((error, context) => {
    if (!(error instanceof PrimError))
      parts.logger.error("request failed", { path: context.req.path, error });
    return failure(context, error);
  });
  return app;
}

const TOO_LARGE = new PrimError(
  "out_of_range",
  `Cannot take the body: it is larger than ${HTTP_BODY_BYTES_MAX} bytes`,
  { reason: "TOO_LARGE" },
);

function accessLog({ logger, clock, proxies }: HttpParts): MiddlewareHandler<{ Bindings: Bindings }> {
  return async (context, next) => {
    const start = clock.monotonic();
    await next();
    const { method, path, raw } = context.req;
    const remoteAddress = proxies.clientAddress(
      context.env.server.requestIP(raw)?.address ?? "",
      raw.headers,
    );
    const ms = Math.round((clock.monotonic() - start) * 1_000) / 1_000;
    const fields = { method, path, status: context.res.status, ms, remoteAddress };
    if (QUIET_PATHS.has(path)) logger.debug("http request", fields);
    else logger.info("http request", fields);
  };
}
