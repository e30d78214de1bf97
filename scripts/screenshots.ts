/**
 * `bun run screenshots`: starts a prim, lets some people talk, and takes the pictures of the READMEs. It needs
 * Chromium, and fonts with Chinese letters and emoji (Debian: fonts-noto-cjk, fonts-noto-color-emoji).
 */
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type Draft, PrimClient } from "../src/client/index.ts";
import { PrimProcess } from "../test/prim-process.ts";
import { ROOT } from "./command.ts";
import { findPart, PARTS } from "./parts.ts";
import { CHINESE, ENGLISH, PICTURE, PICTURE_ADDRESS, type Script } from "./screenshot-talk.ts";

const FOLDER = join(ROOT, "docs/images");
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 1.5,
};
/** The time within which what was said has been drawn, read and marked. */
const SETTLE_MS = 1_500;

const part = PARTS.find(({ name }) => name === "chromium");
const executablePath = part === undefined ? undefined : findPart(part);
if (executablePath === undefined) throw new Error("Chromium is not installed");

const prim = await PrimProcess.start({ args: ["--log-level", "error"] });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  await take(browser, ENGLISH, "en-GB", [
    ["page.png", { ...DESKTOP }],
    ["page-dark.png", { ...DESKTOP, colorScheme: "dark" }],
    ["page-phone.png", { ...PHONE }],
  ]);
  await take(browser, CHINESE, "zh-CN", [["page-chinese.png", { ...DESKTOP }]]);
} finally {
  await browser.close();
  await prim.stop();
}

type Shot = readonly [file: string, options: BrowserContextOptions];

async function take(
  chromium: Browser,
  script: Script,
  locale: string,
  shots: readonly Shot[],
): Promise<void> {
  const people = new Map<string, PrimClient>();
  for (const name of script.people) {
    const client = new PrimClient({ url: prim.webSocketUrl });
    await client.login({ userId: name, appPlatform: script.platform });
    for (const room of script.rooms) await client.join(room);
    people.set(name, client);
  }
  const pages: Page[] = [];
  for (const [, options] of shots) pages.push(await open(chromium, script, { ...options, locale }));
  for (const [name, draft] of script.said) {
    if (name === script.viewer) {
      await pages[0]?.locator(".composer textarea").fill(String(draft.msg));
      await pages[0]?.keyboard.press("Enter");
      await pages[0]?.locator(".outgoing").waitFor({ state: "detached" });
    } else {
      await people.get(name)?.send(draft as Draft);
    }
  }
  await Bun.sleep(SETTLE_MS);
  const room = `room:${script.platform}`;
  for (const client of people.values()) {
    const place = client.positions.find(({ channel }) => channel === room);
    if (place !== undefined) await client.markRead(room, place.offset);
  }
  await people.get(script.typing)?.typing({ channel: room });
  await Bun.sleep(SETTLE_MS);
  for (const [index, [file]] of shots.entries()) {
    const page = pages[index];
    await page?.bringToFront();
    await page?.screenshot({ path: join(FOLDER, file) });
    console.log(`docs/images/${file}`);
  }
  await Promise.all([...people.values()].map((client) => client.close()));
}

async function open(chromium: Browser, script: Script, options: BrowserContextOptions): Promise<Page> {
  const context = await chromium.newContext({ ...options, reducedMotion: "reduce" });
  await context.route(PICTURE_ADDRESS, (route) =>
    route.fulfill({
      contentType: "image/svg+xml",
      body: PICTURE,
      headers: { "access-control-allow-origin": "*" },
    }),
  );
  const conversations = script.rooms.map((id) => ({ id, epoch: "", readUpTo: 0, readBy: 0 }));
  const saved = [[script.viewer, { conversations, open: `room:${script.platform}` }]];
  await context.addInitScript(
    ([name, chats]) => {
      localStorage.setItem("prim.name", name);
      localStorage.setItem("prim.chats", chats);
    },
    [script.viewer, JSON.stringify(saved)] as const,
  );
  const page = await context.newPage();
  await page.goto(`${prim.httpUrl}/home/index?appPlatform=${script.platform}`);
  await page.locator('.state[data-state="online"]').waitFor({ state: "attached" });
  return page;
}
