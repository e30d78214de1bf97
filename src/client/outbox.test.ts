import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { Backoff } from "./backoff.ts";
import type { RequestOf } from "./frames.ts";
import { SENDS_IN_FLIGHT_MAX, SENDS_PER_SECOND_MAX } from "./limits.ts";
import { Outbox, type OutboxOptions } from "./outbox.ts";

const receipt = { id: "m", channel: "room:x", epoch: "e", offset: 1, sentAt: 1 };

function open(options: Partial<OutboxOptions> = {}) {
  const clock = new FakeClock();
  const written: string[] = [];
  const bounds = { outboxCountMax: 5_000, outboxBytesMax: 1e6, frameBytesMax: 1_000, ...options };
  const backoff = new Backoff(500, 20_000, () => 0.5);
  const outbox = new Outbox(clock, backoff, bounds, ({ seq }) => written.push(seq));
  const answer = (seq: string, code = 200) =>
    outbox.answer({ kind: "answer", seq, code, text: `code ${code}`, data: receipt });
  return { clock, outbox, written, answer };
}

function message(seq: string, msg = "hi"): RequestOf<"send"> {
  return { seq, action: "send", data: { channel: "room:x", msg } };
}

test("add() keeps messages while offline, and online() writes them in order", () => {
  const { outbox, written } = open();
  for (const seq of ["a", "b", "c"]) void outbox.add(message(seq), {});
  expect(written).toEqual([]);
  outbox.online();
  expect(written).toEqual(["a", "b", "c"]);
  expect(outbox.count).toBe(3);
});

test("what was not answered is written again first, under the same seq; what was answered is not", async () => {
  const { outbox, written, answer } = open();
  outbox.online();
  const first = outbox.add(message("a"), {});
  void outbox.add(message("b"), {});
  answer("a");
  expect(await first).toEqual(receipt);
  outbox.offline();
  void outbox.add(message("c"), {});
  outbox.online();
  expect(written).toEqual(["a", "b", "b", "c"]);
});

test("code 1013 is tried again after a wait that grows, and holds back what follows", () => {
  const { clock, outbox, written, answer } = open();
  outbox.online();
  void outbox.add(message("a"), {});
  answer("a", 1013);
  void outbox.add(message("b"), {});
  clock.advance(249);
  expect(written).toEqual(["a"]);
  clock.advance(1);
  expect(written).toEqual(["a", "a", "b"]);
  answer("a", 1013);
  clock.advance(499);
  expect(written.length).toBe(3);
  clock.advance(1);
  expect(written).toEqual(["a", "a", "b", "a"]);
});

test("other codes reject with the code and a reason, and the rest goes on", async () => {
  const { outbox, answer } = open();
  outbox.online();
  const refused = outbox.add(message("a"), {});
  answer("a", 1003);
  await expect(refused).rejects.toMatchObject({ code: 1003, reason: "unauthorized" });
  expect(outbox.count).toBe(0);
});

test("the outbox takes as many messages as allowed, and the next one fails with outbox_full", async () => {
  const { outbox, answer } = open({ outboxCountMax: 2 });
  void outbox.add(message("a"), {});
  void outbox.add(message("b"), {});
  await expect(outbox.add(message("c"), {})).rejects.toMatchObject({ code: 0, reason: "outbox_full" });
  outbox.online();
  answer("a");
  void outbox.add(message("c"), {});
  expect(outbox.count).toBe(2);
});

test("the outbox takes as many bytes as allowed", async () => {
  const bytes = JSON.stringify(message("a", "é".repeat(100))).length + 100;
  const { outbox } = open({ outboxBytesMax: 2 * bytes });
  void outbox.add(message("a", "é".repeat(100)), {});
  void outbox.add(message("b", "é".repeat(100)), {});
  await expect(outbox.add(message("c", ""), {})).rejects.toMatchObject({ reason: "outbox_full" });
});

test("a message of the greatest size passes, one byte more fails with too_large and is not kept", async () => {
  const frameBytesMax = JSON.stringify(message("a", "x".repeat(50))).length;
  const { outbox } = open({ frameBytesMax });
  void outbox.add(message("a", "x".repeat(50)), {});
  await expect(outbox.add(message("b", "x".repeat(51)), {})).rejects.toMatchObject({ reason: "too_large" });
  expect(outbox.count).toBe(1);
});

test("a seq that is on its way is refused", async () => {
  const { outbox } = open();
  void outbox.add(message("a"), {});
  await expect(outbox.add(message("a"), {})).rejects.toMatchObject({ reason: "illegal_parameter" });
});

test("an aborted message is never written, and rejects with the signal's reason as cause", async () => {
  const { outbox, written } = open();
  const controller = new AbortController();
  const sent = outbox.add(message("a"), { signal: controller.signal });
  controller.abort("enough");
  await expect(sent).rejects.toMatchObject({ reason: "aborted", cause: "enough" });
  await expect(outbox.add(message("b"), { signal: controller.signal })).rejects.toMatchObject({
    reason: "aborted",
  });
  outbox.online();
  expect(written).toEqual([]);
  expect(outbox.count).toBe(0);
});

test("a deadline counts while offline too; without one a message is kept", async () => {
  const { clock, outbox } = open();
  const sent = outbox.add(message("a"), { deadlineMs: 1_000 });
  void outbox.add(message("b"), {});
  clock.advance(1_000);
  await expect(sent).rejects.toMatchObject({ reason: "deadline" });
  clock.advance(1e9);
  expect(outbox.count).toBe(1);
});

test("only so many are under way at once, and an answer makes room for the next", () => {
  const { outbox, written, answer } = open();
  outbox.online();
  for (let n = 0; n < SENDS_IN_FLIGHT_MAX + 10; n++) void outbox.add(message(`${n}`), {});
  expect(written.length).toBe(SENDS_IN_FLIGHT_MAX);
  answer("0");
  expect(written.length).toBe(SENDS_IN_FLIGHT_MAX + 1);
});

test("only so many are written in a second", () => {
  const { clock, outbox, written, answer } = open();
  outbox.online();
  for (let n = 0; n < SENDS_PER_SECOND_MAX + 1; n++) {
    void outbox.add(message(`${n}`), {});
    if (n < SENDS_PER_SECOND_MAX) answer(`${n}`);
  }
  expect(written.length).toBe(SENDS_PER_SECOND_MAX);
  clock.advance(1_000);
  expect(written.length).toBe(SENDS_PER_SECOND_MAX + 1);
});
