import { afterEach, expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { FakeFanout } from "../../test/fake-connection.ts";
import { redisPort } from "../../test/interop/redis-port.ts";
import { describeWith } from "../../test/parts.ts";
import { addressOf, RedisBed } from "../../test/redis/redis-bed.ts";
import { sharedRedisServer } from "../../test/redis/redis-server.ts";
import type { AppPlatform, UserId } from "../base/ids.ts";
import { REFERENCE_SUBMITTED_SECONDS } from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import { platformRoom } from "../core/channel.ts";
import { Hub } from "../core/hub.ts";
import { Signaller } from "../core/signaller.ts";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import { Interop } from "./interop.ts";

const WEB = 101 as AppPlatform;

describeWith("redis-server", "Interop", () => {
  const shared = sharedRedisServer();
  const bed = new RedisBed();
  afterEach(async () => {
    await bed.clear();
    await (await shared()).admin.flushall();
  });

  async function open(over: { online?: readonly string[] } = {}) {
    const { port } = await shared();
    const clock = new FakeClock();
    const fanout = new FakeFanout();
    const log = new MemoryStore({ clock, countMax: 10, ageMs: 1_000 });
    const interop = new Interop({
      redis: redisPort(await bed.connect(addressOf({ port }))),
      keyPrefix: "test:",
      hub: new Hub(),
      clock,
      log: silentLogger,
      platforms: [WEB],
      signaller: new Signaller({ log, fanout, peers: undefined, logger: silentLogger }),
      isOnlineInPrim: async (userId) => over.online?.includes(userId) === true,
    });
    return { interop, told: fanout.published };
  }

  const push = (kind: "enter" | "exit", userId: string) =>
    ({ kind, channel: platformRoom(WEB), from: userId as UserId, appPlatform: WEB }) as const;

  test("hear() tells the cluster once what each of its nodes is told", async () => {
    const [one, two] = [await open(), await open()];
    for (const { interop } of [one, two]) {
      await interop.hear(push("enter", "ann"), "7");
      await interop.hear(push("exit", "ann"), "7");
      await interop.hear(push("enter", "ann"), "8");
      await interop.hear(push("enter", "bob"), "7");
    }
    expect(one.told.map(({ push: { kind } }) => kind)).toEqual(["enter", "exit", "enter", "enter"]);
    expect(two.told).toEqual([]);
  });

  test("hear() tells what comes without a seq each time", async () => {
    const { interop, told } = await open();
    for (let n = 0; n < 2; n++) await interop.hear(push("enter", "ann"), "");
    expect(told).toHaveLength(2);
  });

  test("hear() says nothing of who is on prim as well", async () => {
    const { interop, told } = await open({ online: ["ann"] });
    await interop.hear(push("enter", "ann"), "7");
    await interop.hear(push("exit", "ann"), "8");
    expect(told).toEqual([]);
  });

  test("isNewSubmission() is false for what an old node took, and only for that", async () => {
    const { admin } = await shared();
    const { interop } = await open();
    expect(await interop.isNewSubmission("m1")).toBe(true);
    expect(await interop.isNewSubmission("m1")).toBe(true);
    expect(await admin.setnx("acc:submit:again:seq:m1", "1")).toBe(0);
    expect(await admin.ttl("acc:submit:again:seq:m1")).toBeGreaterThan(REFERENCE_SUBMITTED_SECONDS - 60);
    await admin.set("acc:submit:again:seq:m2", "1");
    expect(await interop.isNewSubmission("m2")).toBe(false);
  });
});
