/** Reaching Redis: refused, with TLS, with an ACL user, by Sentinel. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { REDIS_START_MS_MAX } from "../../src/base/limits.ts";
import { redisScript } from "../../src/storage/redis/redis-script.ts";
import { allOf, attendee, die, room } from "../contract/cluster-bed.ts";
import { ann, lobby, offsetsOf, readAll, refusalOf, send } from "../contract/store-bed.ts";
import { eventually, within } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { temporaryFolder } from "../prim-process.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { addressOf, guidedAclLine, keepingLogger, newPrefix, RedisBed } from "./redis-bed.ts";
import { redisNode } from "./redis-cluster-bed.ts";
import { freePort, RedisServer, type RedisServerOptions } from "./redis-server.ts";

describeWith("redis-server", "RedisConnection", () => {
  const bed = new RedisBed();
  const servers: RedisServer[] = [];
  const start = async (options: RedisServerOptions = {}) => {
    const server = await RedisServer.start(options);
    servers.push(server);
    return server;
  };
  afterEach(async () => {
    await bed.clear();
    for (const server of servers.splice(0)) await server.stop();
  });

  test("open() fails within its time when nobody is there, and says where", async () => {
    const port = await freePort();
    const startedAt = performance.now();
    const refusal = await refusalOf(bed.connect(addressOf({ port })));
    expect(refusal).toMatchObject({ name: "PrimError", code: "unavailable" });
    expect(String(refusal)).toContain(`Cannot reach Redis at 127.0.0.1:${port}: connect ECONNREFUSED`);
    expect(performance.now() - startedAt).toBeLessThan(REDIS_START_MS_MAX + 2_000);
  });

  test("open() waits for a Redis that starts a moment later", async () => {
    const port = await freePort();
    const opening = bed.connect(addressOf({ port }));
    await start({ port });
    expect(await (await opening).command("PING")).toBe("PONG");
  });

  test("open() fails at once when the password is refused, and shows it to nobody", async () => {
    const server = await start({ config: ["requirepass opensesame"], password: "opensesame" });
    const startedAt = performance.now();
    for (const [password, words] of [
      ["guessed", "WRONGPASS"],
      [undefined, "NOAUTH"],
    ] as const) {
      const refusal = await refusalOf(bed.connect({ ...addressOf(server), password }));
      expect(refusal).toMatchObject({ code: "failed_precondition" });
      expect(String(refusal)).toContain(words);
      expect(Bun.inspect(refusal)).not.toContain("guessed");
    }
    expect(performance.now() - startedAt).toBeLessThan(REDIS_START_MS_MAX);
    const { store } = await bed.open({ ...addressOf(server), password: "opensesame" });
    expect((await send(store, lobby)).receipt.offset).toBe(1);
  });

  test("a call whose connection breaks is refused at once and never sent again", async () => {
    const server = await start();
    const connection = await bed.connect(addressOf(server), { callTimeoutMs: 10_000 });
    const count = redisScript("count", "return redis.call('INCR', KEYS[1])");
    expect(await connection.evaluate(count, ["counter"])).toBe(1);
    // Redis holds back what it is told to write, and forgets it with the connection.
    await server.admin.call("CLIENT", "PAUSE", 60_000, "WRITE");
    const refusals = [connection.evaluate(count, ["counter"]), connection.command("INCR", "counter")].map(
      refusalOf,
    );
    const blocked = () => server.admin.info("clients");
    await eventually(blocked, (info) => info.includes("blocked_clients:1"), "the calls to be held back");
    const back = new Promise<void>((resolve) => connection.onBack(resolve));
    await server.admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    for (const refusal of await Promise.all(refusals)) {
      expect(refusal).toMatchObject({ code: "unavailable", reason: "STORE_FAILED" });
    }
    await within(back, "the connection to be back");
    await server.admin.call("CLIENT", "UNPAUSE");
    expect(await connection.command("GET", "counter")).toBe("1");
    expect(await connection.evaluate(count, ["counter"])).toBe(2);
  });

  test("arguments of a call that waits for a lost connection are made when it is sent", async () => {
    const server = await start();
    const connection = await bed.connect(addressOf(server), { callTimeoutMs: 10_000 });
    const lost = new Promise<void>((resolve) => connection.onLost(resolve));
    await server.kill9();
    await within(lost, "the connection to be lost");
    let time = "before";
    const echo = redisScript("echo", "return ARGV[1]");
    const answer = connection.evaluate(echo, ["key"], () => [time]);
    time = "after";
    await server.restart();
    expect(await answer).toBe("after");
  });

  test("databases of one server are strangers", async () => {
    const server = await start();
    const connection = { keyPrefix: newPrefix() };
    const { store: zero } = await bed.open(addressOf(server), { connection });
    const { store: one } = await bed.open({ ...addressOf(server), database: 1 }, { connection });
    await send(zero, lobby);
    expect((await one.join(lobby)).offset).toBe(0);
    const refusal = await refusalOf(bed.connect({ ...addressOf(server), database: 99 }));
    expect(refusal).toMatchObject({ code: "failed_precondition" });
  });

  test("the ACL user of docs/redis.md may do all that prim does", async () => {
    const server = await start();
    await server.admin.call("ACL", ...guidedAclLine().split(" ").slice(1));
    const address = { ...addressOf(server), username: "prim", password: "CHANGE-ME", database: 2 };
    const { store, connection } = await bed.open(address, {
      connection: { keyPrefix: "prim:" },
      store: { ageMs: 1, countMax: 3 },
    });
    const a = redisNode(connection, "a");
    const b = redisNode(connection, "b");
    await a.registry.secret();
    await b.log.join(room("hall"));
    await b.attendance.enter(room("hall"), attendee("ann"), 10);
    await a.attendance.enter(room("hall"), attendee("bob"), 10);
    await a.attendance.exit(room("hall"), attendee("bob"), 10);
    expect(await a.attendance.count(room("hall"))).toBe(1);
    await die(b);
    expect(await allOf(a.registry.clear(b.nodeId, 10))).toHaveLength(1);
    await b.attendance.enter(room("hall"), attendee("ann"), 10);
    await die(b);
    expect(await allOf(a.registry.clear(b.nodeId, 0))).toHaveLength(1);
    await a.registry.release(a.nodeId);
    for (let n = 0; n < 300; n++) void send(store, lobby, { seq: String(n) });
    await send(store, lobby, { seq: "1" });
    const head = await store.join(lobby);
    expect(await store.heads([room("empty"), lobby])).toEqual([undefined, head]);
    await store.mark(lobby, ann, head);
    await store.marked(lobby, ann, head.epoch);
    await store.interested(lobby);
    await readAll(store, lobby);
    await store.leave(lobby);
    await server.admin.script("FLUSH");
    expect((await send(store, lobby)).receipt.offset).toBe(301);
    const stranger = await bed.open(address, { connection: { keyPrefix: "other:" } });
    expect(await refusalOf(stranger.store.join(lobby))).toMatchObject({ code: "unavailable" });
  });

  test("Sentinel leads to the replica that takes over, and messages that it has are not lost", async () => {
    const first = await start();
    const second = await start({ config: [`replicaof 127.0.0.1 ${first.port}`] });
    await eventually(
      () => second.admin.info("replication"),
      (info) => info.includes("master_link_status:up"),
      "the replica to follow",
    );
    const sentinel = await start({
      sentinel: true,
      config: [
        `sentinel monitor prim-test 127.0.0.1 ${first.port} 1`,
        // On a busy machine it would take a living server for dead; below it is told.
        "sentinel down-after-milliseconds prim-test 60000",
      ],
    });
    await eventually(
      () => sentinel.admin.call("SENTINEL", "REPLICAS", "prim-test") as Promise<unknown[]>,
      (replicas) => replicas.length === 1 && String(replicas[0]).includes("master-link-status,ok"),
      "Sentinel to know the replica",
    );
    const address = {
      mode: "sentinel",
      hosts: [{ host: "127.0.0.1", port: sentinel.port }],
      masterName: "prim-test",
      database: 0,
    } as const;
    const { log, lines } = keepingLogger();
    const { store, connection } = await bed.open(address, { connection: { callTimeoutMs: 2_000, log } });
    const back = Promise.withResolvers<void>();
    connection.onBack(() => back.resolve());
    const { receipt } = await send(store, lobby, { seq: "1" });
    // On the connection that has written: WAIT is about its own writes.
    await eventually(
      () => connection.command("WAIT", 1, 500),
      (replicas) => replicas === 1,
      "the replica to have the message",
    );
    await first.kill9();
    await sentinel.admin.call("SENTINEL", "FAILOVER", "prim-test");
    await within(back.promise, () => `the replica to take over:\n${sentinel.log}`);
    const again = await eventually(
      () => send(store, lobby, { seq: "1" }).catch(() => undefined),
      (answer) => answer !== undefined,
      "the replica to take messages",
    );
    expect(again).toMatchObject({ receipt, repeated: true });
    const next = await eventually(
      () => send(store, lobby, { seq: "2" }).catch(() => undefined),
      (answer) => answer !== undefined,
      "another message to be taken",
    );
    expect(next?.receipt).toMatchObject({ epoch: receipt.epoch, offset: 2 });
    expect(offsetsOf(await readAll(store, lobby))).toEqual([1, 2]);
    expect(await second.admin.role()).toContain("master");
    expect(lines.some((line) => line.startsWith("redis connection lost"))).toBe(true);
  });
});

describeWith("openssl", "certificates for Redis", () => {
  describeWith("redis-server", "RedisConnection with TLS", () => {
    const bed = new RedisBed();
    const folder = temporaryFolder();
    let server: RedisServer | undefined;
    let certificates: Certificates | undefined;
    let port = 0;

    beforeAll(async () => {
      port = await freePort();
      certificates = await makeCertificates(folder);
      const { ca, cert, key } = certificates;
      const files = [`tls-cert-file "${cert}"`, `tls-key-file "${key}"`, `tls-ca-cert-file "${ca}"`];
      server = await RedisServer.start({ config: [`tls-port ${port}`, "tls-auth-clients no", ...files] });
    });
    afterAll(async () => {
      await bed.clear();
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test("speaks TLS with a server whose authority it is told to trust", async () => {
      const { store } = await bed.open({ ...addressOf({ port }), tls: { caFile: certificates?.ca } });
      expect((await send(store, lobby)).receipt.offset).toBe(1);
    });

    test("refuses a server whose authority it does not trust, and a file that is not there", async () => {
      for (const caFile of [certificates?.strangerCa, undefined]) {
        const refusal = await refusalOf(bed.connect({ ...addressOf({ port }), tls: { caFile } }));
        expect(refusal).toMatchObject({ code: "failed_precondition" });
        expect(String(refusal)).toMatch(/certificate/i);
      }
      const tls = { caFile: join(folder, "missing.pem") };
      const refusal = await refusalOf(bed.connect({ ...addressOf({ port }), tls }));
      expect(refusal).toMatchObject({ code: "failed_precondition" });
      expect(String(refusal)).toContain("missing.pem");
    });
  });
});
