/**
 * What the page's tests stand on: one browser for a file, one prim for all its tests, and visitors who leave after each. Tests of one
 * file share the server, so each talks in a room of its own.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout } from "bun:test";
import { type Browser, chromium } from "playwright-core";
import { systemClock } from "../../src/base/clock.ts";
import type { ChannelId, UserId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { SqliteStore } from "../../src/storage/sqlite/sqlite-store.ts";
import { draft } from "../contract/store-bed.ts";
import { PrimServer } from "./prim-server.ts";
import { Visitor, type VisitorOptions } from "./visitor.ts";

const BROWSER_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Messages that lie in a room before the server starts. */
export interface Seed {
  readonly room: string;
  readonly count: number;
  readonly text: (index: number) => string;
}

const SEED_AT_ONCE = 1_000;

export class PageStage {
  readonly server = new PrimServer();
  readonly #visitors: Visitor[] = [];
  #browser: Browser | undefined;

  /** Sets the stage up for the tests of this file. */
  static prepare(executablePath: string, seeds: readonly Seed[] = []): PageStage {
    // A test that runs out of time takes the browser, and so all others, along.
    setDefaultTimeout(60_000);
    const stage = new PageStage();
    beforeAll(async () => {
      await seed(stage.server.dataDir, seeds);
      [stage.#browser] = await Promise.all([
        chromium.launch({ executablePath, args: BROWSER_ARGUMENTS }),
        stage.server.start(),
      ]);
    });
    afterEach(async () => {
      await Promise.all(stage.#visitors.splice(0).map((visitor) => visitor.close()));
    });
    afterAll(async () => {
      await stage.#browser?.close();
      await stage.server.remove();
    });
    return stage;
  }

  async open(options?: VisitorOptions): Promise<Visitor> {
    if (this.#browser === undefined) throw new Error("The browser is not there");
    const visitor = await Visitor.open(this.#browser, this.server.origin, options);
    this.#visitors.push(visitor);
    return visitor;
  }

  /** Two or more people in a room that nobody else is in. */
  async meet(room: string, ...names: string[]): Promise<Visitor[]> {
    const visitors = await Promise.all(names.map((name) => this.open({ name })));
    for (const visitor of visitors) await visitor.enter(room);
    for (const visitor of visitors) await visitor.sees(names);
    return visitors;
  }

  /** Messages from a back end to a room, one after the other. */
  async post(room: string, contents: readonly object[], from = "Robot"): Promise<void> {
    for (const content of contents) {
      await this.#call("SendToRoom", { channel: `room:${room}`, from, content });
    }
  }

  async #call(method: string, body: object): Promise<void> {
    const response = await fetch(`${this.server.origin}/prim.v1.PushService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  }
}

/** Straight into the store: over a wire a hundred thousand would take a minute. */
async function seed(dataDir: string, seeds: readonly Seed[]): Promise<void> {
  if (seeds.length === 0) return;
  const bounds = { countMax: 1_000_000, ageMs: 3_600_000 };
  const store = SqliteStore.open(dataDir, { clock: systemClock, log: silentLogger, ...bounds });
  for (const { room, count, text } of seeds) {
    for (let first = 1; first <= count; first += SEED_AT_ONCE) {
      const indexes = Array.from(
        { length: Math.min(SEED_AT_ONCE, count - first + 1) },
        (_, at) => first + at,
      );
      await Promise.all(
        indexes.map((index) =>
          store.append({
            channel: `room:${room}` as ChannelId,
            draft: draft({ seq: `seed-${index}`, msg: text(index), from: `Robot ${index % 3}` as UserId }),
            windowMs: 1_000,
          }),
        ),
      );
    }
  }
  await store.close();
}
