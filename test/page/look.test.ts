import { expect, test } from "bun:test";
import axe from "axe-core";
import type { BrowserContextOptions } from "playwright-core";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { PageStage } from "./page-stage.ts";
import type { Visitor } from "./visitor.ts";

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describeWith("chromium", "the page: how it looks and is worked", (executablePath) => {
  const stage = PageStage.prepare(executablePath);

  async function expectAccessible(visitor: Visitor, view: string): Promise<void> {
    // As a debugger would: the policy lets no code of ours in.
    const { page } = visitor;
    const session = await page.context().newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: axe.source });
    const run =
      "axe.run().then(({violations}) => JSON.stringify(violations.map(({id, nodes}) => [id, nodes[0].html])))";
    const { result } = await session.send("Runtime.evaluate", { expression: run, awaitPromise: true });
    expect([view, result.value]).toEqual([view, "[]"]);
    await session.detach();
  }

  /** A room with one of everything in it. */
  async function furnished(options: BrowserContextOptions): Promise<Visitor> {
    const room = `look-${crypto.randomUUID().slice(0, 8)}`;
    const visitor = await stage.open({ name: `Ann ${room}`, ...options });
    await visitor.enter(room);
    const media = { url: "/nowhere.png", size: { width: 300, height: 200 } };
    await stage.post(room, [
      { msg: "hello https://example.org" },
      { msg: "😀" },
      { type: "img", msg: "look", media },
    ]);
    await visitor.say("and mine https://example.org");
    await visitor.page.locator(".picture.broken").waitFor();
    return visitor;
  }

  const looks: readonly [string, BrowserContextOptions][] = [
    ["desktop, light, English", { ...DESKTOP }],
    ["desktop, dark, Chinese", { ...DESKTOP, colorScheme: "dark", locale: "zh-CN" }],
    ["phone, light, Chinese", { ...PHONE, locale: "zh-CN" }],
    ["phone, dark, English", { ...PHONE, colorScheme: "dark" }],
  ];
  test.each(looks)("%s: nothing for axe to find in any view", async (look, options) => {
    const visitor = await furnished(options);
    const { page } = visitor;
    await expectAccessible(visitor, `${look}: room`);
    await page.keyboard.press("Control+k");
    await page.locator(".finder input").fill("10");
    await expectAccessible(visitor, `${look}: finder`);
    await page.keyboard.press("Escape");
    await page.locator(".box button[aria-expanded]").first().click();
    await expectAccessible(visitor, `${look}: image`);
    await page.keyboard.press("Escape");
    await page.locator(".box button[aria-expanded]").nth(1).click();
    await expectAccessible(visitor, `${look}: emoji`);
    await page.keyboard.press("Escape");
    if ("isMobile" in options) {
      await page.locator(".people-toggle").tap();
      await page.locator(".people").waitFor();
      await expectAccessible(visitor, `${look}: people`);
      await page.locator(".people .round").tap();
      await page.locator(".conversation button.only-narrow").first().tap();
      await page.locator(".sidebar").waitFor();
      await expectAccessible(visitor, `${look}: list`);
    }
    await page.locator(".me-name").click();
    await expectAccessible(visitor, `${look}: name`);
    await page.keyboard.press("Escape");
    await page.locator(".name-dialog").waitFor({ state: "detached" });
  });

  test("a banner and what could not be sent are accessible too", async () => {
    const visitor = await furnished({ ...DESKTOP });
    await stage.server.kill();
    await visitor.offline();
    await visitor.write("later");
    await visitor.page.locator(".outgoing").waitFor();
    await expectAccessible(visitor, "offline");
    await stage.server.start();
    await visitor.hears("later");
  });

  test("a phone shows one column at a time, without sideways scrolling, and the way back", async () => {
    const visitor = await stage.open({
      name: "W".repeat(64),
      ...PHONE,
      viewport: { width: 320, height: 568 },
    });
    const { page } = visitor;
    await visitor.enter("narrow");
    await visitor.say("x".repeat(500));
    await visitor.say(`https://example.org/${"y".repeat(200)}`);
    const overhang = () =>
      page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll(".scroller, .conversations, .groups")].map(
          (part) => part.scrollWidth - part.clientWidth,
        ),
      );
    const columns = () =>
      page.evaluate(() =>
        [".sidebar", ".conversation", ".people"].filter(
          (name) => (document.querySelector(name)?.getBoundingClientRect().width ?? 0) > 0,
        ),
      );
    expect(await columns()).toEqual([".conversation"]);
    expect(new Set(await overhang())).toEqual(new Set([0]));
    await page.getByRole("button", { name: "Show who is here" }).tap();
    expect(await columns()).toEqual([".people"]);
    await page.getByRole("button", { name: "Hide who is here" }).tap();
    await page.getByRole("button", { name: "Back to the conversations" }).tap();
    expect(await columns()).toEqual([".sidebar"]);
    expect(new Set(await overhang())).toEqual(new Set([0]));
    await visitor.item("room:narrow").tap();
    expect(await columns()).toEqual([".conversation"]);
  });

  test("light or dark as the system is", async () => {
    const [light, dark] = [await stage.open(), await stage.open({ colorScheme: "dark" })];
    const ground = ({ page }: Visitor) =>
      page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await ground(light)).toBe("rgb(242, 244, 248)");
    expect(await ground(dark)).toBe("rgb(18, 20, 26)");
  });

  test("it speaks Chinese where the browser does, with a name to match, and English when asked to", async () => {
    const { page } = await stage.open({ locale: "zh-CN" });
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    expect(await page.locator(".title h2").textContent()).toBe("聊天室 101");
    expect(await page.locator(".me .name").textContent()).toMatch(/^\p{Script=Han}+\d+$/u);
    expect(await page.locator(".guest").textContent()).toContain("访客模式");
    await page.getByRole("button", { name: "Switch to English" }).click();
    await page.locator(".title h2", { hasText: "Room 101" }).waitFor();
    await page.reload();
    await page.locator(".title h2", { hasText: "Room 101" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
  });

  test("Enter sends, Shift+Enter breaks, blanks are not sent, and composing keeps its Enter", async () => {
    const visitor = await stage.open({ name: "Keys" });
    await visitor.enter("keys");
    const { box, page } = visitor;
    expect(await box.evaluate((element) => element === document.activeElement)).toBe(true);
    await box.press("Enter");
    await box.fill("  ");
    await box.press("Enter");
    await box.fill("one");
    await box.press("Shift+Enter");
    await box.pressSequentially("two");
    await box.press("Enter");
    await visitor.hears("two");
    expect(await visitor.texts()).toEqual(["one\ntwo"]);
    expect(await box.inputValue()).toBe("");

    // As an input method does it: the Enter that chooses a word belongs to the composition.
    const session = await page.context().newCDPSession(page);
    await session.send("Input.imeSetComposition", { text: "ni hao", selectionStart: 6, selectionEnd: 6 });
    await box.evaluate((element) =>
      element.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }),
      ),
    );
    await session.send("Input.insertText", { text: "你好" });
    expect(await box.inputValue()).toBe("你好");
    expect(await visitor.texts()).toEqual(["one\ntwo"]);
    await box.press("Enter");
    await visitor.hears("你好");
  });

  test("Ctrl+K finds, joins and writes; Escape closes and gives the focus back", async () => {
    const [visitor] = (await stage.meet("finding", "Seeker")) as [Visitor];
    const { page, box } = visitor;
    const isFocused = () => box.evaluate((element) => element === document.activeElement);
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Escape");
    await page.locator(".finder").waitFor({ state: "detached" });
    await eventually(isFocused, Boolean, "the focus to be back");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("nobody yet");
    await page.keyboard.press("Enter");
    await page.locator(".title h2", { hasText: "nobody yet" }).waitFor();
    await eventually(isFocused, Boolean, "the focus in the box");
    await page.keyboard.type("are you there?");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("find");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.locator(".title h2", { hasText: "finding" }).waitFor();
    expect(await box.inputValue()).toBe("");
    await visitor.item("user:nobody yet").click();
    expect(await box.inputValue()).toBe("are you there?");
  });

  test("emoji go in where the cursor is; a pasted image is shown, and said not to be uploaded", async () => {
    const [visitor] = (await stage.meet("paste", "Paula")) as [Visitor];
    const { page, box } = visitor;
    await box.fill("ab");
    await box.press("ArrowLeft");
    await page.getByRole("button", { name: "Emoji" }).click();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await eventually(
      () => box.evaluate((element) => element === document.activeElement),
      Boolean,
      "the focus",
    );
    expect(await box.inputValue()).toBe("a😄b");
    await box.evaluate((element) => {
      const data = new DataTransfer();
      data.items.add(
        new File(["<svg xmlns='http://www.w3.org/2000/svg'/>"], "x.svg", { type: "image/svg+xml" }),
      );
      element.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
      );
    });
    await page.locator(".pasted", { hasText: "Uploading is not there yet" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".pasted").waitFor({ state: "detached" });
    expect(await box.inputValue()).toBe("a😄b");
  });

  test("others' messages are said aloud, once", async () => {
    const [ann, bob] = (await stage.meet("aloud", "Ann", "Bob")) as [Visitor, Visitor];
    await bob.say("can you hear me?");
    await ann.page
      .locator('[data-role="announcer"]', { hasText: "Bob: can you hear me?" })
      .waitFor({ state: "attached" });
    expect(await bob.page.locator('[data-role="announcer"]').textContent()).toBe("");
  });
});
