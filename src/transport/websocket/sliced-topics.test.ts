import { expect, test } from "bun:test";
import { FakeClock } from "../../../test/fake-clock.ts";
import {
  SLICE_BUSY_FRAMES,
  SLICE_LATE_MS,
  SLICE_PENDING_CHARS_MAX,
  SLICE_REST_FACTOR_MAX,
  SLICE_REST_MS_MAX,
} from "../../base/limits.ts";
import type { Frame } from "../../protocol/frames.ts";
import { SlicedTopics, type TopicServer } from "./sliced-topics.ts";

const TOPIC = "all|j";

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A listener whose sockets are numbers, with two of them to a slice, of which the last is written first. Writing to a name takes `writeMs`. */
function bed() {
  const clock = new FakeClock();
  const names = new Map<string, Set<number>>();
  const heard = new Map<number, Frame[]>();
  const writes: string[] = [];
  let writeMs = 0;
  const server: TopicServer = {
    subscriberCount: (name) => names.get(name)?.size ?? 0,
    publish: (name, frame) => {
      writes.push(`${name} ${frame}`);
      for (const client of names.get(name) ?? []) heard.get(client)?.push(frame as Frame);
      clock.advance(writeMs);
      return 1;
    },
  };
  const topics = new SlicedTopics(server, clock, { first: 2, further: 2 });
  const subscriptions = (client: number) =>
    [...names].filter(([, clients]) => clients.has(client)).map(([name]) => name);
  return {
    clock,
    topics,
    heard,
    writes,
    takeMs(ms: number) {
      writeMs = ms;
    },
    come(...clients: number[]) {
      for (const client of clients) {
        const name = topics.nameForNewcomer(TOPIC);
        names.set(name, (names.get(name) ?? new Set()).add(client));
        heard.set(client, []);
      }
    },
    go(...clients: number[]) {
      for (const client of clients) {
        const name = topics.nameAmong(subscriptions(client), TOPIC);
        if (name !== undefined) names.get(name)?.delete(client);
      }
    },
    /** The turn of the event loop in which a slice is written, and the next. */
    async turn() {
      await endOfTurn();
      await endOfTurn();
    },
  };
}

