import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import type { NodeId } from "../base/ids.ts";
import { OUT_OF_REACH_RESYNC_MS, RESYNC_PERIOD_MS } from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import { OutOfReach } from "./out-of-reach.ts";
import { Resync, type ResyncReason } from "./resync.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("the first look begins at once; all that is asked for within the period makes one more, for every reason", async () => {
  const clock = new FakeClock();
  const looks: (readonly ResyncReason[])[] = [];
  const resync = new Resync(clock, silentLogger, (reasons) => void looks.push(reasons));
  resync.request("link broken");
  expect(looks).toEqual([["link broken"]]);
  await turn();
  for (let count = 0; count < 100; count++) resync.request("peer died");
  resync.request("lease regained");
  clock.advance(RESYNC_PERIOD_MS - 1);
  expect(looks.length).toBe(1);
  clock.advance(1);
  expect(looks).toEqual([["link broken"], ["peer died", "lease regained"]]);
  await turn();
  clock.advance(60_000);
  expect(looks.length).toBe(2);
});

test("what is asked for during a look makes another after it, also if it failed", async () => {
  const clock = new FakeClock();
  const looks: PromiseWithResolvers<void>[] = [];
  const resync = new Resync(clock, silentLogger, () => {
    const look = Promise.withResolvers<void>();
    looks.push(look);
    return look.promise;
  });
  resync.request("link broken");
  resync.request("peer died");
  clock.advance(60_000);
  await turn();
  expect(looks.length).toBe(1);
  looks[0]?.reject(new Error("the store is away"));
  await turn();
  expect(looks.length).toBe(2);
});

test("stop() keeps what was asked for from beginning", async () => {
  const clock = new FakeClock();
  const looks: (readonly ResyncReason[])[] = [];
  const resync = new Resync(clock, silentLogger, (reasons) => void looks.push(reasons));
  resync.request("link broken");
  await turn();
  resync.request("peer died");
  resync.stop();
  resync.request("peer died");
  clock.advance(60_000);
  expect(looks).toEqual([["link broken"]]);
});

test("OutOfReach looks now and then while a way is broken, and stops when all are mended or gone", () => {
  const clock = new FakeClock();
  const [b, c] = ["node-b" as NodeId, "node-c" as NodeId];
  let looks = 0;
  const outOfReach = new OutOfReach(clock, () => {
    looks += 1;
  });
  clock.advance(10 * OUT_OF_REACH_RESYNC_MS);
  expect(looks).toBe(0);
  outOfReach.broken(b, "in");
  outOfReach.broken(b, "out");
  outOfReach.broken(c, "out");
  clock.advance(3 * OUT_OF_REACH_RESYNC_MS);
  expect(looks).toBe(3);
  outOfReach.mended(b, "in");
  outOfReach.gone(c);
  expect([...outOfReach.peers]).toEqual([b]);
  clock.advance(OUT_OF_REACH_RESYNC_MS);
  expect(looks).toBe(4);
  outOfReach.mended(b, "out");
  clock.advance(10 * OUT_OF_REACH_RESYNC_MS);
  expect(looks).toBe(4);
  outOfReach.broken(b, "in");
  outOfReach.stop();
  clock.advance(10 * OUT_OF_REACH_RESYNC_MS);
  expect(looks).toBe(4);
});
