/**
 * The chat page as files: bundled by the runtime once, in the background, kept in memory, and served with the headers that
 * keep it safe. The HTML is asked for anew each time; everything else has its hash in its name and is kept for good.
 */
import type { Logger } from "../../base/logger.ts";

const PAGE_PATH = "/home/index";
const ASSETS_PATH = "/page/";
/** Smaller ones don't get smaller by more than a packet. */
const GZIP_BYTES_MIN = 1_024;

/**
 * Nothing inline runs and nothing becomes HTML. Images come from elsewhere because people post them, and from a blob while
 * one is pasted; connections may go to another port or host, where operators put the WebSocket.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' http: https: blob:",
  "connect-src 'self' ws: wss: http: https:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const COMMON_HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

const PAGE_HEADERS = {
  ...COMMON_HEADERS,
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-frame-options": "DENY",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
};

interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Undefined where it would not be smaller. */
  readonly gzipped: Uint8Array<ArrayBuffer> | undefined;
  readonly type: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

export class PageFiles {
  readonly #files: Promise<ReadonlyMap<string, PageFile>>;

  /** Begins to bundle at once. @param entry path of the page's HTML. */
  constructor(entry: string, log: Logger) {
    this.#files = bundle(entry).catch((error: unknown) => {
      log.error("page can't be bundled", { entry, error });
      return new Map<string, PageFile>();
    });
  }

  /** @returns undefined if the path is none of the page's. */
  answer(request: Request, path: string): Promise<Response> | undefined {
    if (path !== PAGE_PATH && !path.startsWith(ASSETS_PATH)) return undefined;
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    return this.#files.then((files) => respond(request, files, path));
  }
}

function respond(request: Request, files: ReadonlyMap<string, PageFile>, path: string): Response {
  const file = files.get(path);
  if (file === undefined) {
    const status = files.size === 0 ? 500 : 404;
    const text = status === 500 ? "The page could not be made: the log says why\n" : "No such file\n";
    return new Response(text, { status, headers: COMMON_HEADERS });
  }
  const headers = new Headers(file.headers);
  headers.set("content-type", file.type);
  headers.set("etag", file.etag);
  headers.set("vary", "accept-encoding");
  if (request.headers.get("if-none-match") === file.etag) return new Response(null, { status: 304, headers });
  const body = takesGzip(request) && file.gzipped !== undefined ? file.gzipped : file.bytes;
  if (body === file.gzipped) headers.set("content-encoding", "gzip");
  return new Response(body, { headers });
}

function takesGzip(request: Request): boolean {
  return /\bgzip\b(?!;\s*q=0(?:\.0*)?(?:,|$))/.test(request.headers.get("accept-encoding") ?? "");
}

async function bundle(entry: string): Promise<ReadonlyMap<string, PageFile>> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    minify: true,
    publicPath: ASSETS_PATH,
    naming: { chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const files = new Map<string, PageFile>();
  for (const output of outputs) {
    const bytes = new Uint8Array(await output.arrayBuffer());
    const isPage = output.type.startsWith("text/html");
    const gzipped = bytes.length >= GZIP_BYTES_MIN ? Bun.gzipSync(bytes) : undefined;
    files.set(isPage ? PAGE_PATH : ASSETS_PATH + output.path.replace(/^.*\//, ""), {
      bytes,
      gzipped,
      type: output.type.replace(";charset", "; charset"),
      etag: `"${Bun.hash(bytes).toString(36)}"`,
      headers: isPage
        ? { ...PAGE_HEADERS, "cache-control": "no-cache" }
        : { ...COMMON_HEADERS, "cache-control": "public, max-age=31536000, immutable" },
    });
  }
  return files;
}