test("SlicedTopics leaves a topic that fits in one slice as it is", () => {
  const { topics, come, heard, writes } = bed();
  come(1, 2);
  topics.publish(TOPIC, "a");
  topics.publish(TOPIC, "b");
  expect(topics.isBig(TOPIC)).toBe(false);
  expect(writes).toEqual(["all|j a", "all|j b"]);
  expect([...heard.values()]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("SlicedTopics writes to one slice a turn, and to each subscriber everything in order", async () => {
  const { topics, come, heard, writes, turn } = bed();
  come(1, 2, 3, 4, 5);
  expect(topics.subscribers(TOPIC)).toBe(5);
  topics.publish(TOPIC, "a");
  topics.publish(TOPIC, "b");
  expect(writes).toEqual(["all|j|2 a"]);
  await turn();
  expect(writes.slice(1)).toEqual(["all|j|1 a", "all|j|1 b"]);
  await turn();
  await turn();
  expect(writes.slice(3)).toEqual(["all|j a", "all|j b", "all|j|2 b"]);
  for (const frames of heard.values()) expect(frames).toEqual(["a", "b"]);
});

test("SlicedTopics gives a newcomer nothing of what was published before", async () => {
  const { topics, come, heard, turn } = bed();
  come(1, 2, 3);
  topics.publish(TOPIC, "before");
  come(4, 5);
  topics.publish(TOPIC, "after");
  for (let turns = 0; turns < 6; turns += 1) await turn();
  expect([1, 2, 3].map((client) => heard.get(client))).toEqual(new Array(3).fill(["before", "after"]));
  expect([4, 5].map((client) => heard.get(client))).toEqual([["after"], ["after"]]);
});

test("SlicedTopics fills a slice that half have left, and forgets those that all have left", async () => {
  const { topics, come, go, heard, writes, turn } = bed();
  come(1, 2, 3, 4, 5, 6);
  go(3);
  come(7);
  topics.publish(TOPIC, "a");
  topics.flush();
  expect(writes).toEqual(["all|j|2 a", "all|j|1 a", "all|j a"]);
  expect(heard.get(7)).toEqual(["a"]);
  go(4, 5, 6, 7);
  await turn();
  // The newest stays as long as newcomers would go there; then the topic is a small one again.
  topics.publish(TOPIC, "b");
  await turn();
  topics.publish(TOPIC, "c");
  expect(heard.get(1)).toEqual(["a", "b", "c"]);
  come(8);
  expect(topics.subscribers(TOPIC)).toBe(3);
  go(1, 2, 8);
  expect(topics.subscribers(TOPIC)).toBe(0);
});

test("SlicedTopics keeps nothing of a topic that all have left, once nothing waits", async () => {
  const { topics, come, go, heard, turn } = bed();
  come(1, 2, 3, 4, 5);
  topics.publish(TOPIC, "before");
  go(1, 2, 3, 4, 5);
  expect(topics.subscribers(TOPIC)).toBe(0);
  expect(topics.isBig(TOPIC)).toBe(true);
  come(6);
  for (let turns = 0; turns < 6; turns += 1) await turn();
  expect(heard.get(6)).toEqual([]);
  go(6);
  expect(topics.subscribers(TOPIC)).toBe(0);
  expect(topics.isBig(TOPIC)).toBe(false);
});

test("SlicedTopics writes at once where too much waits for its turn", () => {
  const { topics, come, heard } = bed();
  come(1, 2, 3);
  const frame = "x".repeat(SLICE_PENDING_CHARS_MAX / 2);
  topics.publish(TOPIC, frame);
  topics.publish(TOPIC, frame);
  expect(heard.get(1)).toEqual([]);
  topics.publish(TOPIC, frame);
  expect(heard.get(1)).toEqual([frame, frame, frame]);
});

test("SlicedTopics has what goes around a publish done for each slice", async () => {
  const { topics, come, turn } = bed();
  come(1, 2, 3);
  const around: string[] = [];
  topics.publish(TOPIC, "a", (name, publish) => {
    around.push(name);
    publish();
  });
  await turn();
  expect(around).toEqual(["all|j|1", "all|j"]);
});

test("SliceTurns rests after a slice as long as it took, and longer when it is woken late", async () => {
  const { topics, come, writes, clock, takeMs, turn } = bed();
  come(1, 2, 3, 4, 5, 6, 7, 8);
  takeMs(10);
  topics.publish(TOPIC, "a");
  await turn();
  clock.advance(9);
  expect(writes.length).toBe(1);
  clock.advance(1);
  expect(writes.length).toBe(2);
  await turn();
  // 10 ms of rest, and the machine wakes it too late.
  clock.stall(10 + SLICE_LATE_MS);
  expect(writes.length).toBe(3);
  await turn();
  clock.advance(19);
  expect(writes.length).toBe(3);
  clock.advance(1);
  expect(writes.length).toBe(4);
});

test("SliceTurns counts what sockets take after the turn in which a slice was written", async () => {
  const { topics, come, writes, clock, turn } = bed();
  come(1, 2, 3, 4);
  topics.publish(TOPIC, "a");
  await endOfTurn();
  clock.advance(10);
  await turn();
  clock.advance(9);
  expect(writes.length).toBe(1);
  clock.advance(1);
  expect(writes.length).toBe(2);
});

test("SliceTurns rests for SLICE_REST_MS_MAX at most", async () => {
  const { topics, come, writes, clock, takeMs, turn } = bed();
  come(1, 2, 3, 4);
  takeMs(2 * SLICE_REST_MS_MAX);
  topics.publish(TOPIC, "a");
  await turn();
  clock.advance(SLICE_REST_MS_MAX);
  expect(writes).toEqual(["all|j|1 a", "all|j a"]);
});

test("SliceTurns does not rest after SLICE_BUSY_FRAMES", async () => {
  const { topics, come, writes, clock, takeMs, turn } = bed();
  come(1, 2, 3, 4, 5, 6);
  takeMs(10);
  topics.publish(TOPIC, "a");
  for (let count = 0; count < SLICE_BUSY_FRAMES; count += 1) topics.publish(TOPIC, "b");
  await turn();
  expect(writes.length).toBe(1);
  clock.advance(10);
  expect(writes.length).toBe(1 + SLICE_BUSY_FRAMES + 1);
  await turn();
  await turn();
  expect(writes.length).toBe(3 * (SLICE_BUSY_FRAMES + 1));
});

test("SliceTurns rests for SLICE_REST_FACTOR_MAX times as long as a slice took at most", async () => {
  const { topics, come, writes, clock, takeMs, turn } = bed();
  come(...Array.from({ length: 40 }, (_, client) => client));
  takeMs(1);
  topics.publish(TOPIC, "a");
  for (let late = 0; late < 10; late += 1) {
    await turn();
    clock.stall(SLICE_REST_MS_MAX + SLICE_LATE_MS);
  }
  expect(writes.length).toBe(11);
  await turn();
  clock.advance(SLICE_REST_FACTOR_MAX - 1);
  expect(writes.length).toBe(11);
  clock.advance(1);
  expect(writes.length).toBe(12);
});
