import { expect, test } from "bun:test";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { PageStage } from "./page-stage.ts";
import type { Visitor } from "./visitor.ts";

/** Elements of the list: what is near the screen, however much there is. */
const ELEMENTS_MAX = 1_500;

describeWith("chromium", "the page: long histories", (executablePath) => {
  const stage = PageStage.prepare(executablePath, [
    {
      room: "deep",
      count: 2_000,
      text: (index) => `line ${index}${index % 7 === 0 ? `\n${"more ".repeat(index % 60)}` : ""}`,
    },
    { room: "still", count: 400, text: (index) => `still ${index}` },
    { room: "huge", count: 100_000, text: (index) => `huge ${index}` },
  ]);

  const elements = ({ page }: Visitor) => page.locator(".scroller *").count();

  /** Waits until the wheel has come to rest. */
  const rest = async ({ scroller }: Visitor) => {
    let before = Number.NaN;
    const place = () => scroller.evaluate((one) => one.scrollTop);
    const isResting = (now: number) => {
      const isSame = now === before;
      before = now;
      return isSame;
    };
    for (let looks = 0; looks < 5; looks++) await eventually(place, isResting, "the list to rest");
  };

  /** Where a message stands on the screen. */
  const topOf = async (visitor: Visitor, text: string) =>
    (await visitor.page.getByText(text, { exact: true }).boundingBox())?.y ?? Number.NaN;

  test("2,000 messages: scrolling back shows each in order and nothing jumps; what comes meanwhile waits below", async () => {
    const ann = await stage.open({ name: "Ann", viewport: { width: 1280, height: 800 } });
    await ann.enter("deep");
    await ann.page.getByText("line 2000", { exact: true }).waitFor();
    const seen = new Set<number>();
    const collect = async () => {
      const offsets = (await ann.texts()).map((text) => Number(/^line (\d+)/.exec(text)?.[1]));
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
      for (const offset of offsets) seen.add(offset);
    };
    await ann.scroller.hover();
    await collect();
    // Less than what is on the screen at once: whatever is missed was jumped over.
    for (let turn = 0; turn < 800 && !seen.has(1); turn++) {
      await ann.page.mouse.wheel(0, -600);
      await ann.page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
      await collect();
    }
    expect(seen.size).toBe(2_000);
    expect(await elements(ann)).toBeLessThan(ELEMENTS_MAX);

    await ann.page.mouse.wheel(0, 3_000);
    await rest(ann);
    const middle = await eventually(
      async () => (await ann.texts()).filter((text) => /^line \d+$/.test(text)).at(8) ?? "",
      (text) => text !== "",
      "a line in the middle",
    );
    const before = await eventually(() => topOf(ann, middle), Number.isFinite, "the place of the line");
    await stage.post("deep", [{ msg: "the latest" }]);
    const jump = ann.page.locator(".jump", { hasText: "1 new message" });
    await jump.waitFor();
    expect(await topOf(ann, middle)).toBe(before);
    await ann.item("room:deep").locator(".unread", { hasText: "1" }).waitFor();
    await jump.click();
    await ann.hears("the latest");
    await ann.page.locator(".jump").waitFor({ state: "detached" });
    await ann.item("room:deep").locator(".unread").waitFor({ state: "detached" });
    expect(ann.errors).toEqual([]);
  }, 90_000);

  test("100,000 messages: the end is there at once, and far back the elements and the frames are as few", async () => {
    const ann = await stage.open({ name: "Ann", viewport: { width: 1280, height: 800 } });
    await ann.enter("huge");
    await ann.page.getByText("huge 100000", { exact: true }).waitFor();
    await ann.scroller.hover();
    const oldest = async () => Number(/\d+/.exec((await ann.texts())[0] ?? "")?.[0]);
    await eventually(
      async () => {
        await ann.page.mouse.wheel(0, -8_000);
        return oldest();
      },
      (index) => index < 97_000,
      "3,000 messages further back",
    );
    expect(await elements(ann)).toBeLessThan(ELEMENTS_MAX);
    await ann.page.locator(".jump").click();
    await ann.page.getByText("huge 100000", { exact: true }).waitFor();
    expect(ann.errors).toEqual([]);
  });

  test("older messages come above what is read without moving it", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const bob = await stage.open({
      name: "Bob",
      viewport: { width: 1280, height: 800 },
      interfere: (route) => {
        const toServer = route.connectToServer();
        toServer.onMessage(async (frame) => {
          if (String(frame).includes('"still 300"') && String(frame).includes('"history"')) await held;
          route.send(frame);
        });
      },
    });
    await bob.enter("still");
    await bob.page.getByText("still 400", { exact: true }).waitFor();
    await bob.scroller.hover();
    // The page is at the first message it has; what comes before it is on its way.
    await eventually(
      async () => {
        await bob.page.mouse.wheel(0, -2_000);
        return (await bob.texts()).includes("still 301");
      },
      Boolean,
      "the first message that is held",
    );
    const before = await topOf(bob, "still 303");
    release();
    await bob.page.locator(".row:not(.outgoing) .text", { hasText: /^still 299$/ }).waitFor();
    expect(Math.abs((await topOf(bob, "still 303")) - before)).toBeLessThanOrEqual(1);
  });

  test("whoever is at the end stays there while the room talks and the window changes", async () => {
    const [ann, bob] = (await stage.meet("end", "Ann", "Bob")) as [Visitor, Visitor];
    await ann.page.setViewportSize({ width: 900, height: 500 });
    await bob.page.setViewportSize({ width: 900, height: 500 });
    for (let index = 1; index <= 30; index++) await bob.write(`talk ${index}\nof two lines`);
    await ann.hears("talk 30");
    await ann.page.setViewportSize({ width: 500, height: 400 });
    const distance = () =>
      ann.scroller.evaluate((one) => one.scrollHeight - one.clientHeight - one.scrollTop);
    await eventually(distance, (px) => px < 2, "the end to be kept");
    expect(await ann.page.locator(".jump").count()).toBe(0);
  });
});
