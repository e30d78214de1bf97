/**
 * Page: the time from a key to the next picture while others write 50 messages a second into the open room, beside
 * the same in a quiet room. In headless Chromium, against prim in memory.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { findPart, PARTS } from "../scripts/parts.ts";
import { PrimClient } from "../src/client/index.ts";
import { type Bench, type BenchContext, numberFlag, type Outcome } from "./harness/bench.ts";
import { ServerProcess } from "./harness/server-process.ts";
import { median, rounded } from "./harness/statistics.ts";

export const bench: Bench = {
  name: "page",
  question: "How long does a key take to the next picture while others write into the open room?",
  flags: {
    rate: { default: 50, max: 1_000, help: "messages per second from others" },
    seconds: { default: 10, max: 120, help: "length of one measurement" },
    "keys-per-second": { default: 8, max: 30, help: "keys pressed" },
    history: { default: 2_000, max: 20_000, help: "messages that are in the room before" },
  },
  run,
};

interface Measured {
  readonly messagesPerSecond: number;
  readonly keys: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** CPU of the page's main thread, of a thousand. */
  readonly mainThreadMsPerSecond: number;
  readonly elements: number;
}

const ROOM = "room:101";
/** Sends under way at once while the room is filled. */
const FILL_AT_ONCE = 200;

async function run(context: BenchContext): Promise<Outcome> {
  const part = PARTS.find(({ name }) => name === "chromium");
  const executablePath = part === undefined ? undefined : findPart(part);
  if (executablePath === undefined) throw new Error("Chromium is not installed");
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await ServerProcess.prim(context, "memory"));
  const writer = new PrimClient({ url: server.url });
  stack.defer(() => writer.close());
  await writer.login({ userId: "writer" });
  await fill(writer, numberFlag(context, "history"));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  stack.defer(() => browser.close());
  const page = await open(browser, server.httpUrl);

  const quiet = await measure(context, page, writer, 0);
  context.progress(`quiet: p95 ${quiet.p95Ms} ms of ${quiet.keys} keys`);
  const busy = await measure(context, page, writer, numberFlag(context, "rate"));
  context.progress(`${busy.messagesPerSecond} messages/s: p95 ${busy.p95Ms} ms of ${busy.keys} keys`);
  return {
    results: [
      { row: "quiet", ...quiet },
      { row: "busy", ...busy },
    ],
    ratios: {
      "busy to quiet": { p50: rounded(busy.p50Ms / quiet.p50Ms), p95: rounded(busy.p95Ms / quiet.p95Ms) },
    },
    notes: [
      "From the key's own time stamp to the first task after the frame that shows it; one page, one run.",
    ],
  };
}

async function fill(writer: PrimClient, count: number): Promise<void> {
  for (let first = 0; first < count; first += FILL_AT_ONCE) {
    const many = Array.from({ length: Math.min(FILL_AT_ONCE, count - first) }, (_, at) => first + at);
    await Promise.all(many.map((index) => writer.send({ channel: ROOM, msg: `before ${index}` })));
  }
}

async function open(browser: Browser, httpUrl: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(() => {
    const times: number[] = [];
    Object.assign(window, { keyTimes: times });
    addEventListener(
      "keydown",
      ({ timeStamp }) =>
        requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - timeStamp))),
      { capture: true },
    );
  });
  await page.goto(`${httpUrl}/home/index`);
  await page.locator(".row .bubble").first().waitFor();
  await page.locator(".composer textarea").focus();
  return page;
}

async function measure(
  context: BenchContext,
  page: Page,
  writer: PrimClient,
  rate: number,
): Promise<Measured> {
  await page.evaluate("keyTimes.length = 0");
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busySeconds = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  };
  const busyBefore = await busySeconds();
  const durationMs = numberFlag(context, "seconds") * 1_000;
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  let sent = 0;
  const sends: Promise<unknown>[] = [];
  const timer = setInterval(() => {
    while (sent < (elapsed() / 1_000) * rate) {
      sent += 1;
      sends.push(writer.send({ channel: ROOM, msg: `message ${sent}, as long as people write in a chat` }));
    }
  }, 5);
  const keyMs = 1_000 / numberFlag(context, "keys-per-second");
  let keys = 0;
  while (elapsed() < durationMs) {
    await page.keyboard.press(keys % 6 === 5 ? "Space" : "KeyA");
    keys += 1;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, keys * keyMs - elapsed())));
  }
  clearInterval(timer);
  const wallMs = elapsed();
  const mainThreadMs = ((await busySeconds()) - busyBefore) * 1_000;
  await Promise.all(sends);
  await page.waitForFunction(`keyTimes.length >= ${keys}`);
  const times = (await page.evaluate("keyTimes")) as number[];
  const sorted = times.toSorted((a, b) => a - b);
  return {
    messagesPerSecond: rounded((sent / wallMs) * 1_000),
    keys,
    p50Ms: rounded(median(sorted)),
    p95Ms: rounded(sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN),
    maxMs: rounded(sorted.at(-1) ?? Number.NaN),
    mainThreadMsPerSecond: rounded((mainThreadMs / wallMs) * 1_000),
    elements: await page.locator("*").count(),
  };
}
