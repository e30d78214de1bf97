/** The examples do what they say, against a real prim. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ROOT } from "../../scripts/command.ts";
import { type Message, PrimClient } from "../../src/client/index.ts";
import { describeWith } from "../parts.ts";
import { bundle } from "./bundle.ts";
import { type PrimProcess, startPrim } from "./prim-process.ts";

const LINES_MAX = 40;

let prim: PrimProcess;
beforeAll(async () => {
  prim = await startPrim();
});
afterAll(() => prim.kill());

test("examples/bot.ts answers in the room, and ends on SIGTERM", async () => {
  const bot = Bun.spawn([process.execPath, join(ROOT, "examples/bot.ts"), prim.webSocketUrl], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const client = new PrimClient({ url: prim.webSocketUrl });
  try {
    await reads(bot.stdout, "Listening");
    await client.login({ userId: "ann" });
    const heard = client.messages({ signal: AbortSignal.timeout(10_000) });
    await client.send({ channel: "room:101", msg: "!ping" });
    const texts: Message["msg"][] = [];
    for await (const { msg } of heard) if (texts.push(msg) === 2) break;
    expect(texts).toEqual(["!ping", "pong, ann"]);
  } finally {
    await client.close();
    bot.kill("SIGTERM");
    await bot.exited;
  }
  expect(bot.exitCode).toBe(0);
});

test("each example is short enough to be read, and stands in docs/sdk.md as it is", async () => {
  const document = await Bun.file(join(ROOT, "docs/sdk.md")).text();
  for (const name of ["bot.ts", "browser.html"]) {
    const text = (await Bun.file(join(ROOT, "examples", name)).text()).trimEnd();
    expect(text.split("\n").length).toBeLessThanOrEqual(LINES_MAX);
    expect(document).toContain(`\n${text}\n`);
  }
});

describeWith("chromium", "examples/browser.html", (executablePath) => {
  test("chats from a browser, and comes back after the server was killed", async () => {
    const own = await startPrim();
    const code = await bundle("index.ts");
    const files = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      routes: {
        "/browser.html": new Response(Bun.file(join(ROOT, "examples/browser.html"))),
        "/prim-client.js": new Response(code, { headers: { "content-type": "text/javascript" } }),
      },
      fetch: () => new Response(null, { status: 404 }),
    });
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    const other = new PrimClient({ url: own.webSocketUrl });
    try {
      const page = await browser.newPage();
      const asked = new URLSearchParams({ url: own.webSocketUrl, http: own.httpUrl, user: "bob" });
      await page.goto(`http://127.0.0.1:${files.port}/browser.html?${asked}`);
      await page.locator("#status", { hasText: "online" }).waitFor();
      await other.login({ userId: "ann" });
      await other.send({ channel: "room:101", msg: "hello <b>bob</b>" });
      await page.locator("li", { hasText: "ann: hello <b>bob</b>" }).waitFor();

      await own.kill();
      await page.locator("#status", { hasText: /offline|connecting/ }).waitFor();
      await page.fill("input", "written while offline");
      await page.press("input", "Enter");
      const [webSocketPort, httpPort] = [own.webSocketUrl, own.httpUrl].map((url) => new URL(url).port);
      const ports = ["--websocket-port", `${webSocketPort}`, "--http-port", `${httpPort}`];
      const again = await startPrim("none", ...ports);
      try {
        await page.evaluate(() => dispatchEvent(new Event("online")));
        await page.locator("li", { hasText: "bob: written while offline" }).waitFor();
        expect(await page.locator("li").allTextContents()).toEqual([
          "ann: hello <b>bob</b>",
          "bob: written while offline",
        ]);
      } finally {
        await again.kill();
      }
    } finally {
      await Promise.all([browser.close(), other.close(), files.stop(true), own.kill()]);
    }
  }, 40_000);
});

/** Waits until something is said, and goes on reading: a program whose output nobody reads fails. */
function reads(stream: ReadableStream<Uint8Array>, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const read = async () => {
      const decoder = new TextDecoder();
      let text = "";
      for await (const bytes of stream) {
        text = (text + decoder.decode(bytes, { stream: true })).slice(-4_000);
        if (text.includes(what)) resolve();
      }
      throw new Error(`It never said "${what}": ${text}`);
    };
    read().catch(reject);
  });
}
