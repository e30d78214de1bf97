/**
 * Somebody who looks at the page: one browser context with one tab, what can be done and seen there, and a record
 * of what went wrong behind it.
 */
import type { Browser, BrowserContextOptions, Page, WebSocketRoute } from "playwright-core";

export interface VisitorOptions extends BrowserContextOptions {
  /** Kept in the session storage before the page loads; a random name without it. */
  readonly name?: string;
  /** What follows `/home/index`. */
  readonly search?: string;
  /** Stands between the page and the server. */
  readonly interfere?: (route: WebSocketRoute) => void;
}

const STEP_MS_MAX = 20_000;

export class Visitor {
  readonly page: Page;
  /** Console errors and exceptions. */
  readonly errors: string[] = [];
  /** Addresses the page asked, WebSockets included. */
  readonly requests: string[] = [];

  static async open(browser: Browser, origin: string, options: VisitorOptions = {}): Promise<Visitor> {
    const { name, search = "", interfere, ...contextOptions } = options;
    const context = await browser.newContext({ locale: "en-GB", ...contextOptions });
    context.setDefaultTimeout(STEP_MS_MAX);
    if (name !== undefined) {
      await context.addInitScript(
        ([key, value]) => sessionStorage.getItem(key) ?? sessionStorage.setItem(key, value),
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

  async online(): Promise<void> {
    await this.page.locator("#text:enabled").waitFor();
    await this.page.locator("#scroller[aria-busy=false]").waitFor();
  }

  async offline(): Promise<void> {
    await this.page.locator("#text:disabled").waitFor();
  }

  /** Writes, and waits until the server has confirmed it. */
  async say(text: string): Promise<void> {
    await this.page.locator("#text").fill(text);
    await this.page.locator("#text").press("Enter");
    await this.page.locator(".messages .own .bubble", { hasText: text }).first().waitFor();
    await this.page.locator(".outgoing li").first().waitFor({ state: "detached" });
  }

  /** Waits until somebody wrote this. */
  async hears(text: string): Promise<void> {
    await this.page.locator(".messages .bubble", { hasText: text }).first().waitFor();
  }

  /** Waits until exactly these are listed, in any order. */
  async sees(names: readonly string[]): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => {
        const listed = [...document.querySelectorAll("#people-list .name")].map((name) => name.textContent);
        return JSON.stringify(listed.sort()) === wanted;
      },
      JSON.stringify([...names].sort()),
    );
  }

  /** What the messages say, from the top. */
  texts(): Promise<string[]> {
    return this.page.locator(".messages .bubble").allTextContents();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
