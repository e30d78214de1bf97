import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { Heartbeat } from "./heartbeat.ts";

function start(random = 0) {
  const clock = new FakeClock();
  const seen = { pings: 0, dead: 0 };
  const heartbeat: Heartbeat = new Heartbeat(
    clock,
    () => random,
    { heartbeatMs: 30_000, deadAfterMs: 10_000 },
    () => {
      seen.pings += 1;
      heartbeat.asked();
    },
    () => {
      seen.dead += 1;
      heartbeat.stop();
    },
  );
  heartbeat.start();
  return { clock, heartbeat, seen };
}

test("start() pings every 30 s, up to a fifth earlier", () => {
  const { clock, heartbeat, seen } = start(0.5);
  clock.advance(26_999);
  expect(seen.pings).toBe(0);
  clock.advance(1);
  expect(seen.pings).toBe(1);
  heartbeat.heard(true);
  clock.advance(27_000);
  expect(seen).toEqual({ pings: 2, dead: 0 });
});

test("a ping without any frame after it makes the link dead after 10 s, not earlier", () => {
  const { clock, seen } = start();
  clock.advance(39_999);
  expect(seen).toEqual({ pings: 1, dead: 0 });
  clock.advance(1);
  expect(seen.dead).toBe(1);
});

test("any frame after a question proves that the link lives", () => {
  const { clock, heartbeat, seen } = start();
  heartbeat.asked();
  clock.advance(9_999);
  heartbeat.heard(false);
  clock.advance(10_000);
  expect(seen.dead).toBe(0);
});

test("a question asked later has its own 10 s", () => {
  const { clock, heartbeat, seen } = start();
  heartbeat.asked();
  clock.advance(5_000);
  heartbeat.heard(true);
  heartbeat.asked();
  clock.advance(9_999);
  expect(seen.dead).toBe(0);
  clock.advance(1);
  expect(seen.dead).toBe(1);
});

test("frames that are never answers prove it for 30 s only", () => {
  const { clock, heartbeat, seen } = start();
  heartbeat.asked();
  for (let second = 1; second < 30; second++) {
    clock.advance(1_000);
    heartbeat.heard(false);
  }
  expect(seen.dead).toBe(0);
  clock.advance(1_000);
  expect(seen.dead).toBe(1);
});

test("stop() leaves no timer behind", () => {
  const { clock, heartbeat, seen } = start();
  heartbeat.asked();
  heartbeat.stop();
  clock.advance(1_000_000);
  expect(seen).toEqual({ pings: 0, dead: 0 });
});
