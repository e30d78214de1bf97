import { expect, test } from "bun:test";
import { channel, lobby, refusalOf, upTo } from "../../../test/contract/store-bed.ts";
import { FakeClock } from "../../../test/fake-clock.ts";
import {
  APPEND_QUEUE_CHARS_MAX,
  APPEND_QUEUE_MAX,
  REDIS_TURN_CHARS_MAX,
  REDIS_TURN_OPERATIONS_MAX,
} from "../../base/limits.ts";
import { storeFailed } from "./call-gate.ts";
import { type Operation, TurnQueue, type TurnQueueOptions } from "./turn-queue.ts";

const REFUSED = { code: "unavailable", reason: "STORE_FAILED" };

const operation = (text: string, at = lobby): Operation => ({
  channel: at,
  keys: [],
  args: [text],
  isFrugal: false,
});

/** A queue whose calls end when the test says so. */
function bed(over: Partial<TurnQueueOptions> = {}) {
  const clock = new FakeClock();
  const calls: { texts: (string | undefined)[]; answer: (replies?: unknown[]) => void; fail: () => void }[] =
    [];
  const send = (operations: readonly Operation[]) => {
    const texts = operations.map(({ args }) => args[0]);
    const call = Promise.withResolvers<readonly unknown[]>();
    const answer = (replies?: unknown[]) => call.resolve(replies ?? texts);
    calls.push({ texts, answer, fail: () => call.reject(storeFailed("away")) });
    return call.promise;
  };
  const queue = new TurnQueue({ send, clock, perChannel: false, waitMsMax: 1_000, ...over });
  return { clock, calls, queue, add: (text: string, at = lobby) => queue.add(operation(text, at)) };
}

const turn = () => new Promise(setImmediate);

test("what is added in one turn is one call, what comes while it is under way is the next", async () => {
  const { calls, add } = bed();
  const first = [add("1"), add("2", channel("room:2"))];
  await turn();
  const second = [add("3"), add("4")];
  await turn();
  expect(calls.map(({ texts }) => texts)).toEqual([["1", "2"]]);
  calls[0]?.answer();
  expect(await Promise.all(first)).toEqual(["1", "2"]);
  await turn();
  expect(calls.map(({ texts }) => texts)).toEqual([
    ["1", "2"],
    ["3", "4"],
  ]);
  calls[1]?.answer();
  expect(await Promise.all(second)).toEqual(["3", "4"]);
});

test("with a lane per channel, a channel waits for its own calls only", async () => {
  const { calls, add } = bed({ perChannel: true });
  const other = channel("room:2");
  for (const [text, at] of [
    ["1", lobby],
    ["2", other],
    ["3", lobby],
  ] as const) {
    void add(text, at);
  }
  await turn();
  expect(calls.map(({ texts }) => texts)).toEqual([["1", "3"], ["2"]]);
  void add("4", lobby);
  void add("5", other);
  calls[1]?.answer();
  await turn();
  await turn();
  expect(calls.slice(2).map(({ texts }) => texts)).toEqual([["5"]]);
});

test("a call has at most so many operations, and so many characters unless it is one operation", async () => {
  const { calls, add } = bed();
  for (const n of upTo(REDIS_TURN_OPERATIONS_MAX + 1)) void add(String(n));
  const half = "x".repeat(REDIS_TURN_CHARS_MAX / 2);
  for (const text of [half, half, half + half, "y"]) void add(text);
  const counts: number[] = [];
  for (
    let index = 0;
    counts.reduce((sum, count) => sum + count, 0) < REDIS_TURN_OPERATIONS_MAX + 5;
    index++
  ) {
    await turn();
    counts.push(calls[index]?.texts.length ?? 0);
    calls[index]?.answer();
  }
  expect(counts).toEqual([REDIS_TURN_OPERATIONS_MAX, 2, 1, 1, 1]);
});

test("add() refuses what goes over the count, and takes more when some of it is done", async () => {
  const { calls, add, queue } = bed({ waitMsMax: 1_000_000 });
  const waiting = upTo(APPEND_QUEUE_MAX).map((n) => add(String(n)));
  expect(await refusalOf(add("one more"))).toMatchObject(REFUSED);
  await turn();
  calls[0]?.answer();
  await waiting[0];
  await turn();
  void add("now");
  for (let index = 1; index * REDIS_TURN_OPERATIONS_MAX <= APPEND_QUEUE_MAX; index++) {
    calls[index]?.answer();
    await turn();
  }
  await queue.idle();
  expect((await Promise.all(waiting)).length).toBe(APPEND_QUEUE_MAX);
});

test("add() refuses what goes over the characters", async () => {
  const { add } = bed();
  void add("x".repeat(APPEND_QUEUE_CHARS_MAX - lobby.length));
  expect(await refusalOf(add(""))).toMatchObject(REFUSED);
});

test("what waited too long is refused and not sent", async () => {
  const { calls, clock, add } = bed();
  const first = add("1");
  await turn();
  const late = add("2");
  clock.advance(1_001);
  const fresh = add("3");
  calls[0]?.answer();
  expect(await first).toBe("1");
  expect(await refusalOf(late)).toMatchObject(REFUSED);
  await turn();
  calls[1]?.answer();
  expect(await fresh).toBe("3");
  expect(calls[1]?.texts).toEqual(["3"]);
});

test("a call that fails refuses its operations and no others, and an error among the replies refuses one", async () => {
  const { calls, add, queue } = bed();
  const first = [add("1"), add("2")].map(refusalOf);
  await turn();
  const [three, four] = [add("3"), add("4")];
  calls[0]?.fail();
  for (const refusal of await Promise.all(first)) expect(refusal).toMatchObject(REFUSED);
  await turn();
  calls[1]?.answer([storeFailed("full"), "4"]);
  expect(await refusalOf(three ?? Promise.resolve())).toMatchObject(REFUSED);
  expect(await four).toBe("4");
  await queue.idle();
});
