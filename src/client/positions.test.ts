import { expect, test } from "bun:test";
import { messageAt, settle } from "../../test/client/fake-transport.ts";
import { FILL_MESSAGES_MAX } from "./limits.ts";
import type { HistoryPage } from "./messages.ts";
import { Positions, type ResumedEvent } from "./positions.ts";

const ROOM = "room:x";

/** A channel whose log a test writes by hand. */
function open(offset = 0, epoch = "e1") {
  const log = { epoch: "e1", first: 1, head: 0, pageMax: 1_000, reads: [] as number[] };
  const heard: string[] = [];
  const resumed: ResumedEvent[] = [];
  const stuck: unknown[] = [];
  let failure: Error | undefined;
  const history = async (channel: string, after: number): Promise<HistoryPage> => {
    log.reads.push(after);
    if (failure !== undefined) throw failure;
    const from = Math.max(after + 1, log.first);
    const count = Math.max(0, Math.min(log.head - from + 1, log.pageMax));
    const messages = Array.from({ length: count }, (_, n) => messageAt(channel, from + n, log.epoch));
    return { channel, epoch: log.epoch, head: log.head, messages, more: from + count - 1 < log.head };
  };
  const positions = new Positions({
    history,
    deliver: (message) => heard.push(`${message.epoch} ${message.offset}`),
    resumed: (event) => resumed.push(event),
    stuck: (error) => stuck.push(error),
  });
  positions.expect(ROOM);
  positions.joined({ channel: ROOM, epoch, offset });
  const take = (at: number, of = "e1") => {
    log.head = Math.max(log.head, at);
    positions.take(messageAt(ROOM, at, of));
  };
  const fail = (error: Error | undefined) => {
    failure = error;
  };
  return { positions, log, heard, resumed, stuck, take, fail };
}

function upTo(last: number, first = 1, epoch = "e1"): string[] {
  return Array.from({ length: last - first + 1 }, (_, n) => `${epoch} ${first + n}`);
}

test("take() delivers what is next, and drops repeats", () => {
  const { take, heard, log } = open();
  for (const offset of [1, 2, 2, 1, 3]) take(offset);
  expect(heard).toEqual(upTo(3));
  expect(log.reads).toEqual([]);
});

test("take() fills a gap from the history before anything later is delivered", async () => {
  const { take, heard, log } = open();
  take(1);
  take(5);
  take(6);
  expect(heard).toEqual(upTo(1));
  await settle();
  take(7);
  expect(heard).toEqual(upTo(7));
  // The first read was answered before 6 was stored.
  expect(log.reads).toEqual([1, 5]);
});

test("take() goes on reading while there is more, and while messages come that the reads don't have", async () => {
  const { take, heard, log } = open();
  log.pageMax = 2;
  take(6);
  await settle();
  expect(heard).toEqual(upTo(6));
  expect(log.reads).toEqual([0, 2, 4]);
});

test("take() ignores channels that were not joined, and those that were left", () => {
  const { positions, heard, take } = open();
  positions.take(messageAt("room:y", 1));
  positions.forget(ROOM);
  take(1);
  expect(heard).toEqual([]);
  expect(positions.all()).toEqual([]);
});

test("a message that overtakes the answer to its join is delivered after it", async () => {
  const { positions, heard, log } = open();
  log.head = 4;
  positions.expect("room:y");
  positions.take(messageAt("room:y", 4));
  expect(heard).toEqual([]);
  positions.joined({ channel: "room:y", epoch: "e1", offset: 3 });
  await settle();
  expect(heard).toEqual(["e1 4"]);
});

test("a message that overtakes the answer to a login waits for it", async () => {
  const { positions, heard, take, log } = open(5);
  positions.resuming();
  take(12);
  await settle();
  expect(log.reads).toEqual([]);
  positions.resume([{ channel: ROOM, epoch: "e1", offset: 11, recovered: false }]);
  await settle();
  expect(heard).toEqual(["e1 12"]);
});

test("resume() with recovered: true goes on where it was, and drops what it has seen", () => {
  const { positions, heard, take, resumed } = open(5);
  positions.resuming();
  positions.resume([{ channel: ROOM, epoch: "e1", offset: 8, recovered: true }]);
  for (const offset of [5, 6, 7, 8, 8]) take(offset);
  expect(heard).toEqual(upTo(8, 6));
  expect(resumed).toEqual([{ channel: ROOM, recovered: true, epoch: "e1", offset: 5 }]);
});

test("resume() with recovered: false says so, and goes on from the newest", () => {
  const { positions, heard, take, resumed } = open(5);
  positions.resuming();
  positions.resume([{ channel: ROOM, epoch: "e2", offset: 80, recovered: false }]);
  take(81, "e2");
  expect(heard).toEqual(["e2 81"]);
  expect(resumed).toEqual([{ channel: ROOM, recovered: false, epoch: "e2", offset: 80 }]);
});

test("an empty channel takes its first message in whichever epoch", () => {
  const { positions, heard, take, resumed } = open(0, "e0");
  take(1, "e7");
  expect(heard).toEqual(["e7 1"]);
  expect(resumed).toEqual([]);
  expect(positions.all()).toEqual([{ channel: ROOM, epoch: "e7", offset: 1 }]);
});

test("another epoch is told, and delivered from its first message", async () => {
  const { heard, take, log, resumed } = open(3);
  log.epoch = "e2";
  take(2, "e2");
  await settle();
  expect(resumed).toEqual([{ channel: ROOM, recovered: false, epoch: "e2", offset: 0 }]);
  expect(heard).toEqual(upTo(2, 1, "e2"));
});

test("a gap that was trimmed is told, and what is left of it delivered", async () => {
  const { heard, take, log, resumed } = open(3);
  log.first = 8;
  take(10);
  await settle();
  expect(resumed).toEqual([{ channel: ROOM, recovered: false, epoch: "e1", offset: 7 }]);
  expect(heard).toEqual(upTo(10, 8));
});

test("a gap of the greatest size is filled, one larger is told and passed over", async () => {
  const most = open();
  most.take(FILL_MESSAGES_MAX);
  await settle();
  expect(most.heard.length).toBe(FILL_MESSAGES_MAX);
  const more = open();
  more.take(FILL_MESSAGES_MAX + 1);
  await settle();
  expect(more.heard).toEqual([]);
  expect(more.resumed).toMatchObject([{ recovered: false, offset: FILL_MESSAGES_MAX + 1 }]);
});

test("check() after lost history notices the new epoch without any message", async () => {
  const { positions, log, resumed } = open(3);
  log.epoch = "e2";
  positions.check(ROOM);
  await settle();
  expect(resumed).toMatchObject([{ recovered: false, epoch: "e2", offset: 0 }]);
});

test("a history that can't be read asks for a new link, and the login there settles it", async () => {
  const { positions, heard, take, stuck, fail } = open();
  fail(new Error("away"));
  take(3);
  await settle();
  expect(stuck.length).toBe(1);
  fail(undefined);
  positions.resuming();
  positions.resume([{ channel: ROOM, epoch: "e1", offset: 3, recovered: true }]);
  for (const offset of [1, 2, 3]) take(offset);
  expect(heard).toEqual(upTo(3));
});

test("a read that a new link overtakes changes nothing", async () => {
  const { positions, heard, take } = open();
  take(3);
  positions.resuming();
  positions.resume([{ channel: ROOM, epoch: "e1", offset: 3, recovered: true }]);
  take(1);
  await settle();
  for (const offset of [2, 3]) take(offset);
  expect(heard).toEqual(upTo(3));
});
