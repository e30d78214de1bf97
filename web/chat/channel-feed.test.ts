import { beforeEach, describe, expect, test } from "bun:test";
import type { HistoryPage, Message } from "../wire/frames.ts";
import { ChannelFeed } from "./channel-feed.ts";

let log: Message[];
let epoch: string;
let shown: (number | "gap")[];
let broken: boolean;
let duringRead: () => void;
let feed: ChannelFeed;

beforeEach(() => {
  log = [];
  epoch = "a";
  shown = [];
  broken = false;
  duringRead = () => {};
  feed = new ChannelFeed("room:1", {
    history: async (_channel, { after, limit }) => read(after, limit),
    show: (message) => shown.push(message.offset),
    showGap: () => shown.push("gap"),
  });
});

function write(count: number): void {
  const first = (log.at(-1)?.offset ?? 0) + 1;
  for (let offset = first; offset < first + count; offset++) log.push(messageAt(offset));
}

function messageAt(offset: number): Message {
  const place = { channel: "room:1", epoch, offset, sentAt: offset };
  return {
    ...place,
    id: `${epoch}${offset}`,
    seq: "",
    from: "ann",
    appPlatform: 101,
    type: "text",
    msg: "x",
  };
}

async function read(after: number | undefined, limit: number): Promise<HistoryPage> {
  if (broken) throw new Error("The connection is gone");
  const head = log.at(-1)?.offset ?? 0;
  const wanted = after === undefined ? log.slice(-limit) : log.filter(({ offset }) => offset > after);
  const messages = wanted.slice(0, limit);
  duringRead();
  await Promise.resolve();
  return { epoch, head, messages, more: after !== undefined && wanted.length > limit };
}

function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const joined = { channel: "room:1", epoch: "a", offset: 0 };

test("joined() shows the newest messages of a channel that is new to the page", async () => {
  write(150);
  await feed.joined(joined);
  expect(shown).toEqual(upTo(150, 51));
  expect(feed.position).toEqual({ channel: "room:1", epoch: "a", offset: 150 });
});

test("joined() knows the position of an empty channel", async () => {
  await feed.joined(joined);
  expect(shown).toEqual([]);
  expect(feed.position).toEqual({ channel: "room:1", epoch: "a", offset: 0 });
});

describe("after 3 messages", () => {
  beforeEach(async () => {
    write(3);
    await feed.joined(joined);
  });

  test("take() shows what follows and drops repeats", async () => {
    for (const offset of [4, 4, 2, 5, 4]) await feed.take(messageAt(offset));
    expect(shown).toEqual(upTo(5));
  });

  test("take() reads what is missing before it shows what came too early", async () => {
    write(4);
    await feed.take(messageAt(7));
    await feed.take(messageAt(6));
    expect(shown).toEqual(upTo(7));
  });

  test("messages that come while the history is read are not lost and not repeated", async () => {
    write(3);
    let once = true;
    duringRead = () => {
      if (!once) return;
      once = false;
      write(2);
      void feed.take(messageAt(7));
      void feed.take(messageAt(8));
    };
    await feed.catchUp();
    expect(shown).toEqual(upTo(8));
  });

  test("joined() leaves to the server what it says it pushes", async () => {
    write(1);
    await feed.joined({ ...joined, recovered: true });
    expect(shown).toEqual(upTo(3));
  });

  test("joined() reads page by page what the server doesn't push", async () => {
    write(500);
    await feed.joined({ ...joined, recovered: false });
    expect(shown).toEqual(upTo(503));
  });

  test("one more than the page wants to catch up on: the newest, after a gap", async () => {
    write(501);
    await feed.joined({ ...joined, recovered: false });
    expect(shown).toEqual([1, 2, 3, "gap", ...upTo(504, 405)]);
  });

  test("a history that was cut shows a gap", async () => {
    write(5);
    log = log.filter(({ offset }) => offset > 5);
    await feed.catchUp();
    expect(shown).toEqual([1, 2, 3, "gap", 6, 7, 8]);
  });

  test("a new epoch shows a gap and counts anew", async () => {
    epoch = "b";
    log = [];
    write(2);
    await feed.take(messageAt(2));
    await feed.take(messageAt(3));
    expect(shown).toEqual([1, 2, 3, "gap", 1, 2, 3]);
  });

  test("catchUp() goes on after a connection that failed", async () => {
    write(2);
    broken = true;
    expect(feed.catchUp()).rejects.toThrow("gone");
    broken = false;
    await feed.catchUp();
    expect(shown).toEqual(upTo(5));
  });
});
