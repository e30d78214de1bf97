import { expect, test } from "bun:test";
import { describeWith } from "../parts.ts";
import { PageStage } from "./page-stage.ts";
import type { Visitor } from "./visitor.ts";

const ATTACKS = [
  `<img src=x onerror="window.hacked=1">`,
  "<script>window.hacked=1</script>",
  "javascript:window.hacked=1",
  `"><svg onload=window.hacked=1>`,
  "{{constructor.constructor('window.hacked=1')()}}",
];
const BAD_ADDRESSES = [
  "javascript:window.hacked=1",
  "data:text/html,<script>window.hacked=1</script>",
  "vbscript:x",
];

describeWith("chromium", "the page: what people write is never run", (executablePath) => {
  const stage = PageStage.prepare(executablePath);

  async function expectUnharmed({ page, errors }: Visitor): Promise<void> {
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    const made = "img, script, iframe, a, svg:not(.icon)";
    expect(
      await page.locator(`.scroller :is(${made}), .people :is(${made}), .sidebar :is(${made})`).count(),
    ).toBe(0);
    expect(errors).toEqual([]);
  }

  test("in a text", async () => {
    const [ann, bob] = (await stage.meet("texts", "Ann", "Bob")) as [Visitor, Visitor];
    for (const attack of ATTACKS) await ann.say(attack);
    await bob.hears(String(ATTACKS.at(-1)));
    expect(await bob.texts()).toEqual(ATTACKS);
    await expectUnharmed(ann);
    await expectUnharmed(bob);
  });

  test("in a name and a nickname", async () => {
    const [ann] = (await stage.meet("names", "Ann")) as [Visitor];
    const names = ATTACKS.slice(0, 2).map((attack) => attack.replaceAll("window.", ""));
    for (const name of names) {
      const mallory = await stage.open({ name });
      await mallory.enter("names");
      await mallory.say(`I am ${name}`);
      await ann.page.locator(".notice", { hasText: name }).waitFor();
      await expectUnharmed(mallory);
      await mallory.page.goto("about:blank");
    }
    await stage.post("names", [{ msg: "from a robot" }], "<img src=x onerror=hacked=1>");
    await ann.hears("from a robot");
    expect(await ann.page.locator(".from").allTextContents()).toEqual([
      ...names,
      "<img src=x onerror=hacked=1>",
    ]);
    await ann.page.locator(".here .person", { hasText: String(names[0]) }).waitFor({ state: "detached" });
    await ann.page.locator(".away .person", { hasText: String(names[0]) }).click();
    await ann.page.locator(".partner .name", { hasText: String(names[0]) }).waitFor();
    await expectUnharmed(ann);
  });

  test("in an address, not even if the server let it through", async () => {
    const messages = BAD_ADDRESSES.flatMap((url) => ["img", "file", "video"].map((type) => ({ type, url })));
    const ann = await stage.open({
      name: "Ann",
      search: "?appID=104",
      interfere: (route) => {
        const toServer = route.connectToServer();
        toServer.onMessage((frame) => {
          const { action, response, seq } = JSON.parse(String(frame));
          if (action !== "history" || response.data.channel !== "room:104") return route.send(frame);
          const { epoch } = response.data;
          const place = {
            seq: "",
            channel: "room:104",
            epoch,
            from: "Mallory",
            nickname: "<b>M",
            appPlatform: 104,
          };
          response.data.messages = messages.map(({ type, url }, index) => ({
            ...{ ...place, sentAt: 1 + index, id: String(index), offset: index + 1, target: "" },
            ...{ type, url, msg: `bad ${index}`, name: "click me", avatar: url },
          }));
          response.data.more = false;
          return route.send(JSON.stringify({ seq, action, response }));
        });
      },
    });
    await ann.hears(`bad ${messages.length - 1}`);
    expect(await ann.texts()).toEqual(messages.map((_, index) => `bad ${index}`));
    await expectUnharmed(ann);
  });

  test("in what the user gives as an image's address", async () => {
    const ann = await stage.open({ name: "Ann" });
    await ann.page.getByRole("button", { name: "Image by address" }).click();
    for (const address of BAD_ADDRESSES) {
      await ann.page.locator("#image-address").fill(address);
      await ann.page.locator("#image-address").press("Enter");
      await ann.page.locator(".image-panel .fault").waitFor();
    }
    expect(await ann.page.locator(".outgoing").count()).toBe(0);
    await expectUnharmed(ann);
  });

  test("an address in a text is a link that says nothing of where it was", async () => {
    const [ann] = (await stage.meet("links", "Ann")) as [Visitor];
    await ann.say(`see https://example.org/a?b=<script>, "https://example.org/q"onclick=x`);
    const links = ann.page.locator(".row .text a");
    expect(
      await links.evaluateAll((all) => all.map((one) => [one.getAttribute("href"), one.textContent])),
    ).toEqual([
      ["https://example.org/a?b=", "https://example.org/a?b="],
      ["https://example.org/q", "https://example.org/q"],
    ]);
    expect(await links.first().getAttribute("rel")).toBe("noopener noreferrer nofollow");
    expect(await links.first().getAttribute("target")).toBe("_blank");
    expect(ann.errors).toEqual([]);
  });

  test("an image is shown by its address, with its room kept free", async () => {
    const [ann] = (await stage.meet("images", "Ann")) as [Visitor];
    const icon = await ann.page.locator('link[rel="icon"]').getAttribute("href");
    await stage.post("images", [
      { type: "img", msg: "look", media: { url: icon, size: { width: 640, height: 480 } } },
    ]);
    await ann.hears("look");
    const picture = ann.page.locator("a.picture");
    const box = await picture.boundingBox();
    expect([box?.width, box?.height]).toEqual([360, 270]);
    await ann.page.getByRole("button", { name: "Image by address" }).click();
    await ann.page.locator("#image-address").fill(`${stage.server.origin}${icon}`);
    await ann.page.keyboard.press("Enter");
    await picture.nth(1).waitFor();
    await ann.page.locator(".row.own:not(.outgoing) img").waitFor();
    await stage.post("images", [
      { type: "img", msg: "gone", media: { url: "/nowhere.png", size: { width: 300, height: 200 } } },
    ]);
    await ann.page.locator(".picture.broken", { hasText: "can’t be shown" }).waitFor();
    const broken = await ann.page.locator(".picture.broken").boundingBox();
    expect([broken?.width, broken?.height]).toEqual([300, 200]);
  });

  test("the policy stops inline code, frames and foreign code, should there ever be some", async () => {
    const response = await fetch(`${stage.server.origin}/home/index`);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    const inline = "<script>window.hacked = 1</script><img src='/none' onerror='window.hacked = 1'></body>";
    const body = (await response.text()).replace("</body>", inline);
    const headers = { "content-type": "text/html", "content-security-policy": policy };
    using infected = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      routes: { "/": () => new Response(body, { headers }) },
      fetch: () => new Response("", { status: 404 }),
    });
    const { page, errors } = await stage.open();
    await page.goto(infected.url.href);
    expect(await page.locator("img[onerror]").count()).toBe(1);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expect(errors.filter((error) => error.includes("Content Security Policy"))).toHaveLength(2);
  });

  test("it asks nobody but its own server, and says that guests may log in", async () => {
    const ann = await stage.open();
    await ann.say("hello");
    await ann.page.locator(".guest", { hasText: "Guest mode" }).waitFor();
    const origin = new URL(stage.server.origin).host;
    expect(ann.requests.filter((address) => new URL(address).host !== origin)).toEqual([]);
    expect(ann.requests.some((address) => address.startsWith("ws:"))).toBe(true);
  });
});
