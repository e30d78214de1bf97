import { expect, test } from "bun:test";
import { join } from "node:path";
import { silentLogger } from "../../base/logger.ts";
import { PageFiles } from "./page-files.ts";

const PAGE = join(import.meta.dir, "../../../web/index.html");
const page = new PageFiles(PAGE, silentLogger);

function ask(
  path: string,
  headers: Record<string, string> = {},
  files = page,
): Promise<Response> | undefined {
  return files.answer(new Request(`http://127.0.0.1${path}`, { headers }), path);
}

async function assetPaths(): Promise<string[]> {
  const html = await (await ask("/home/index"))?.text();
  return [...String(html).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => String(path));
}

test("the page asks for its own files only, and they are there, typed and kept for good", async () => {
  const paths = await assetPaths();
  expect(paths.map((path) => path.replace(/^.*\.|-\w+/g, "")).sort()).toEqual(["css", "js", "svg"]);
  for (const path of paths) {
    const response = await ask(path);
    expect([path, response?.status]).toEqual([path, 200]);
    expect(response?.headers.get("cache-control")).toContain("immutable");
    expect(response?.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response?.headers.get("content-type")).toMatch(/^(?:text\/(?:javascript|css)|image\/svg\+xml)/);
  }
});

test("the HTML is asked for anew each time, and answered in a word if it is the same", async () => {
  const first = await ask("/home/index");
  expect(first?.headers.get("cache-control")).toBe("no-cache");
  const etag = String(first?.headers.get("etag"));
  const second = await ask("/home/index", { "if-none-match": etag });
  expect([second?.status, await second?.text()]).toEqual([304, ""]);
  expect((await ask("/home/index", { "if-none-match": '"another"' }))?.status).toBe(200);
});

test("who takes gzip gets it, and it is the same file", async () => {
  const [path = ""] = (await assetPaths()).filter((one) => one.endsWith(".js"));
  const plain = await (await ask(path))?.bytes();
  const packed = await ask(path, { "accept-encoding": "br, gzip;q=0.8" });
  expect(packed?.headers.get("content-encoding")).toBe("gzip");
  const bytes = new Uint8Array((await packed?.arrayBuffer()) ?? new ArrayBuffer(0));
  expect(Bun.gunzipSync(bytes)).toEqual(plain as Uint8Array<ArrayBuffer>);
  // About a second on a slow phone line; React alone is 60 KiB.
  expect(bytes.length).toBeLessThan(120 * 1024);
  for (const refusal of ["gzip;q=0", "identity", ""]) {
    const answer = await ask(path, { "accept-encoding": refusal });
    expect([refusal, answer?.headers.get("content-encoding")]).toEqual([refusal, null]);
  }
});

test("what is not the page's is left to others, and what it lacks is not found", async () => {
  expect(ask("/user/list")).toBeUndefined();
  expect(
    page.answer(new Request("http://127.0.0.1/home/index", { method: "POST" }), "/home/index"),
  ).toBeUndefined();
  expect((await ask("/page/../../package.json"))?.status).toBe(404);
  expect((await ask("/page/none.js"))?.status).toBe(404);
});

test("a page that can't be bundled is logged and answered with 500", async () => {
  const errors: string[] = [];
  const log = { ...silentLogger, error: (event: string) => errors.push(event) };
  const broken = new PageFiles(join(import.meta.dir, "nowhere.html"), log);
  expect((await ask("/home/index", {}, broken))?.status).toBe(500);
  expect(errors).toEqual(["page can't be bundled"]);
});
