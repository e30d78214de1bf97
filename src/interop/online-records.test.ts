import { afterEach, expect, test } from "bun:test";
import { eventually } from "../../test/deadline.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { FakeConnection, FakeFanout } from "../../test/fake-connection.ts";
import { type OldRecord, readRecord, writeRecord } from "../../test/interop/old-records.ts";
import { redisPort } from "../../test/interop/redis-port.ts";
import { describeWith } from "../../test/parts.ts";
import { addressOf, keepingLogger, RedisBed } from "../../test/redis/redis-bed.ts";
import { sharedRedisServer } from "../../test/redis/redis-server.ts";
import type { AppPlatform, UserId } from "../base/ids.ts";
import { REFERENCE_RECORDS_DUE_MAX, REFERENCE_RETRY_MS, REFERENCE_SWEEP_MS } from "../base/limits.ts";
import { Hub } from "../core/hub.ts";
import type { Session } from "../core/session.ts";
import { OnlineRecords } from "./online-records.ts";
import type { RedisPort } from "./redis-port.ts";

const WEB = 101 as AppPlatform;
const OWN = "10.0.0.1:9001";
const OLD = "10.0.0.9:9001";

describeWith("redis-server", "OnlineRecords", () => {
  const shared = sharedRedisServer();
  const bed = new RedisBed();
  afterEach(async () => {
    await bed.clear();
    await (await shared()).admin.flushall();
  });

  async function open(over: { port?: (port: RedisPort) => RedisPort; elsewhere?: readonly string[] } = {}) {
    const { admin, port } = await shared();
    const clock = new FakeClock();
    const hub = new Hub();
    const { log, lines } = keepingLogger();
    const redis = redisPort(await bed.connect(addressOf({ port })));
    const records = new OnlineRecords({
      redis: over.port?.(redis) ?? redis,
      hub,
      clock,
      log,
      oldNodes: async () => new Set([OLD]),
      isElsewhere: async ({ userId }) => over.elsewhere?.includes(userId) === true,
    });
    hub.observe(records);
    records.start(OWN);
    const now = () => Math.floor(clock.now() / 1_000);
    const login = (userId: string): Session => {
      const session = hub.add(new FakeConnection(new FakeFanout()), clock.now());
      session.loggedInAt = clock.now();
      hub.bind(session, WEB, userId as UserId);
      return session;
    };
    const record = (userId: string) => readRecord(admin, WEB, userId);
    const until = (userId: string, wanted: (record: OldRecord | undefined) => boolean) =>
      eventually(() => record(userId), wanted, `the record of ${userId}`);
    const byOld = (userID: string, over: Partial<OldRecord> = {}) =>
      writeRecord(admin, {
        ...{ accIp: "10.0.0.9", accPort: "9001", appID: WEB, userID, clientIp: "", clientPort: "" },
        ...{
          loginTime: now(),
          heartbeatTime: now(),
          logOutTime: 0,
          qua: "",
          deviceInfo: "",
          isLogoff: false,
        },
        ...over,
      });
    return { clock, hub, records, lines, now, login, record, until, byOld };
  }

  test("a login is written whole, with the address split in two texts", async () => {
    const { login, until, now } = await open();
    login("ann");
    expect(await until("ann", (record) => record !== undefined)).toEqual({
      accIp: "10.0.0.1",
      accPort: "9001",
      appID: 101,
      userID: "ann",
      clientIp: "192.0.2.1",
      clientPort: "",
      loginTime: now(),
      heartbeatTime: now(),
      logOutTime: 0,
      qua: "",
      deviceInfo: "",
      isLogoff: false,
    });
  });

  test("users stay online for the reference system as long as they are here, whatever they say", async () => {
    const { clock, login, until, now, lines } = await open();
    // More than one batch of a run, and not a whole number of them.
    const users = Array.from({ length: 8 }, (_, index) => `user-${index}`);
    for (const user of users) login(user);
    for (const user of users) await until(user, (record) => record !== undefined);
    for (let minute = 1; minute <= 5; minute++) {
      clock.advance(REFERENCE_SWEEP_MS);
      for (const user of users) await until(user, (record) => record?.heartbeatTime === now());
    }
    expect(lines).toEqual([]);
  });

  test("a sweep of many users takes all of them, in batches", async () => {
    const { clock, login, until, now } = await open();
    for (let index = 0; index < 600; index++) login(`user-${index}`);
    await until("user-599", (record) => record !== undefined);
    clock.advance(REFERENCE_SWEEP_MS);
    await until("user-599", (record) => record?.heartbeatTime === now());
    for (const user of ["user-0", "user-255", "user-256", "user-511", "user-512"]) {
      expect((await readRecord((await shared()).admin, WEB, user))?.heartbeatTime).toBe(now());
    }
  });

  test("the last session's end logs off; a user who comes back in the same turn was never gone", async () => {
    const { hub, login, until, now } = await open();
    const [phone, laptop] = [login("ann"), login("ann")];
    await until("ann", (record) => record !== undefined);
    hub.unbind(phone);
    hub.unbind(laptop);
    const back = login("ann");
    login("bob");
    await until("bob", (record) => record !== undefined);
    expect(await until("ann", (record) => record !== undefined)).toMatchObject({
      isLogoff: false,
      logOutTime: 0,
    });
    hub.unbind(back);
    expect(await until("ann", (record) => record?.isLogoff === true)).toMatchObject({ logOutTime: now() });
  });

  test("a user who is on another prim is not logged off", async () => {
    const { hub, login, until, record } = await open({ elsewhere: ["ann"] });
    const [ann, bob] = [login("ann"), login("bob")];
    await until("bob", (found) => found !== undefined);
    hub.unbind(ann);
    hub.unbind(bob);
    await until("bob", (found) => found?.isLogoff === true);
    expect((await record("ann"))?.isLogoff).toBe(false);
  });

  test("who logged in on a living old node since is left to it, by sweeps and by logoffs", async () => {
    const { clock, hub, records, login, until, byOld, record } = await open();
    const [ann, bob] = [login("ann"), login("bob")];
    await until("bob", (found) => found !== undefined);
    clock.advance(1_000);
    await byOld("ann");
    await records.sweep();
    expect((await record("ann"))?.accIp).toBe("10.0.0.9");
    hub.unbind(ann);
    hub.unbind(bob);
    await until("bob", (found) => found?.isLogoff === true);
    expect(await record("ann")).toMatchObject({ accIp: "10.0.0.9", isLogoff: false });
    login("ann");
    await until("ann", (found) => found?.accIp === "10.0.0.1");
  });

  test("a sweep takes over what does not count: logged off, too old, of a dead server, no record at all", async () => {
    const { records, login, until, byOld, record, now } = await open();
    for (const user of ["off", "stale", "dead", "border"]) login(user);
    await until("border", (found) => found !== undefined);
    await byOld("off", { isLogoff: true });
    await byOld("stale", { heartbeatTime: now() - 181 });
    await byOld("border", { heartbeatTime: now() - 180 });
    await byOld("dead", { accIp: "10.0.0.8" });
    login("none");
    await until("none", (found) => found !== undefined);
    await (await shared()).admin.set("acc:user:online:101_none", "no record");
    await records.sweep();
    for (const user of ["off", "stale", "dead", "none"]) expect((await record(user))?.accIp).toBe("10.0.0.1");
    expect((await record("border"))?.accIp).toBe("10.0.0.9");
  });

  test("contradict() puts right at once what an old node wrote over a user who is here, and nobody else", async () => {
    const { records, login, until, byOld, record } = await open();
    login("ann");
    await until("ann", (found) => found !== undefined);
    await byOld("ann", { isLogoff: true });
    await byOld("bob", { isLogoff: true });
    records.contradict({ appPlatform: WEB, userId: "bob" as UserId });
    records.contradict({ appPlatform: WEB, userId: "ann" as UserId });
    expect(await until("ann", (found) => found?.isLogoff === false)).toMatchObject({ accIp: "10.0.0.1" });
    expect((await record("bob"))?.isLogoff).toBe(true);
  });

  test("a sweep that fails is tried again, and a login that was not written comes with it", async () => {
    let isAway = true;
    const { clock, login, until, lines } = await open({
      port: (port) => ({
        ...port,
        run: (...args) => (isAway ? Promise.reject(new Error("away")) : port.run(...args)),
      }),
    });
    login("ann");
    await eventually(
      () => lines.length,
      (count) => count === 1,
      "a failed login",
    );
    clock.advance(REFERENCE_SWEEP_MS);
    await eventually(
      () => lines.length,
      (count) => count === 2,
      "a failed sweep",
    );
    isAway = false;
    clock.advance(REFERENCE_RETRY_MS);
    await until("ann", (found) => found !== undefined);
    expect(lines.map((line) => line.split(" {")[0])).toEqual([
      "online records not written",
      "online records not refreshed",
    ]);
  });

  test("stop() logs off who is still here, and nothing brings them back", async () => {
    const { clock, records, login, until, record } = await open();
    login("ann");
    await until("ann", (found) => found !== undefined);
    await records.stop();
    expect((await record("ann"))?.isLogoff).toBe(true);
    clock.advance(REFERENCE_SWEEP_MS);
    await records.sweep();
    await records.stop();
    expect((await record("ann"))?.isLogoff).toBe(true);
  });

  test("records wait up to their bound; the sweep writes who did not find room", async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const { hub, records, login, until, record, lines } = await open({
      port: (port) => ({
        ...port,
        run: async (...args) => {
          runs += 1;
          await gate.promise;
          return port.run(...args);
        },
      }),
    });
    login("first");
    await eventually(
      () => runs,
      (count) => count === 1,
      "the first write",
    );
    // Users who have left again leave no sessions behind in the hub, but their logoffs wait.
    for (let index = 0; index < REFERENCE_RECORDS_DUE_MAX; index++) hub.unbind(login(`gone-${index}`));
    login("last");
    gate.resolve();
    await eventually(
      () => runs,
      (count) => count > 1,
      "room for one more",
    );
    // In their order: what stood before this one has been written when it is.
    login("later");
    await until("later", (found) => found !== undefined);
    expect(await record("last")).toBeUndefined();
    await records.sweep();
    expect((await record("last"))?.isLogoff).toBe(false);
    expect(lines).toEqual([]);
  });
});
