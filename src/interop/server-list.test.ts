import { afterEach, expect, test } from "bun:test";
import { eventually } from "../../test/deadline.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { redisPort } from "../../test/interop/redis-port.ts";
import { describeWith } from "../../test/parts.ts";
import { addressOf, keepingLogger, RedisBed } from "../../test/redis/redis-bed.ts";
import { sharedRedisServer } from "../../test/redis/redis-server.ts";
import {
  OLD_NODES_FRESH_MS,
  OLD_NODES_MAX,
  REFERENCE_ALIVE_SECONDS,
  REFERENCE_REGISTER_MS,
  REFERENCE_RETRY_MS,
  REFERENCE_SERVERS_SECONDS,
} from "../base/limits.ts";
import type { RedisPort } from "./redis-port.ts";
import { ServerList } from "./server-list.ts";

const KEY = "acc:hash:servers";
const OWN_KEY = "test:interop:nodes";
const OWN = "10.0.0.1:9001";

describeWith("redis-server", "ServerList", () => {
  const shared = sharedRedisServer();
  const bed = new RedisBed();
  const opened: ServerList[] = [];
  afterEach(async () => {
    for (const list of opened.splice(0)) await list.unregister();
    await bed.clear();
    await (await shared()).admin.flushall();
  });

  async function open(over: { port?: (port: RedisPort) => RedisPort } = {}) {
    const { admin, port } = await shared();
    const clock = new FakeClock();
    const { log, lines } = keepingLogger();
    const redis = redisPort(await bed.connect(addressOf({ port })));
    const list = new ServerList({
      redis: over.port?.(redis) ?? redis,
      keyPrefix: "test:",
      clock,
      log,
    });
    opened.push(list);
    const now = () => Math.floor(clock.now() / 1_000);
    const enteredAt = async (address: string) => Number(await admin.hget(KEY, address));
    return { admin, clock, list, lines, now, enteredAt };
  }

  test("register() enters the node, again every minute, and both lists live for two hours", async () => {
    const { admin, clock, list, now, enteredAt } = await open();
    await list.register(OWN);
    expect(await enteredAt(OWN)).toBe(now());
    for (let minute = 0; minute < 3; minute++) {
      await admin.expire(KEY, 60);
      const before = now();
      await eventually(
        () => {
          // Its timer is set when Redis has answered all of it.
          clock.advance(REFERENCE_REGISTER_MS);
          return enteredAt(OWN);
        },
        (at) => at > before,
        "a younger entry",
      );
      await eventually(
        () => admin.ttl(KEY),
        (seconds) => seconds > REFERENCE_SERVERS_SECONDS - 60,
        "a longer life",
      );
    }
    expect(await admin.ttl(OWN_KEY)).toBeGreaterThan(REFERENCE_SERVERS_SECONDS - 60);
  });

  test("register() that fails is tried again soon", async () => {
    let isAway = true;
    const { clock, list, lines, now, enteredAt } = await open({
      port: (port) => ({
        ...port,
        command: (...args) => (isAway ? Promise.reject(new Error("away")) : port.command(...args)),
      }),
    });
    await list.register(OWN);
    expect(lines).toHaveLength(1);
    isAway = false;
    clock.advance(REFERENCE_RETRY_MS);
    await eventually(
      () => enteredAt(OWN),
      (at) => at === now(),
      "an entry",
    );
  });

  test("renew() enters a node again that Redis has forgotten, and none that has left", async () => {
    const { admin, list, now, enteredAt } = await open();
    await list.renew();
    await list.register(OWN);
    await admin.flushall();
    await list.renew();
    expect([await enteredAt(OWN), await admin.exists(OWN_KEY)]).toEqual([now(), 1]);
    await list.unregister();
    await list.renew();
    expect(await admin.exists(KEY, OWN_KEY)).toBe(0);
  });

  test("unregister() takes the node out of both lists, is idempotent, and ends the timer", async () => {
    const { admin, clock, list } = await open();
    await list.register(OWN);
    await list.unregister();
    await list.unregister();
    clock.advance(10 * REFERENCE_REGISTER_MS);
    await list.oldNodes();
    expect(await admin.exists(KEY, OWN_KEY)).toBe(0);
  });

  test("oldNodes() are those that live, are no prims, and have an address that can be called", async () => {
    const { admin, list, now } = await open();
    await list.register(OWN);
    await admin.hset(KEY, {
      "10.0.0.2:9001": now(),
      "10.0.0.3:9001": now() - REFERENCE_ALIVE_SECONDS + 1,
      "10.0.0.4:9001": now() - REFERENCE_ALIVE_SECONDS,
      "10.0.0.5:9001": now(),
      "10.0.0.6:9001": now(),
      "example.org:9001": now(),
      "10.0.0.7": now(),
      "10.0.0.8:9001": "soon",
    });
    // Another prim; and one that was killed, whose address an old node has now.
    await admin.hset(OWN_KEY, { "10.0.0.5:9001": now(), "10.0.0.6:9001": now() - 1 });
    expect([...(await list.oldNodes())].toSorted()).toEqual([
      "10.0.0.2:9001",
      "10.0.0.3:9001",
      "10.0.0.6:9001",
    ]);
  });

  test("oldNodes() looks once a second at most, and keeps what it knew while Redis is away", async () => {
    let isAway = false;
    let reads = 0;
    const { admin, clock, list, lines, now } = await open({
      port: (port) => ({
        ...port,
        command: (...args) => {
          reads += 1;
          return isAway ? Promise.reject(new Error("away")) : port.command(...args);
        },
      }),
    });
    await admin.hset(KEY, "10.0.0.2:9001", now());
    const both = await Promise.all([list.oldNodes(), list.oldNodes()]);
    expect(both.map((nodes) => [...nodes])).toEqual([["10.0.0.2:9001"], ["10.0.0.2:9001"]]);
    clock.advance(OLD_NODES_FRESH_MS - 1);
    await list.oldNodes();
    expect(reads).toBe(2);
    isAway = true;
    clock.advance(1);
    expect([...(await list.oldNodes())]).toEqual(["10.0.0.2:9001"]);
    expect([reads, lines.length]).toEqual([4, 1]);
  });

  test("oldNodes() are OLD_NODES_MAX at most", async () => {
    const { admin, list, now } = await open();
    for (let index = 0; index <= OLD_NODES_MAX; index++) {
      await admin.hset(KEY, `10.0.${index >> 8}.${index & 255}:9001`, now());
    }
    expect((await list.oldNodes()).size).toBe(OLD_NODES_MAX);
  });

  test("prim's own list forgets nodes that are long gone", async () => {
    const { admin, list, now } = await open();
    await admin.hset(OWN_KEY, {
      gone: now() - REFERENCE_SERVERS_SECONDS - 1,
      "10.0.0.5:9001": now() - REFERENCE_SERVERS_SECONDS,
    });
    await list.register(OWN);
    expect((await admin.hkeys(OWN_KEY)).toSorted()).toEqual([OWN, "10.0.0.5:9001"]);
  });
});
