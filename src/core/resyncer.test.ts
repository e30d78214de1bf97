import { expect, test } from "bun:test";
import { eventually } from "../../test/deadline.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { GAP_RETRY_MS } from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import { Resyncer } from "./resyncer.ts";

function bed() {
  const clock = new FakeClock();
  const looks: PromiseWithResolvers<void>[] = [];
  const resyncer = new Resyncer(
    () => {
      const look = Promise.withResolvers<void>();
      looks.push(look);
      return look.promise;
    },
    clock,
    silentLogger,
  );
  const begun = (count: number) =>
    eventually(
      () => looks.length,
      (now) => now === count,
      `${count} looks`,
    );
  return { clock, looks, resyncer, begun };
}

test("look() begins one look at a time, and one more for all that asked meanwhile", async () => {
  const { looks, resyncer, begun } = bed();
  resyncer.look();
  resyncer.look();
  resyncer.look();
  await begun(1);
  looks[0]?.resolve();
  await begun(2);
  looks[1]?.resolve();
  await new Promise(setImmediate);
  expect(looks).toHaveLength(2);
  resyncer.look();
  await begun(3);
});

test("look() is tried again after it failed, until it succeeds or is stopped", async () => {
  const { clock, looks, resyncer, begun } = bed();
  resyncer.look();
  for (let count = 1; count <= 3; count++) {
    await begun(count);
    looks[count - 1]?.reject(new Error("away"));
    await new Promise(setImmediate);
    expect(looks).toHaveLength(count);
    clock.advance(GAP_RETRY_MS);
  }
  await begun(4);
  looks[3]?.reject(new Error("away"));
  await new Promise(setImmediate);
  resyncer.stop();
  clock.advance(GAP_RETRY_MS);
  expect(looks).toHaveLength(4);
});
