/** A page in Chromium calls ChatService with connect-web, in both protocols, unary and streaming. */
import { afterAll, expect, test } from "bun:test";
import { Code } from "@connectrpc/connect";
import { chromium } from "playwright-core";
import { describeWith } from "../parts.ts";
import type { Outcome } from "./browser-page.ts";
import { eventually, startPrim } from "./prim-process.ts";
import { openWebSocket } from "./web-socket-client.ts";

describeWith("chromium", "a page with connect-web", (executablePath) => {
  const closing: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  test("talks by Connect and by gRPC-Web from another origin, beside a WebSocket", async () => {
    const built = await Bun.build({ entrypoints: ["test/rpc/browser-page.ts"], target: "browser" });
    const script = await built.outputs[0]?.text();
    const origin = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) =>
        url.endsWith("/page.js")
          ? new Response(script, { headers: { "content-type": "text/javascript" } })
          : new Response("<!doctype html><script type=module src=/page.js></script>", {
              headers: { "content-type": "text/html" },
            }),
    });
    closing.push(() => origin.stop(true));
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    closing.push(() => browser.close());
    await using prim = await startPrim();
    await using web = await openWebSocket(prim.webSocketUrl, "web");
    const page = await browser.newPage();
    await page.goto(origin.url.href);
    await page.waitForFunction("window.talk !== undefined");
    for (const [index, protocol] of ["connect", "grpcweb"].entries()) {
      const talking = page.evaluate(
        `window.talk(${JSON.stringify(protocol)}, ${JSON.stringify(prim.httpUrl)})`,
      );
      await eventually(() => web.actions().filter((action) => action === "enter").length === index + 1);
      web.send({ seq: `s${index}`, action: "send", data: { channel: "room:101", msg: "bye" } });
      const outcome = (await talking) as Outcome;
      await eventually(() => web.messages().length === index + 1);
      const { offset } = web.messages().at(-1) ?? {};
      expect(outcome.joined).toEqual(["room:101", `inbox:page-${protocol}`, "all"]);
      expect(outcome.sentOffset).toBe(String(index + 1));
      expect(outcome.pushed.toSorted()).toEqual(
        [`${index + 1} hello by ${protocol}`, `${offset} bye`].toSorted(),
      );
      expect(outcome.history).toEqual(Array.from({ length: index + 1 }, () => "bye"));
      expect(outcome.refused).toEqual({ code: Code.PermissionDenied, reason: "NOT_A_MEMBER" });
      expect(outcome.end).toBe(Code.Canceled);
    }
  }, 40_000);
});
