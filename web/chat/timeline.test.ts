import { beforeEach, describe, expect, test } from "bun:test";
import type { HistoryPage, HistoryRange, Message } from "../../src/client/index.ts";
import { HELD_MESSAGES_MAX, PAGE_MESSAGES, RESTING_MESSAGES_MAX, Timeline } from "./timeline.ts";

let log: Message[];
let epoch: string;
let during: () => void;
let asked: HistoryRange[];
let broken: boolean;
let timeline: Timeline;

beforeEach(() => {
  log = [];
  epoch = "a";
  asked = [];
  broken = false;
  during = () => {};
  timeline = new Timeline({ history: read, changed: () => {} });
});

function write(count: number): Message[] {
  const first = (log.at(-1)?.offset ?? 0) + 1;
  const made = Array.from({ length: count }, (_, at) => messageAt(first + at));
  log.push(...made);
  return made;
}

function messageAt(offset: number): Message {
  const place = { channel: "room:1", epoch, offset, sentAt: offset };
  return {
    ...place,
    id: `${epoch}${offset}`,
    seq: "",
    from: "ann",
    appPlatform: 101,
    target: "",
    type: "text",
    msg: "",
  };
}

async function read(range: HistoryRange): Promise<HistoryPage> {
  asked.push(range);
  if (broken) throw new Error("The connection is gone");
  const { after, before = Number.POSITIVE_INFINITY, limit = 100 } = range;
  const wanted = log.filter(({ offset }) => offset > (after ?? 0) && offset < before);
  const messages = after === undefined ? wanted.slice(-limit) : wanted.slice(0, limit);
  const page = {
    channel: "room:1",
    epoch,
    head: log.at(-1)?.offset ?? 0,
    messages,
    more: wanted.length > limit,
  };
  await Promise.resolve();
  during();
  return page;
}

const offsets = () => timeline.messages.map(({ offset }) => offset);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

test("load() reads the newest page, once, and older() what is before it until there is nothing left", async () => {
  write(250);
  await Promise.all([timeline.load(), timeline.load()]);
  await timeline.load();
  expect(asked).toHaveLength(1);
  expect(offsets()).toEqual(upTo(250, 151));
  await timeline.older();
  await timeline.older();
  expect(offsets()).toEqual(upTo(250));
  expect(timeline.olderLeft).toBe(false);
  await timeline.older();
  expect(asked).toHaveLength(3);
});

test("what arrives while a page is read is neither lost nor there twice", async () => {
  write(3);
  let once = true;
  during = () => {
    if (!once) return;
    once = false;
    timeline.take(messageAt(3));
    for (const message of write(2)) timeline.take(message);
  };
  await timeline.load();
  expect(offsets()).toEqual([1, 2, 3, 4, 5]);
});

describe("after three messages", () => {
  beforeEach(async () => {
    write(3);
    await timeline.load();
  });

  test("take() adds what follows and drops repeats", () => {
    for (const offset of [4, 4, 2, 5]) timeline.take(messageAt(offset));
    expect(offsets()).toEqual(upTo(5));
  });

  test("a hole begins a new run, which load() completes", async () => {
    write(4);
    const before = timeline.generation;
    timeline.take(messageAt(7));
    expect(timeline.generation).toBe(before + 1);
    await timeline.load();
    expect(offsets()).toEqual(upTo(7));
  });

  test("another epoch begins a new run", () => {
    epoch = "b";
    timeline.take(messageAt(1));
    expect([offsets(), timeline.head, timeline.loaded]).toEqual([[1], 1, false]);
  });

  test("joined() keeps the run if nothing was missed, and begins a new one if something was", () => {
    timeline.joined("a", 3);
    expect(offsets()).toEqual([1, 2, 3]);
    timeline.joined("a", 4);
    expect([offsets(), timeline.head]).toEqual([[], 4]);
  });

  test("a page of a run that is over is not put into the new one", async () => {
    write(300);
    timeline.lost("a", 303);
    during = () => timeline.lost("a", 303);
    await timeline.load();
    expect([offsets(), timeline.loaded, timeline.reading]).toEqual([[], false, undefined]);
  });

  test("a failed read leaves everything as it was, and can be repeated", async () => {
    timeline.lost("a", 3);
    broken = true;
    expect(timeline.load()).rejects.toThrow("gone");
    await timeline.load().catch(() => {});
    broken = false;
    await timeline.load();
    expect(offsets()).toEqual([1, 2, 3]);
  });
});

test("nobody looks: one message more than is held lets the oldest go", async () => {
  await timeline.load();
  for (const message of write(RESTING_MESSAGES_MAX + 1)) timeline.take(message);
  expect(offsets()).toEqual(upTo(RESTING_MESSAGES_MAX + 1, 2));
  expect(timeline.olderLeft).toBe(true);
  timeline.wake();
  for (const message of write(10)) timeline.take(message);
  expect(offsets()).toHaveLength(RESTING_MESSAGES_MAX + 10);
  timeline.rest();
  expect(offsets()).toHaveLength(RESTING_MESSAGES_MAX);
});

test("looked back too far, the end is let go; newer() and latest() come back to it", async () => {
  write(HELD_MESSAGES_MAX + 2 * PAGE_MESSAGES);
  timeline.wake();
  await timeline.load();
  while (timeline.attached) await timeline.older(1_000);
  expect(offsets()).toHaveLength(HELD_MESSAGES_MAX);
  expect(timeline.messages[0]?.offset).toBe(PAGE_MESSAGES + 1);
  const [live] = write(1);
  if (live !== undefined) timeline.take(live);
  expect(timeline.messages.at(-1)?.offset).toBe(HELD_MESSAGES_MAX + PAGE_MESSAGES);
  expect(timeline.head).toBe(HELD_MESSAGES_MAX + 2 * PAGE_MESSAGES + 1);
  while (!timeline.attached) await timeline.newer();
  expect(timeline.messages.at(-1)?.offset).toBe(timeline.head);
  expect(offsets()).toHaveLength(HELD_MESSAGES_MAX);
});
