import { expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { bed, liveToRest, lost } from "../../test/cluster/peer-link-bed.ts";
import {
  LINK_KEEPALIVE_MS,
  LINK_OPEN_MS_MAX,
  LINK_QUEUE_ITEMS_MAX,
  LINK_REST_MS,
  LINK_RETRY_MS_MAX,
  LINK_SILENCE_MS_MAX,
} from "../base/limits.ts";

test("a link is opened with the first item, says hello, and sends nothing before the welcome", async () => {
  const { link, lives, life, turn, pass } = bed();
  await pass(10_000);
  expect(lives.length).toBe(0);
  link.say("1");
  link.say("2");
  await turn();
  expect(life(1).frames).toEqual(["hello"]);
  life(1).welcome();
  await turn();
  expect(life(1).frames).toEqual(["hello", "[1,2]"]);
});

test("items of one turn share a frame, items of two don't", async () => {
  const { link, life, turn } = bed();
  link.say("1");
  await turn();
  life(1).welcome();
  await turn();
  link.say("2");
  link.say("3");
  await turn();
  link.say("4");
  await turn();
  expect(life(1).frames.slice(1)).toEqual(["[1]", "[2,3]", "[4]"]);
});

test("a break with everything confirmed loses nothing: what is said meanwhile is sent by the next life", async () => {
  const { link, life, turn, pass } = bed();
  link.say("1");
  await turn();
  life(1).welcome();
  await turn();
  life(1).ack();
  await turn();
  life(1).end(lost());
  await turn();
  link.say("2");
  await pass(200);
  life(2).welcome();
  await turn();
  expect(life(2).frames).toEqual(["hello", "[2]"]);
});

test("a break with something unconfirmed makes the next life tell that something is missing, before all else", async () => {
  const { link, life, turn, pass, reached } = bed();
  link.say("1");
  await turn();
  life(1).welcome();
  await turn();
  life(1).end(lost());
  await turn();
  expect(link.isDropping).toBe(true);
  link.say("2");
  await pass(200);
  life(2).welcome();
  await turn();
  link.say("3");
  await turn();
  expect(life(2).frames).toEqual(["hello", "missed", "[3]"]);
  expect(link.state.dropped).toBe(1);
  expect(reached).toEqual([false, true]);
  // The word of it was not confirmed either: it is said again.
  life(2).end(lost());
  await pass(200);
  life(3).welcome();
  await turn();
  expect(life(3).frames).toEqual(["hello", "missed"]);
});

test("a peer that can't be had gets no queue: it is tried again with growing waits, and told when it is there", async () => {
  const { link, lives, life, turn, pass } = bed();
  link.say("1");
  await turn();
  for (let attempt = 1; attempt <= 6; attempt++) {
    life(attempt).end(lost());
    await turn();
    link.say("2");
    expect(link.state.queued).toBe(0);
    // Half of 100, 200, 400 ... ms, since chance is one half.
    await pass(50 * 2 ** (attempt - 1) - 1);
    expect(lives.length).toBe(attempt);
    await pass(1);
    expect(lives.length).toBe(attempt + 1);
  }
  life(7).welcome();
  await turn();
  expect(life(7).frames).toEqual(["hello", "missed"]);
});

test("a peer that refuses, or ends the link in order, is left alone for longer", async () => {
  for (const end of [new ConnectError("no common version", Code.FailedPrecondition), undefined]) {
    const { link, lives, life, turn, pass } = bed();
    link.say("1");
    await turn();
    life(1).end(end);
    await turn();
    await pass(LINK_RETRY_MS_MAX / 2 - 1);
    expect(lives.length).toBe(1);
    await pass(LINK_RETRY_MS_MAX / 2 + 1);
    expect(lives.length).toBe(2);
  }
});

test("no welcome in time is a failure, and the connection is not used again", async () => {
  const { link, lives, turn, pass, silences } = bed();
  link.say("1");
  await turn();
  await pass(LINK_OPEN_MS_MAX - 100);
  expect(silences()).toBe(0);
  await pass(200);
  expect(silences()).toBe(1);
  expect(lives.length).toBe(2);
});

test("a quiet link gives signs of life while it may be needed again, then says that it rests, and stays closed", async () => {
  const { link, lives, life, reached, turn, pass } = bed();
  link.say("1");
  await turn();
  life(1).welcome();
  for (let second = 0; second < LINK_REST_MS / 1_000 - 1; second++) {
    await pass(1_000);
    life(1).ack();
  }
  const signs = life(1).frames.filter((frame) => frame === "[]").length;
  expect(signs).toBeGreaterThan(LINK_REST_MS / LINK_KEEPALIVE_MS / 2);
  expect(signs).toBeLessThan(LINK_REST_MS / LINK_KEEPALIVE_MS + 1);
  expect(life(1).frames).not.toContain("goodbye");
  await pass(2_000);
  life(1).ack();
  life(1).end();
  await pass(120_000);
  expect(life(1).frames.at(-1)).toBe("goodbye");
  expect(lives.length).toBe(1);
  expect(reached).toEqual([]);
});

test("a link that rests is opened by the next item, which is not lost if it came while the peer was hearing the goodbye", async () => {
  const stage = bed();
  const { link, lives, life, turn } = stage;
  const live = (number: number) => liveToRest(stage, number);
  link.say("1");
  await live(1);
  life(1).end();
  await turn();
  link.say("2");
  await live(2);
  link.say("3");
  await turn();
  expect(lives.length).toBe(2);
  life(2).end();
  await live(3);
  const batches = lives.map(({ frames }) => frames.filter((frame) => /^\[.+\]$/.test(frame)));
  expect(batches).toEqual([["[1]"], ["[2]"], ["[3]"]]);
  expect(link.state.dropped).toBe(0);
});

test("a link that is kept busy does not rest", async () => {
  const { link, lives, life, turn, pass } = bed();
  link.say("1");
  await turn();
  life(1).welcome();
  for (let times = 0; times < 10; times++) {
    await pass(LINK_REST_MS / 2);
    life(1).ack();
    link.say("1");
    await turn();
    life(1).ack();
  }
  expect(life(1).frames).not.toContain("goodbye");
  expect(lives.length).toBe(1);
});

test("a peer that confirms nothing for too long is given up, while one that confirms late is not", async () => {
  const { link, life, turn, pass, silences } = bed();
  link.say("1");
  await turn();
  life(1).welcome();
  await turn();
  await pass(LINK_SILENCE_MS_MAX - 1_000);
  life(1).ack();
  await turn();
  link.say("2");
  await turn();
  await pass(LINK_SILENCE_MS_MAX - 1_000);
  expect(silences()).toBe(0);
  await pass(2_100);
  expect(silences()).toBe(1);
});

test("the queue overflows into one word of it, however much is dropped", async () => {
  const { link, life, turn } = bed();
  link.say("0");
  await turn();
  for (let count = 1; count < LINK_QUEUE_ITEMS_MAX; count++) link.say("1");
  expect(link.isDropping).toBe(false);
  link.say("1");
  expect(link.isDropping).toBe(true);
  expect(link.state.queued).toBe(0);
  for (let count = 0; count < 1_000; count++) link.say("2");
  expect(link.state.dropped).toBe(LINK_QUEUE_ITEMS_MAX + 1 + 1_000);
  life(1).welcome();
  await turn();
  link.say("3");
  await turn();
  expect(life(1).frames).toEqual(["hello", "missed", "[3]"]);
});

test("drop() ends everything at once: no retry, no queue", async () => {
  const { link, lives, life, turn, pass } = bed();
  link.say("1");
  await turn();
  life(1).end(lost());
  await turn();
  link.drop();
  link.say("2");
  await pass(60_000);
  expect(lives.length).toBe(1);
  expect(link.state.queued).toBe(0);
});
