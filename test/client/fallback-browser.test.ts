/** A page in Chromium whose WebSockets are blocked chats by the SDK all the same, from another origin than prim's. */
import { expect, test } from "bun:test";
import { chromium } from "playwright-core";
import { PrimClient } from "../../src/client/index.ts";
import { describeWith } from "../parts.ts";
import { bundle } from "./bundle.ts";
import { ChaosProxy } from "./chaos-proxy.ts";
import { startPrim } from "./prim-process.ts";

const PAGE = `<!doctype html><ol></ol><script type="module">
import { PrimClient } from "/sdk.js";
const host = new URLSearchParams(location.search).get("host");
const client = new PrimClient({ url: "ws://" + host + "/acc", httpUrl: "http://" + host });
const show = (text) => {
  const line = document.createElement("li");
  line.textContent = text;
  document.querySelector("ol").append(line);
};
client.on("message", ({ from, msg }) => show(from + ": " + msg));
client.on("status", ({ status, error }) => (document.title = status + " " + (client.via ?? error?.message ?? "")));
window.client = client;
await client.login({ userId: "bob" });
await client.join("room:page");
show("joined");
</script>`;

describeWith("chromium", "a page whose WebSockets are blocked", (executablePath) => {
  test("chats by the stream, and by WebSocket once that gets through", async () => {
    const prim = await startPrim();
    const proxy = new ChaosProxy(Number(new URL(prim.httpUrl).port));
    proxy.unruly = false;
    proxy.webSockets = () => "refuse";
    const host = `127.0.0.1:${await proxy.listen()}`;
    const code = await bundle("index.ts");
    const files = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      routes: {
        "/page": new Response(PAGE, { headers: { "content-type": "text/html" } }),
        "/sdk.js": new Response(code, { headers: { "content-type": "text/javascript" } }),
      },
      fetch: () => new Response(null, { status: 404 }),
    });
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    const near = new PrimClient({ url: prim.webSocketUrl });
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${files.port}/page?host=${host}`);
      await page.locator("li", { hasText: "joined" }).waitFor();
      expect(await page.title()).toBe("online stream");
      await near.login({ userId: "ann" });
      await near.join("room:page");
      const say = (msg: string) => page.evaluate(`client.send({ channel: "room:page", msg: "${msg}" })`);
      await near.send({ channel: "room:page", msg: "one" });
      await say("two");
      await page.locator("li", { hasText: "bob: two" }).waitFor();

      proxy.webSockets = () => "pass";
      await page.waitForFunction('document.title === "online websocket"', undefined, { timeout: 30_000 });
      await near.send({ channel: "room:page", msg: "three" });
      await say("four");
      await page.locator("li", { hasText: "bob: four" }).waitFor();
      const lines = await page.locator("li").allTextContents();
      expect(lines).toEqual(["joined", "ann: one", "bob: two", "ann: three", "bob: four"]);
    } finally {
      await Promise.all([browser.close(), near.close(), files.stop(true)]);
      proxy.close();
      await prim.kill();
    }
  }, 60_000);
});
