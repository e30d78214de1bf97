/**
 * Somebody who looks at the page: one browser context with one tab, what can be done and seen there, and a record
 * of what went wrong behind it.
 */
import type { Browser, BrowserContextOptions, Locator, Page, WebSocketRoute } from "playwright-core";

export interface VisitorOptions extends BrowserContextOptions {
  /** Kept in the storage before the page loads; a random name without it. */
  readonly name?: string;
  /** What follows `/home/index`. */
  readonly search?: string;
  /** Stands between the page and the server. */
  readonly interfere?: (route: WebSocketRoute) => void;
}

const STEP_MS_MAX = 15_000;
/** Tall: only messages near the screen are elements, and tests count them. */
const VIEWPORT = { width: 1280, height: 1400 };

export class Visitor {
  readonly page: Page;
  /** Console errors and exceptions. */
  readonly errors: string[] = [];
  /** Addresses the page asked, WebSockets included. */
  readonly requests: string[] = [];

  static async open(browser: Browser, origin: string, options: VisitorOptions = {}): Promise<Visitor> {
    const { name, search = "", interfere, ...contextOptions } = options;
    const context = await browser.newContext({
      locale: "en-GB",
      reducedMotion: "reduce",
      viewport: VIEWPORT,
      ...contextOptions,
    });
    context.setDefaultTimeout(STEP_MS_MAX);
    if (name !== undefined) {
      await context.addInitScript(
        ([key, value]) => localStorage.getItem(key) ?? localStorage.setItem(key, value),
        ["prim.name", name] as const,
      );
    }
    if (interfere !== undefined) await context.routeWebSocket(/\/acc$/, interfere);
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(`${origin}/home/index${search}`);
    await visitor.online();
    return visitor;
  }

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("dialog", (dialog) => {
      this.errors.push(`Dialog: "${dialog.message()}"`);
      void dialog.dismiss();
    });
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("websocket", (socket) => this.requests.push(socket.url()));
  }

  /** The box to write in. */
  get box(): Locator {
    return this.page.locator(".composer textarea");
  }

  get scroller(): Locator {
    return this.page.locator(".scroller");
  }

  /** Lines of messages that are on the page, the user's unsent ones not among them. */
  get bubbles(): Locator {
    return this.page.locator(".row:not(.outgoing) .bubble");
  }

  item(id: string): Locator {
    return this.page.locator(`.conversation-item[data-id="${id}"]`);
  }

  /** Connected and logged in, with the messages of the open conversation. */
  async online(): Promise<void> {
    await this.page.locator('.state[data-state="online"]').waitFor({ state: "attached" });
    await this.scroller.waitFor();
  }

  async offline(): Promise<void> {
    await this.page.locator(".banner.shown", { hasText: "Connection lost" }).waitFor();
  }

  /** Writes, and waits until the room has shown it. */
  async say(text: string): Promise<void> {
    await this.write(text);
    await this.hears(text);
  }

  /** Writes, and does not wait. */
  async write(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press("Enter");
  }

  /** Waits until somebody wrote this. */
  async hears(text: string): Promise<void> {
    await this.bubbles.filter({ hasText: text }).first().waitFor();
  }

  /** Waits until exactly these are listed as being here, in any order. */
  async sees(names: readonly string[]): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => {
        const listed = [...document.querySelectorAll(".here .name")].map((name) => name.textContent);
        return JSON.stringify(listed.sort()) === wanted;
      },
      JSON.stringify([...names].sort()),
    );
  }

  /** What the messages say, from the top. */
  texts(): Promise<string[]> {
    return this.page.locator(".row:not(.outgoing) .text").allTextContents();
  }

  /** Opens a room by its name, joining it if need be. */
  async enter(name: string): Promise<void> {
    await this.find(name);
    await this.page.locator(".title h2", { hasText: name }).waitFor();
    await this.scroller.waitFor();
  }

  /** Opens what the finder names first for this. */
  async find(name: string): Promise<void> {
    await this.page.keyboard.press("Control+k");
    await this.page.locator(".finder input").fill(name);
    await this.page.keyboard.press("Enter");
    await this.page.locator(".finder").waitFor({ state: "detached" });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
