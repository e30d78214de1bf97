import { expect, test } from "bun:test";
import { describeWith } from "../parts.ts";
import { PageStage } from "./page-stage.ts";
import type { Visitor } from "./visitor.ts";

describeWith("chromium", "the page: chatting", (executablePath) => {
  const stage = PageStage.prepare(executablePath);

  const markOf = (visitor: Visitor, text: string, kind: "check" | "checks") =>
    visitor.page.locator(".row.own", { hasText: text }).locator(`.mark.${kind}`);

  test("three people in a room: each message once, in one order, with who came and went", async () => {
    const [ann, bob] = (await stage.meet("trio", "Ann", "Bob")) as [Visitor, Visitor];
    await ann.page.locator(".notice", { hasText: "Bob is here" }).waitFor();
    const said: string[] = [];
    for (let turn = 1; turn <= 4; turn++) {
      await ann.say(`ann ${turn}`);
      await bob.hears(`ann ${turn}`);
      await bob.say(`bob ${turn}`);
      await ann.hears(`bob ${turn}`);
      said.push(`ann ${turn}`, `bob ${turn}`);
    }
    const cid = await stage.open({ name: "Cid" });
    await cid.enter("trio");
    await cid.hears("bob 4");
    for (const visitor of [ann, bob, cid]) expect(await visitor.texts()).toEqual(said);
    expect(await ann.page.locator(".row.own .text").allTextContents()).toEqual(
      said.filter((text) => text.startsWith("ann")),
    );
    await bob.close();
    await ann.sees(["Ann", "Cid"]);
    await ann.page.locator(".notice", { hasText: "Bob has gone" }).waitFor();
    await ann.page.locator(".away .name", { hasText: "Bob" }).waitFor();
    for (const { errors } of [ann, bob, cid]) expect(errors).toEqual([]);
  });

  test("a burst from both sides arrives in one order on both pages", async () => {
    const [ann, bob] = (await stage.meet("burst", "Ann", "Bob")) as [Visitor, Visitor];
    for (let index = 1; index <= 8; index++) for (const one of [ann, bob]) await one.write(`burst ${index}`);
    for (const one of [ann, bob]) await one.page.locator(".row:not(.outgoing) .text").nth(15).waitFor();
    const texts = await ann.texts();
    expect(texts).toHaveLength(16);
    expect(await bob.texts()).toEqual(texts);
  });

  test("a person is written to alone: unread count, delivered, typing, read, and the way back after a reload", async () => {
    const [ann, bob] = (await stage.meet("intro", "Ann D", "Bob D")) as [Visitor, Visitor];
    const cid = await stage.open({ name: "Cid D" });
    await cid.enter("intro");
    await ann.page.locator(".here .person", { hasText: "Bob D" }).click();
    await ann.page.locator(".empty", { hasText: "the beginning of your conversation with Bob D" }).waitFor();
    await ann.say("just for you");
    await markOf(ann, "just for you", "check").waitFor();
    await bob.item("user:Ann D").locator(".unread", { hasText: "1" }).waitFor();
    expect(await bob.page.title()).toStartWith("(1) ");
    await ann.say("and one more");
    await bob.item("user:Ann D").locator(".unread", { hasText: "2" }).waitFor();
    expect(await bob.item("user:Ann D").locator(".preview").textContent()).toBe("and one more");

    await bob.page.reload();
    await bob.online();
    await bob.item("user:Ann D").locator(".unread", { hasText: "2" }).waitFor();
    await bob.item("user:Ann D").click();
    await bob.hears("and one more");
    await bob.item("user:Ann D").locator(".unread").waitFor({ state: "detached" });
    await markOf(ann, "and one more", "checks").waitFor();
    await markOf(ann, "just for you", "checks").waitFor();

    await bob.box.pressSequentially("he");
    await ann.page.locator(".typists", { hasText: "Bob D is typing" }).waitFor();
    await bob.say("hello yourself");
    await ann.hears("hello yourself");
    await ann.page.waitForFunction(() => document.querySelector(".typists")?.textContent === "");
    expect(await ann.texts()).toEqual(["just for you", "and one more", "hello yourself"]);
    expect(await cid.page.locator(".conversation-item", { hasText: "just for you" }).count()).toBe(0);

    await bob.page.reload();
    await bob.online();
    await bob.hears("hello yourself");
    expect(await bob.texts()).toEqual(["just for you", "and one more", "hello yourself"]);
    expect(await bob.page.locator(".me .name").textContent()).toBe("Bob D");
    expect(await bob.item("user:Ann D").locator(".unread").count()).toBe(0);
    for (const { errors } of [ann, bob, cid]) expect(errors).toEqual([]);
  });

  test("a room that is not open counts what is unread, and marks it when it is opened", async () => {
    const [ann, bob] = (await stage.meet("count", "Ann", "Bob")) as [Visitor, Visitor];
    await bob.say("seen");
    await ann.hears("seen");
    await markOf(bob, "seen", "checks").waitFor();
    await ann.item("room:101").click();
    await ann.page.locator(".title h2", { hasText: "Room 101" }).waitFor();
    for (const text of ["new 1", "new 2"]) await bob.say(text);
    await ann.item("room:count").locator(".unread", { hasText: "2" }).waitFor();
    await bob.item("room:count").locator(".unread").waitFor({ state: "detached" });
    expect(await markOf(bob, "new 2", "check").count()).toBe(1);
    await ann.item("room:count").click();
    await ann.hears("new 2");
    const mark = ann.page.locator(".new-mark");
    expect(await mark.count()).toBe(1);
    const places = await Promise.all(
      [ann.bubbles.filter({ hasText: "seen" }), mark, ann.bubbles.filter({ hasText: "new 1" })].map(
        async (one) => (await one.boundingBox())?.y ?? Number.NaN,
      ),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    await markOf(bob, "new 2", "checks").waitFor();
    await ann.item("room:count").locator(".unread").waitFor({ state: "detached" });
  });

  test("a new name is somebody else, in the same rooms", async () => {
    const [ann, bob] = (await stage.meet("names", "Ann", "Bob")) as [Visitor, Visitor];
    await bob.say("welcome");
    await ann.page.getByRole("button", { name: "Change your name" }).click();
    await ann.page.locator("#name").fill("王".repeat(22));
    await ann.page.keyboard.press("Enter");
    await ann.page.getByRole("alert").filter({ hasText: "can’t be used" }).waitFor();
    await ann.page.locator("#name").fill("system");
    await ann.page.keyboard.press("Enter");
    await ann.page.getByRole("alert").filter({ hasText: "can’t be used" }).waitFor();
    await ann.page.locator("#name").fill("Anna");
    await ann.page.keyboard.press("Enter");
    await bob.sees(["Anna", "Bob"]);
    await ann.online();
    await ann.say("it is me");
    expect(await ann.texts()).toEqual(["welcome", "it is me"]);
    await ann.page.reload();
    await ann.online();
    await ann.sees(["Anna", "Bob"]);
    await ann.hears("it is me");
    expect(await ann.texts()).toEqual(["welcome", "it is me"]);
  });

  test("a second window is another guest, a window after it the one who left", async () => {
    const ann = await stage.open({ name: "Ann W" });
    const second = await ann.page.context().newPage();
    await second.goto(ann.page.url());
    await second.locator('.state[data-state="online"]').waitFor();
    expect(await second.locator(".me .name").textContent()).not.toBe("Ann W");
    await second.close();
    await ann.page.evaluate(() => localStorage.setItem("prim.name", "Ann W"));
    await ann.page.close();
    const third = await ann.page.context().newPage();
    await third.goto(`${stage.server.origin}/home/index`);
    await third.locator(".me .name", { hasText: "Ann W" }).waitFor();
  });

  test("a room is left, and its messages with it", async () => {
    const [ann, bob] = (await stage.meet("leaving", "Ann", "Bob")) as [Visitor, Visitor];
    await ann.page.getByRole("button", { name: "Leave this room" }).click();
    await ann.item("room:leaving").waitFor({ state: "detached" });
    await bob.sees(["Bob"]);
    await bob.say("still there?");
    await ann.enter("leaving");
    await ann.hears("still there?");
  });

  test("what a back end says to everybody and to one person can be read and not answered", async () => {
    const ann = await stage.open({ name: "Ann P" });
    const tell = (path: string, fields: Record<string, string>) =>
      fetch(stage.server.origin + path, { method: "POST", body: new URLSearchParams(fields) });
    await tell("/user/sendMessage", { userId: "Ann P", message: "your order", msgId: "1" });
    await ann.item("user:system").locator(".unread", { hasText: "1" }).waitFor();
    await ann.item("user:system").click();
    await ann.hears("your order");
    await ann.page.locator(".no-reply").waitFor();
    await tell("/user/sendMessageAll", { message: "to all", msgId: "2", userId: "Boss" });
    await ann.item("all").click();
    await ann.hears("to all");
    await ann.page.locator(".no-reply").waitFor();
  });
});
