import { expect, test } from "bun:test";
import { refusalOf } from "../../../test/contract/store-bed.ts";
import { FakeClock } from "../../../test/fake-clock.ts";
import { REDIS_CALLS_MAX } from "../../base/limits.ts";
import { CallGate } from "./call-gate.ts";

const REFUSED = { name: "PrimError", code: "unavailable", reason: "STORE_FAILED" };

function bed() {
  const clock = new FakeClock();
  const lates: string[] = [];
  const gate = new CallGate({ clock, timeoutMs: 1_000, onLate: () => lates.push("late") });
  return { clock, gate, lates };
}

const turn = () => new Promise(setImmediate);

test("pass() waits until the gate opens, in the order of the calls", async () => {
  const { gate } = bed();
  const order: number[] = [];
  const calls = [1, 2, 3].map((n) => gate.pass(async () => order.push(n)));
  await turn();
  expect(order).toEqual([]);
  gate.open();
  await Promise.all(calls);
  expect(order).toEqual([1, 2, 3]);
  expect(gate.underWay).toBe(0);
});

test("pass() refuses a call whose time is over while it waits, and never sends it", async () => {
  const { clock, gate } = bed();
  let sent = 0;
  const call = refusalOf(gate.pass(async () => (sent += 1)));
  clock.advance(1_000);
  expect(await call).toMatchObject(REFUSED);
  gate.open();
  await turn();
  expect(sent).toBe(0);
  expect(gate.underWay).toBe(0);
});

test("pass() refuses a call without an answer in time, counts it until the answer, and tells of it", async () => {
  const { clock, gate, lates } = bed();
  gate.open();
  const answer = Promise.withResolvers<string>();
  let isGivenUp = () => false;
  const call = gate.pass((given) => {
    isGivenUp = given;
    return answer.promise;
  });
  const refusal = refusalOf(call);
  await turn();
  expect(isGivenUp()).toBe(false);
  clock.advance(999);
  expect(isGivenUp()).toBe(false);
  clock.advance(1);
  expect(await refusal).toMatchObject(REFUSED);
  expect([isGivenUp(), gate.underWay, lates.length]).toEqual([true, 1, 0]);
  answer.resolve("late");
  await turn();
  expect([gate.underWay, lates.length]).toEqual([0, 1]);
});

test("pass() waits on when the gate is shut again, and sends again what was surely not sent", async () => {
  const { clock, gate } = bed();
  const unsent = new Error("Stream isn't writeable and enableOfflineQueue options is false");
  let sent = 0;
  const call = gate.pass(async () => {
    sent += 1;
    if (sent === 1) throw unsent;
    return "sent";
  });
  gate.open();
  gate.shut();
  await turn();
  expect(sent).toBe(0);
  gate.open();
  await turn();
  gate.shut();
  clock.advance(100);
  await turn();
  expect(sent).toBe(1);
  gate.open();
  expect(await call).toBe("sent");
  const refusal = refusalOf(gate.pass(() => Promise.reject(unsent)));
  for (let ms = 0; ms < 1_000; ms += 5) {
    await turn();
    clock.advance(5);
  }
  expect(await refusal).toMatchObject(REFUSED);
  await turn();
  clock.advance(5);
  await turn();
  expect(gate.underWay).toBe(0);
});

test("pass() refuses what goes over REDIS_CALLS_MAX, and takes more when some have gone", async () => {
  const { gate } = bed();
  const calls = Array.from({ length: REDIS_CALLS_MAX }, () => gate.pass(async () => "sent"));
  expect(await refusalOf(gate.pass(async () => {}))).toMatchObject(REFUSED);
  gate.open();
  await Promise.all(calls);
  expect(await gate.pass(async () => "room again")).toBe("room again");
});

test("pass() tells the words of an error and not its command, which has secrets", async () => {
  const { gate } = bed();
  gate.open();
  const error = Object.assign(new Error("WRONGTYPE of key"), { command: { args: ["opensesame"] } });
  const refusal = await refusalOf(gate.pass(() => Promise.reject(error)));
  expect(refusal).toMatchObject(REFUSED);
  expect(String(refusal)).toContain("WRONGTYPE");
  expect(Bun.inspect(refusal)).not.toContain("opensesame");
});

test("end() refuses what waits and what comes", async () => {
  const { gate } = bed();
  const waiting = refusalOf(gate.pass(async () => {}));
  gate.end();
  gate.end();
  expect(await waiting).toMatchObject(REFUSED);
  expect(await refusalOf(gate.pass(async () => {}))).toMatchObject(REFUSED);
});
