/** A whole prim that keeps its messages in Redis, and what its clients hear when Redis fails. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { REDIS_START_MS_MAX } from "../../src/base/limits.ts";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { ChatClient } from "../chat-client.ts";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { FREE_PORTS, PrimProcess, type PrimProcessOptions } from "../prim-process.ts";
import { freePort, RedisServer, type RedisServerOptions } from "./redis-server.ts";

setDefaultTimeout(60_000);

const ROOM = "room:101";

describeWith("redis-server", "prim on Redis", () => {
  const prims: PrimProcess[] = [];
  const servers: RedisServer[] = [];
  const startRedis = async (options: RedisServerOptions = {}) => {
    const server = await RedisServer.start(options);
    servers.push(server);
    return server;
  };
  const startPrim = async ({ port }: RedisServer, options: PrimProcessOptions = {}) => {
    const args = ["--redis-url", `redis://127.0.0.1:${port}`, ...(options.args ?? [])];
    const prim = await PrimProcess.start({ ...options, args });
    prims.push(prim);
    return prim;
  };
  afterEach(async () => {
    for (const prim of prims.splice(0)) if (!prim.hasExited) await prim.kill9();
    for (const server of servers.splice(0)) await server.stop();
  });

  test("it doesn't start without Redis, and says why without the password", async () => {
    const port = await freePort();
    const startedAt = performance.now();
    const url = `redis://prim:opensesame@127.0.0.1:${port}`;
    const { exitCode, stderr } = await PrimProcess.run([...FREE_PORTS, "--redis-url", url]);
    expect(exitCode).toBe(1);
    expect(stderr.join("\n")).toContain(
      `prim: Cannot reach Redis at 127.0.0.1:${port}: connect ECONNREFUSED`,
    );
    expect(stderr.join("\n")).not.toContain("opensesame");
    expect(performance.now() - startedAt).toBeLessThan(REDIS_START_MS_MAX + 10_000);
  });

  test("it says where messages are, and whether Redis answers", async () => {
    const server = await startRedis();
    const prim = await startPrim(server, { env: { PRIM_REDIS_TIMEOUT_MS: "300" } });
    expect(prim.stdout).toContain("prim: messages are kept in Redis");
    const transport = createGrpcTransport({ baseUrl: `http://${prim.rpcAddress}` });
    const ops = createClient(OpsService, transport);
    expect(await ops.getState({})).toMatchObject({ state: { storage: "redis", storageOk: true } });
    await server.kill9();
    expect(await ops.getState({})).toMatchObject({ state: { storage: "redis", storageOk: false } });
    expect(await prim.stop()).toBe(0);
  });

  test("messages outlive prim: a client that comes to another node gets what it missed", async () => {
    const server = await startRedis();
    const first = await startPrim(server);
    const ann = await ChatClient.login(first.webSocketUrl, "ann");
    const { epoch, offset } = await ann.ok("send", { channel: ROOM, msg: "1" });
    await ann.ok("send", { channel: ROOM, msg: "2" }, "seq-2");
    await first.kill9();
    const second = await startPrim(server);
    const positions = [{ channel: ROOM, epoch, offset }];
    const again = await ChatClient.connect(second.webSocketUrl);
    const { channels } = await again.ok("login", { userId: "ann", appPlatform: 101, positions });
    expect(channels).toContainEqual(
      expect.objectContaining({ channel: ROOM, epoch, offset: 2, recovered: true }),
    );
    await again.until(() => again.messages.length === 1, "the missed message");
    expect(again.messages[0]).toMatchObject({ msg: "2", offset: 2 });
    expect(await again.ok("send", { channel: ROOM, msg: "2" }, "seq-2")).toMatchObject({ epoch, offset: 2 });
    await again.close();
  });

  test("clients hear that history is lost when Redis comes back empty, and go on", async () => {
    const server = await startRedis();
    const prim = await startPrim(server);
    const ann = await ChatClient.login(prim.webSocketUrl, "ann");
    const bob = await ChatClient.login(prim.webSocketUrl, "bob");
    const { epoch, offset } = await ann.ok("send", { channel: ROOM, msg: "1" });
    // Who has not seen it yet would have to be sent away.
    await bob.until(() => bob.messagesIn(ROOM).length === 1, "the first message");
    await server.kill9();
    await server.restart();
    await bob.push("notice", (data) => data["notice"] === "history_lost" && data.channel === ROOM);
    const sent = await eventually(
      () => ann.request("send", { channel: ROOM, msg: "again" }),
      ({ code }) => code === 200,
      "a message to be taken",
    );
    expect(sent.data).toMatchObject({ offset: 1 });
    expect(sent.data.epoch).not.toBe(epoch);
    await bob.until(() => bob.messagesIn(ROOM).some(({ msg }) => msg === "again"), "the message");
    const late = await ChatClient.connect(prim.webSocketUrl);
    const positions = [{ channel: ROOM, epoch, offset }];
    const { channels } = await late.ok("login", { userId: "late", appPlatform: 101, positions });
    expect(channels).toContainEqual(expect.objectContaining({ channel: ROOM, recovered: false }));
    for (const client of [ann, bob, late]) await client.close();
    expect(prim.stderr.join("\n")).toContain("redis connection back");
  });

  test("what was refused while Redis was slow comes to everybody once, and without another message", async () => {
    const server = await startRedis();
    const prim = await startPrim(server, { env: { PRIM_REDIS_TIMEOUT_MS: "300" } });
    const ann = await ChatClient.login(prim.webSocketUrl, "ann");
    const bob = await ChatClient.login(prim.webSocketUrl, "bob");
    await server.admin.call("CLIENT", "PAUSE", 450, "ALL");
    const refused = await ann.request("send", { channel: ROOM, msg: "slow" }, "seq-1");
    expect(refused.code).toBe(1013);
    // Redis had taken it, and executes it now; nobody sends again, and still bob gets it.
    await bob.until(() => bob.messagesIn(ROOM).length === 1, "the message");
    expect(await ann.ok("send", { channel: ROOM, msg: "slow" }, "seq-1")).toMatchObject({ offset: 1 });
    await ann.ok("send", { channel: ROOM, msg: "next" });
    await bob.until(() => bob.messagesIn(ROOM).length === 2, "the next message");
    expect(bob.messagesIn(ROOM).map(({ msg }) => msg)).toEqual(["slow", "next"]);
    for (const client of [ann, bob]) await client.close();
  });
});
