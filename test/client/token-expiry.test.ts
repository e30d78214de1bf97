/** What a client does when its login over RPC runs out: nobody waits a day for that, so the server's clock is moved. */
import { expect, test } from "bun:test";
import { createApp } from "../../src/app.ts";
import { type Cancel, type Clock, systemClock } from "../../src/base/clock.ts";
import { RPC_LOGIN_MS_MAX } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { type Message, PrimClient, type StatusEvent, StreamTransport } from "../../src/client/index.ts";
import { loadedConfig } from "../../src/config/fixture.ts";
import { eventually } from "../deadline.ts";
import { FREE_PORTS } from "../prim-process.ts";

/** The machine's clock, whose long timers run when a test says so. */
class HastyClock implements Clock {
  readonly #days = new Set<() => void>();
  #aheadMs = 0;

  now = () => systemClock.now() + this.#aheadMs;
  monotonic = () => systemClock.monotonic();
  every = (periodMs: number, task: () => void): Cancel => systemClock.every(periodMs, task);
  soon = (task: () => void) => systemClock.soon(task);

  after(delayMs: number, task: () => void): Cancel {
    if (delayMs < RPC_LOGIN_MS_MAX / 2) return systemClock.after(delayMs, task);
    this.#days.add(task);
    return () => void this.#days.delete(task);
  }

  /** A day passes. */
  tomorrow(): void {
    this.#aheadMs += RPC_LOGIN_MS_MAX;
    const due = [...this.#days];
    this.#days.clear();
    for (const task of due) task();
  }
}

test("a login that runs out is renewed: the stream resumes, and what is under way is stored once", async () => {
  const clock = new HastyClock();
  const logger = { ...silentLogger, level: "silent" as const, setLevel: () => {} };
  const config = loadedConfig({ argv: [...FREE_PORTS, "--data-dir", "none"] });
  const app = createApp(config, { clock, logger, version: "0.0.0", requestStop: () => {} });
  const { httpPort } = await app.start();
  const transport = new StreamTransport(`http://127.0.0.1:${httpPort}`);
  const client = new PrimClient({ url: "", transport, backoffMinMs: 20, backoffMaxMs: 100 });
  try {
    const heard: Message[] = [];
    const ends: StatusEvent["end"][] = [];
    client.on("message", (message) => heard.push(message));
    client.on("status", ({ end }) => end && ends.push(end));
    await client.login({ userId: "ann" });
    await client.join("room:days");
    await client.send({ channel: "room:days", msg: "today" });
    clock.tomorrow();
    const sent = ["tomorrow", "and after"].map((msg) => client.send({ channel: "room:days", msg }));
    await Promise.all(sent);
    await eventually(
      () => heard.length,
      (count) => count >= 3,
      "all three",
    );
    expect(heard.map(({ msg, offset }) => `${offset} ${msg}`)).toEqual([
      "1 today",
      "2 tomorrow",
      "3 and after",
    ]);
    expect(ends).toEqual([{ code: 1006, text: "The token is not valid any more: log in again" }]);
    expect(client.status).toBe("online");
  } finally {
    await client.close();
    await app.drain();
    await app.stop();
  }
});
