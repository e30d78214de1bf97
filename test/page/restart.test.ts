import { expect, test } from "bun:test";
import { describeWith } from "../parts.ts";
import { PageStage } from "./page-stage.ts";
import type { Visitor } from "./visitor.ts";

describeWith("chromium", "the page: broken connections", (executablePath) => {
  const stage = PageStage.prepare(executablePath);

  test("a server that is killed and comes back: three pages go on without a reload, each message once", async () => {
    const visitors = await stage.meet("phoenix", "Ann", "Bob", "Cid");
    const [ann, bob, cid] = visitors as [Visitor, Visitor, Visitor];
    await ann.say("before 1");
    await bob.say("before 2");
    for (const { page } of visitors) await page.evaluate(() => document.body.classList.add("not-reloaded"));

    await stage.server.kill();
    await Promise.all(visitors.map((visitor) => visitor.offline()));
    await ann.write("written offline 1");
    await ann.write("written offline 2");
    await ann.page.locator(".outgoing .mark.clock").nth(1).waitFor();
    await stage.server.start();
    await stage.post("phoenix", [{ msg: "meanwhile" }]);
    await bob.page.getByRole("button", { name: "Try now" }).click();

    await Promise.all(visitors.map((visitor) => visitor.online()));
    for (const visitor of visitors) await visitor.hears("written offline 2");
    await cid.say("after 1");
    await ann.hears("after 1");
    await ann.say("after 2");
    const texts = await ann.texts();
    expect(texts.filter((text) => text !== "meanwhile")).toEqual([
      "before 1",
      "before 2",
      "written offline 1",
      "written offline 2",
      "after 1",
      "after 2",
    ]);
    expect(texts.filter((text) => text === "meanwhile")).toHaveLength(1);
    for (const visitor of visitors) {
      await visitor.hears("after 2");
      expect(await visitor.texts()).toEqual(texts);
      await visitor.sees(["Ann", "Bob", "Cid"]);
      expect(await visitor.page.locator(".outgoing").count()).toBe(0);
      expect(await visitor.page.locator("body.not-reloaded").count()).toBe(1);
      expect(visitor.errors.filter((error) => !error.includes("net::ERR_"))).toEqual([]);
    }
  });

  test("a conversation of two goes on over the same", async () => {
    const [ann, bob] = (await stage.meet("pair", "Ann 2", "Bob 2")) as [Visitor, Visitor];
    await ann.find("Bob 2");
    await ann.say("one");
    await bob.item("user:Ann 2").click();
    await bob.hears("one");
    await stage.server.kill();
    await Promise.all([ann.offline(), bob.offline()]);
    await bob.write("two");
    await stage.server.start();
    await ann.hears("two");
    await ann.say("three");
    await bob.hears("three");
    for (const one of [ann, bob]) expect(await one.texts()).toEqual(["one", "two", "three"]);
  });

  test("a message whose answer was lost goes out again and is there once", async () => {
    let cut = true;
    const bob = await stage.open({ name: "Bob" });
    const ann = await stage.open({
      name: "Ann",
      interfere: (route) => {
        const toServer = route.connectToServer();
        toServer.onMessage((frame) => {
          const isMine = String(frame).includes("only once");
          if (cut && isMine) {
            cut = false;
            void route.close({ code: 1012 });
            void toServer.close();
          } else {
            route.send(frame);
          }
        });
      },
    });
    await ann.say("only once");
    await ann.say("and on");
    await bob.hears("and on");
    expect(cut).toBe(false);
    for (const one of [ann, bob]) expect(await one.texts()).toEqual(["only once", "and on"]);
  });

  test("a message that is refused says so, and can be sent again or thrown away", async () => {
    let refusals = 2;
    const ann = await stage.open({
      name: "Ann",
      interfere: (route) => {
        const toServer = route.connectToServer();
        route.onMessage((frame) => {
          const { action, seq } = JSON.parse(String(frame));
          if (action !== "send" || refusals === 0) return toServer.send(frame);
          refusals -= 1;
          const response = { code: 1003, codeMsg: "unauthorized", data: null };
          return route.send(JSON.stringify({ action, seq, response }));
        });
        toServer.onMessage((frame) => route.send(frame));
      },
    });
    await ann.write("keep me");
    await ann.write("drop me");
    const failed = (text: string) => ann.page.locator(".outgoing.failed", { hasText: text });
    await failed("keep me").getByRole("alert").waitFor();
    await ann.item("room:101").locator(".failed-sign").waitFor();
    await failed("drop me").getByRole("button", { name: "Delete" }).click();
    await failed("drop me").waitFor({ state: "detached" });
    await failed("keep me").getByRole("button", { name: "Send again" }).click();
    await ann.hears("keep me");
    expect(await ann.page.locator(".outgoing").count()).toBe(0);
    await ann.item("room:101").locator(".failed-sign").waitFor({ state: "detached" });
  });

  test("a page that is open before its server is up begins when it is", async () => {
    const ann = await stage.open({ name: "Ann" });
    await ann.page.route("**/home/settings?", (route) => route.abort(), { times: 1 });
    await ann.page.reload();
    await ann.online();
    await ann.say("here");
  });

  test("whoever was signed out is told, and can come back", async () => {
    const ann = await stage.open({ name: "Ann K" });
    const call = (path: string, body: object) =>
      fetch(`${stage.server.origin}/prim.v1.PushService/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const kicked = await call("Kick", { user: { userId: "Ann K", appPlatform: 101 } });
    expect(await kicked.json()).toEqual({ sessions: 1 });
    await ann.page.locator(".banner.shown", { hasText: "You were signed out" }).waitFor();
    await ann.page.getByRole("button", { name: "Sign in again" }).click();
    await ann.online();
    await ann.say("back again");
  });
});
