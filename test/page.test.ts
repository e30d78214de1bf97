import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { type Browser, chromium } from "playwright-core";
import { PrimServer } from "./page/prim-server.ts";
import { Visitor, type VisitorOptions } from "./page/visitor.ts";
import { describeWith } from "./parts.ts";

// A test that runs out of time takes the browser, and so all others, along.
setDefaultTimeout(60_000);

const BROWSER_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describeWith("chromium", "the page", (executablePath) => {
  let browser: Browser;
  let server: PrimServer;
  let visitors: Visitor[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: BROWSER_ARGUMENTS });
  });

  afterAll(async () => {
    await browser.close();
  });

  beforeEach(async () => {
    visitors = [];
    server = new PrimServer();
    await server.start();
  });

  afterEach(async () => {
    await Promise.all(visitors.map((visitor) => visitor.close()));
    await server.remove();
  });

  async function open(options?: VisitorOptions): Promise<Visitor> {
    const visitor = await Visitor.open(browser, server.origin, options);
    visitors.push(visitor);
    return visitor;
  }

  /** A message from a back end, to everybody in room 101. */
  async function post(fields: object): Promise<void> {
    const response = await fetch(`${server.origin}/user/sendMessageAll`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ appPlatform: 101, from: "ann", ...fields }),
    });
    expect(await response.json()).toMatchObject({ code: 200 });
  }

  test("two people see each other and chat, each message once and in order", async () => {
    const [ann, bob] = [await open({ name: "Ann" }), await open({ name: "Bob" })];
    await ann.sees(["Ann", "Bob"]);
    await bob.sees(["Ann", "Bob"]);
    await ann.page.locator(".notice", { hasText: "Bob is here" }).waitFor();

    const said: string[] = [];
    for (let turn = 1; turn <= 5; turn++) {
      await ann.say(`ann ${turn}`);
      await bob.hears(`ann ${turn}`);
      await bob.say(`bob ${turn}`);
      await ann.hears(`bob ${turn}`);
      said.push(`ann ${turn}`, `bob ${turn}`);
    }
    expect(await ann.texts()).toEqual(said);
    expect(await bob.texts()).toEqual(said);
    expect(await ann.page.locator(".own .bubble").allTextContents()).toEqual(
      said.filter((text) => text.startsWith("ann")),
    );

    const cid = await open({ name: "Cid" });
    await cid.hears("bob 5");
    expect(await cid.texts()).toEqual(said);
    await bob.close();
    await ann.sees(["Ann", "Cid"]);
    await ann.page.locator(".notice", { hasText: "Bob has gone" }).waitFor();
    for (const { errors } of visitors) expect(errors).toEqual([]);
  });

  test("a burst from both sides arrives in one order on both pages", async () => {
    const [ann, bob] = [await open({ name: "Ann" }), await open({ name: "Bob" })];
    for (let index = 1; index <= 30; index++) {
      for (const { page } of [ann, bob]) {
        await page.locator("#text").fill(`burst ${index}`);
        await page.locator("#text").press("Enter");
      }
    }
    for (const { page } of [ann, bob]) await page.locator(".message").nth(59).waitFor();
    const texts = await ann.texts();
    expect(texts).toHaveLength(60);
    expect(await bob.texts()).toEqual(texts);
    for (const own of [ann, bob]) {
      const mine = await own.page.locator(".messages .own .bubble").allTextContents();
      expect(mine).toEqual(Array.from({ length: 30 }, (_, index) => `burst ${index + 1}`));
    }
  });

  test("a killed server that comes back: both pages go on without a reload, each message once", async () => {
    const [ann, bob] = [await open({ name: "Ann" }), await open({ name: "Bob" })];
    await ann.say("before 1");
    await bob.say("before 2");
    for (const { page } of [ann, bob]) await page.evaluate(() => document.body.classList.add("not-reloaded"));

    await server.kill();
    await Promise.all([ann.offline(), bob.offline()]);
    await ann.page.locator("#banner.shown", { hasText: "Connection lost" }).waitFor();
    await server.start();
    await post({ message: "meanwhile", msgId: "1" });

    await Promise.all([ann.online(), bob.online()]);
    await bob.say("after 1");
    await ann.hears("after 1");
    await ann.say("after 2");
    await bob.hears("after 2");
    const said = ["before 1", "before 2", "meanwhile", "after 1", "after 2"];
    for (const visitor of [ann, bob]) {
      expect(await visitor.texts()).toEqual(said);
      await visitor.sees(["Ann", "Bob"]);
      expect(await visitor.page.locator("body.not-reloaded").count()).toBe(1);
      expect(visitor.errors.filter((error) => !error.includes("net::ERR_"))).toEqual([]);
    }
  });

  test("a message whose answer was lost goes out again and is there once", async () => {
    let cut = true;
    const bob = await open({ name: "Bob" });
    const ann = await open({
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
    expect(await ann.texts()).toEqual(["only once", "and on"]);
    expect(await bob.texts()).toEqual(["only once", "and on"]);
  });

  describe("what people write is never run", () => {
    const attacks = [
      `<img src=x onerror="window.hacked=1">`,
      "<script>window.hacked=1</script>",
      "javascript:window.hacked=1",
      `"><svg onload=window.hacked=1>`,
      "{{constructor.constructor('window.hacked=1')()}}",
    ];

    async function expectUnharmed({ page, errors }: Visitor): Promise<void> {
      expect(await page.evaluate(() => "hacked" in window)).toBe(false);
      const made = "img, script, svg, a, iframe";
      expect(await page.locator(`.messages :is(${made}), #people :is(${made})`).count()).toBe(0);
      expect(errors).toEqual([]);
    }

    test("in a text", async () => {
      const [ann, bob] = [await open({ name: "Ann" }), await open({ name: "Bob" })];
      for (const attack of attacks) await ann.say(attack);
      await bob.hears(String(attacks.at(-1)));
      expect(await bob.texts()).toEqual(attacks);
      await expectUnharmed(ann);
      await expectUnharmed(bob);
    });

    test("in a name", async () => {
      const ann = await open({ name: "Ann" });
      const names = attacks.map((attack) => attack.replaceAll("window.", ""));
      for (const name of names) {
        const mallory = await open({ name });
        await mallory.say(`I am ${name}`);
        await ann.page.locator(".notice", { hasText: name }).waitFor();
        await expectUnharmed(mallory);
      }
      await ann.sees(["Ann", ...names]);
      expect(await ann.page.locator(".messages .from").allTextContents()).toEqual(names);
      await expectUnharmed(ann);
    });

    test("in an address, not even if the server let it through", async () => {
      const media = {
        seq: "",
        channel: "room:104",
        epoch: "x",
        from: "Mallory",
        appPlatform: 104,
        sentAt: 1,
      };
      const ann = await open({
        name: "Ann",
        search: "?appID=104",
        interfere: (route) => {
          const toServer = route.connectToServer();
          toServer.onMessage((frame) => {
            const { action, response } = JSON.parse(String(frame));
            if (action !== "history" || response.data.channel !== "room:104") return route.send(frame);
            const messages = ["img", "file", "video"].map((type, index) => ({
              ...media,
              id: type,
              offset: index + 1,
              type,
              msg: `a ${type}`,
              name: "click me",
              url: "javascript:window.hacked=1",
            }));
            response.data = { channel: "room:104", epoch: "x", head: 3, messages, more: false };
            return route.send(JSON.stringify({ seq: JSON.parse(String(frame)).seq, action, response }));
          });
        },
      });
      await ann.hears("a video");
      expect(await ann.texts()).toEqual(["a img", "a file", "a video"]);
      await expectUnharmed(ann);
    });

    test("the policy stops inline code, should there ever be some", async () => {
      const html = await (await fetch(`${server.origin}/home/index`)).text();
      const inline = "<script>window.hacked = 1</script><img src='/none' onerror='window.hacked = 1'></body>";
      const body = html.replace("</body>", inline);
      using infected = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        routes: { "/": () => new Response(body, { headers: { "content-type": "text/html" } }) },
        fetch: () => new Response("", { status: 404 }),
      });
      const { page, errors } = await open();
      await page.goto(infected.url.href);
      expect(await page.locator("img[onerror]").count()).toBe(1);
      expect(await page.evaluate(() => "hacked" in window)).toBe(false);
      expect(errors.filter((error) => error.includes("Content Security Policy"))).toHaveLength(2);
    });
  });

  test("an image is shown by its address, with its room kept free", async () => {
    const ann = await open({ name: "Ann" });
    const address = await ann.page.locator("img.logo").getAttribute("src");
    await post({ type: "img", url: address, size: { width: 640, height: 480 }, message: "look", msgId: "1" });
    await ann.hears("look");
    const picture = ann.page.locator("img.picture");
    expect(await picture.evaluate((image: HTMLImageElement) => [image.width, image.height])).toEqual([
      320, 240,
    ]);
    expect(ann.errors).toEqual([]);
  });

  test("a new name logs in again", async () => {
    const [ann, bob] = [await open({ name: "Ann" }), await open({ name: "Bob" })];
    await bob.say("welcome");
    await ann.page.getByRole("button", { name: "Your name: Ann" }).click();
    await ann.page.locator("#name").fill("Anna");
    await ann.page.keyboard.press("Enter");
    await bob.sees(["Anna", "Bob"]);
    await ann.online();
    await ann.say("it is me");
    expect(await ann.texts()).toEqual(["welcome", "it is me"]);
    await ann.page.reload();
    await ann.online();
    await ann.sees(["Anna", "Bob"]);
    expect(await ann.texts()).toEqual(["welcome", "it is me"]);
  });

  test("a name that can't be used is asked for again", async () => {
    const ann = await open({ name: "Ann" });
    await ann.page.locator("#me").click();
    await ann.page.locator("#name").fill("王".repeat(22));
    await ann.page.keyboard.press("Enter");
    await ann.page.getByRole("alert").filter({ hasText: "can’t be used" }).waitFor();
    await ann.page.locator("#name").fill("王".repeat(21));
    await ann.page.keyboard.press("Enter");
    await ann.online();
    await ann.sees(["王".repeat(21)]);
  });

  test("Shift+Enter breaks the line, Enter sends, blanks are not sent", async () => {
    const ann = await open();
    const text = ann.page.locator("#text");
    await text.press("Enter");
    await text.fill("  ");
    await text.press("Enter");
    await text.fill("one");
    await text.press("Shift+Enter");
    await text.pressSequentially("two");
    await text.press("Enter");
    await ann.hears("two");
    expect(await ann.texts()).toEqual(["one\ntwo"]);
    expect(await text.inputValue()).toBe("");
  });

  test("the list keeps the newest 500, and whoever reads further up stays there", async () => {
    const ann = await open({ name: "Ann" });
    for (let index = 1; index <= 520; index++) await post({ message: `line ${index}`, msgId: `${index}` });
    await ann.hears("line 520");
    const texts = await ann.texts();
    expect(texts).toHaveLength(500);
    expect(texts[0]).toBe("line 21");
    const jump = ann.page.locator("#jump");
    expect(await jump.isVisible()).toBe(false);

    await ann.page.locator("#scroller").evaluate((scroller) => scroller.scrollTo({ top: 4_000 }));
    await jump.waitFor();
    await post({ message: "the latest", msgId: "last" });
    await jump.filter({ hasText: "New messages" }).waitFor();
    const latest = ann.page.locator(".bubble", { hasText: "the latest" });
    expect(await latest.evaluate((bubble) => bubble.getBoundingClientRect().top > innerHeight)).toBe(true);
    await jump.click();
    await jump.waitFor({ state: "hidden" });
    expect(await latest.evaluate((bubble) => bubble.getBoundingClientRect().bottom < innerHeight)).toBe(true);
  });

  test("people of another platform are in another room", async () => {
    const web = await open({ name: "Ann" });
    const android = await open({ name: "Bob", search: "?appPlatform=102" });
    await android.say("anybody on Android?");
    await web.say("here is the web");
    await web.sees(["Ann"]);
    await android.sees(["Bob"]);
    expect(await web.texts()).toEqual(["here is the web"]);
    expect(await android.page.title()).toBe("Room 102 · prim");
  });

  test("a phone has one column, the people behind a button, and no sideways scrolling", async () => {
    const ann = await open({ name: "W".repeat(64), viewport: { width: 320, height: 568 }, hasTouch: true });
    await ann.say("x".repeat(500));
    await ann.say(`https://example.org/${"y".repeat(200)}`);
    const { page } = ann;
    const overhang = () =>
      page.evaluate(() =>
        [document.documentElement, document.querySelector("#scroller")].map(
          (part) => (part?.scrollWidth ?? 0) - (part?.clientWidth ?? 0),
        ),
      );
    expect(await overhang()).toEqual([0, 0]);
    expect(await page.locator("#people").isVisible()).toBe(false);
    await page.locator("#people-toggle").tap();
    await page.locator("#people-list li").waitFor();
    expect(await overhang()).toEqual([0, 0]);
    expect(await page.locator("#text").isVisible()).toBe(true);
  });

  test("it speaks Chinese where the browser does, with a name to match", async () => {
    const { page } = await open({ locale: "zh-CN" });
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    expect(await page.locator("#room").textContent()).toBe("聊天室 101");
    expect(await page.locator("#me .name").textContent()).toMatch(/^\p{Script=Han}+\d+$/u);
    expect(await page.locator("#guest").textContent()).toContain("访客模式");
  });

  test("it asks nobody but its own server, and says that guests may log in", async () => {
    const ann = await open();
    await ann.say("hello");
    await ann.page.locator("#guest", { hasText: "Guest mode" }).waitFor();
    const hosts = new Set(ann.requests.map((address) => new URL(address).host));
    expect([...hosts]).toEqual([new URL(server.origin).host]);
    expect(ann.requests.some((address) => address.startsWith("ws://"))).toBe(true);
    expect(ann.errors).toEqual([]);
  });

  test("settings that could not be read are asked for again", async () => {
    const ann = await open({ name: "Ann" });
    await ann.page.route("**/home/settings", (route) => route.abort(), { times: 1 });
    await ann.page.reload();
    await ann.online();
    await ann.say("here");
  });
});
