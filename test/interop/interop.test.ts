/** Real prims and nodes of the reference system serve one user base over one Redis. */
import { afterEach, expect, test } from "bun:test";
import { ChatClient } from "../chat-client.ts";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { PrimProcess } from "../prim-process.ts";
import { type RedisServer, sharedRedisServer } from "../redis/redis-server.ts";
import { OldNode } from "./old-node.ts";
import { keyOf, readRecord, SERVERS_KEY, writeRecord } from "./old-records.ts";

interface Online {
  readonly online: boolean;
}
interface Listed {
  readonly userList: readonly string[];
  readonly userCount: number;
  readonly silentNodes?: readonly string[];
}

describeWith("redis-server", "beside the reference system", () => {
  const shared = sharedRedisServer();
  const prims: PrimProcess[] = [];
  const olds: OldNode[] = [];
  const clients: ChatClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    for (const prim of prims.splice(0)) await prim.stop();
    for (const old of olds.splice(0)) await old.stop();
    await (await shared()).admin.flushall();
  });

  async function startPrim(...more: string[]): Promise<PrimProcess> {
    const redis = await shared();
    const args = ["--redis-url", `redis://127.0.0.1:${redis.port}`, "--interop-gowebsocket", "true", ...more];
    const prim = await PrimProcess.start({ args });
    prims.push(prim);
    return prim;
  }

  async function startOld(port = 0): Promise<OldNode> {
    const old = await OldNode.start((await shared()).port, port);
    olds.push(old);
    return old;
  }

  /** An old node first: a prim looks for them when it has something to say, and not more often than once a second. */
  async function startBoth(): Promise<{ prim: PrimProcess; old: OldNode; redis: RedisServer }> {
    const old = await startOld();
    return { prim: await startPrim(), old, redis: await shared() };
  }

  async function login(node: PrimProcess | OldNode, userId: string, appPlatform = 101): Promise<ChatClient> {
    const client = await ChatClient.login(node.webSocketUrl, userId, { appPlatform, format: "reference" });
    clients.push(client);
    return client;
  }

  const texts = (client: ChatClient) => client.messages.map(({ msg }) => msg);
  const isOnlineAt = async (node: PrimProcess | OldNode, userId: string, appID = 101) => {
    const answer = await node.get<Online>(`/user/online?appID=${appID}&userID=${userId}`);
    return (("data" in answer ? answer.data : answer) as Online).online;
  };
  const untilOnline = (node: PrimProcess | OldNode, userId: string, wanted: boolean) =>
    eventually(
      () => isOnlineAt(node, userId),
      (online) => online === wanted,
      `${userId} to be ${wanted ? "online" : "offline"}`,
    );

  test("who is online on one side is online for the other, and in its lists", async () => {
    const { prim, old, redis } = await startBoth();
    await login(old, "oldie");
    await login(prim, "primus");
    await untilOnline(old, "primus", true);
    expect(await isOnlineAt(prim, "oldie")).toBe(true);
    expect(await isOnlineAt(prim, "oldie", 0)).toBe(true);
    expect(await isOnlineAt(prim, "oldie", 102)).toBe(false);
    expect(await isOnlineAt(prim, "nobody")).toBe(false);
    const ofPrim = await prim.get<Listed>("/user/list?appID=101");
    expect(ofPrim.data).toMatchObject({ userList: ["oldie", "primus"], userCount: 2 });
    expect(ofPrim.data.silentNodes).toBeUndefined();
    const { userList } = await old.get<Listed>("/user/list?appID=101");
    expect(userList.toSorted()).toEqual(["oldie", "primus"]);
    const record = await readRecord(redis.admin, 101, "primus");
    expect(record).toMatchObject({
      accIp: "127.0.0.1",
      accPort: prim.rpcAddress.split(":")[1],
      isLogoff: false,
    });
    expect(await redis.admin.ttl(keyOf(101, "primus"))).toBeGreaterThan(86_000);
    expect(await redis.admin.ttl(SERVERS_KEY)).toBeGreaterThan(7_000);
    expect(old.failures).toEqual([]);
  });

  test("a back end's message to a user arrives from either side, and a repeat on the other side is none", async () => {
    const { prim, old } = await startBoth();
    const oldie = await login(old, "oldie");
    const primus = await login(prim, "primus");
    await untilOnline(old, "primus", true);
    const form = (userID: string, msgID: string, message: string) => ({
      appID: "101",
      userID,
      msgID,
      message,
    });
    expect((await prim.post("/user/sendMessage", form("oldie", "m1", "to the old"))).data).toEqual({
      sendResults: true,
    });
    expect(await old.post<object>("/user/sendMessage", form("primus", "m2", "to the new"))).toEqual({
      sendResults: true,
    });
    await oldie.until(() => oldie.messages.length > 0, "the message from prim");
    await primus.until(() => primus.messages.length > 0, "the message from the old node");
    expect(await old.post<object>("/user/sendMessage", form("oldie", "m1", "to the old"))).toEqual({});
    expect((await prim.post("/user/sendMessage", form("primus", "m2", "to the new"))).data).toEqual({});
    expect((await prim.post("/user/sendMessage", form("oldie", "m1", "to the old"))).data).toEqual({});
    // One that prim has never heard of.
    await old.post("/user/sendMessage", form("oldie", "m3", "at home"));
    expect((await prim.post("/user/sendMessage", form("oldie", "m3", "at home"))).data).toEqual({});
    expect((await prim.post("/user/sendMessageAll", form("shop", "m3", "at home"))).data).toEqual({});
    await oldie.until(() => oldie.messages.length >= 2, "two messages");
    await oldie.settle();
    await primus.settle();
    expect(texts(oldie)).toEqual(["to the old", "at home"]);
    expect(texts(primus)).toEqual(["to the new"]);
    expect(old.failures).toEqual([]);
  });

  test("what is said to all is heard on both sides, once, and comings and goings are seen", async () => {
    const { prim, old } = await startBoth();
    const oldie = await login(old, "oldie");
    const primus = await login(prim, "primus");
    expect((await oldie.push("enter", ({ from }) => from === "primus")).data.msg).toBe("哈喽~");
    const late = await login(old, "late");
    await primus.push("enter", ({ from }) => from === "late");
    await prim.post("/user/sendMessageAll", {
      appID: 101,
      userID: "shop",
      msgID: "a1",
      message: "from prim",
    });
    await old.post("/user/sendMessageAll", {
      appID: "101",
      userID: "shop",
      msgID: "a2",
      message: "from the old",
    });
    await primus.ok("send", { channel: "room:101", msg: "by a user" });
    for (const client of [oldie, late]) {
      await client.until(() => client.messages.length >= 3, "three messages");
      expect(texts(client).toSorted()).toEqual(["by a user", "from prim", "from the old"]);
    }
    await primus.until(() => primus.messages.length >= 2, "what others said");
    await late.close();
    await primus.push("exit", ({ from }) => from === "late");
    await primus.close();
    expect((await oldie.push("exit", ({ from }) => from === "primus")).data.msg).toBe("用户已经离开~");
    await untilOnline(old, "primus", false);
    // Whatever went round in a circle would be back by now: a call takes as long as these took.
    expect(texts(oldie)).toHaveLength(3);
    expect(texts(primus).toSorted()).toEqual(["from prim", "from the old"]);
    expect(
      old.heard.filter(({ request }) => request.cms === "msg").map(({ request }) => request.msg),
    ).toEqual(["from prim", "by a user"]);
    expect(old.failures).toEqual([]);
  });

  test("a message between two users reaches the one on an old node", async () => {
    const { prim, old } = await startBoth();
    const oldie = await login(old, "oldie", 102);
    const primus = await login(prim, "primus");
    await primus.ok("send", { userId: "oldie", msg: "hello" });
    await oldie.until(() => oldie.messages.length > 0, "the message");
    expect(texts(oldie)).toEqual(["hello"]);
    expect(old.heard.filter(({ method }) => method === "SendMsg")).toHaveLength(1);
  });

  test("two prims are told by an old node, and keep and show what it says once", async () => {
    const { prim, old } = await startBoth();
    const other = await startPrim();
    const [one, two] = [await login(prim, "one"), await login(other, "two")];
    await login(old, "oldie");
    await one.push("enter", ({ from }) => from === "oldie");
    await two.push("enter", ({ from }) => from === "oldie");
    await old.post("/user/sendMessageAll", { appID: "101", userID: "shop", msgID: "b1", message: "once" });
    for (const client of [one, two]) {
      await client.until(() => client.messages.length > 0, "the message");
      const { messages } = await client.ok("history", { channel: "room:101" });
      expect(messages.map(({ msg }) => msg)).toEqual(["once"]);
      await client.settle();
      expect(texts(client)).toEqual(["once"]);
      expect(
        client.events.filter(({ action, data }) => action === "enter" && data.from === "oldie"),
      ).toHaveLength(1);
    }
    expect(old.failures).toEqual([]);
  });

  test("workers of one prim are a node each", async () => {
    const old = await startOld();
    const prim = await startPrim("--workers", "2");
    const { admin } = await shared();
    expect(await admin.hlen(SERVERS_KEY)).toBe(3);
    // On whichever worker they are.
    const users = await Promise.all(["a", "b", "c", "d", "e", "f"].map((user) => login(prim, user)));
    const oldie = await login(old, "oldie");
    for (const user of users) await user.push("enter", ({ from }) => from === "oldie");
    await old.post("/user/sendMessageAll", { appID: "101", userID: "shop", msgID: "w1", message: "once" });
    await users[0]?.ok("send", { channel: "room:101", msg: "to all" });
    await oldie.until(() => oldie.messages.length > 0, "the message of a worker's user");
    for (const [index, user] of users.entries()) {
      const wanted = index === 0 ? ["once"] : ["once", "to all"];
      await user.until(() => user.messages.length >= wanted.length, "the messages");
      await user.settle();
      expect(texts(user).toSorted()).toEqual(wanted);
      const entered = user.events.filter(({ action, data }) => action === "enter" && data.from === "oldie");
      expect(entered).toHaveLength(1);
    }
    expect(await prim.stop()).toBe(0);
    expect(await admin.hkeys(SERVERS_KEY)).toEqual([old.address]);
    expect(old.failures).toEqual([]);
  });

  test("an old node that is killed, or does not answer, holds nobody up", async () => {
    const { prim, old } = await startBoth();
    const alive = await startOld();
    const [gone, stays] = [await login(old, "gone"), await login(alive, "stays")];
    const primus = await login(prim, "primus");
    await stays.push("enter", ({ from }) => from === "primus");
    old.hangs = true;
    for (let n = 1; n <= 20; n++) await primus.ok("send", { channel: "room:101", msg: String(n) });
    await stays.until(() => stays.messages.length === 20, "all messages on the node that answers");
    // They waited for no deadline of the other: it is in its first call, or at most its second.
    expect(old.heard.filter(({ request }) => request.cms === "msg").length).toBeLessThan(3);
    expect(texts(stays)).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 1)));
    expect(gone.messages).toEqual([]);
    old.kill();
    const list = await prim.get<Listed>("/user/list?appID=101");
    expect(list.data).toMatchObject({ userList: ["primus", "stays"], silentNodes: [old.address] });
    // Its record says online for a while; its server's entry, which is refreshed no more, ends that.
    await alive.redis.hset(SERVERS_KEY, old.address, Math.floor(Date.now() / 1_000) - 180);
    await untilOnline(prim, "gone", false);
    await untilOnline(prim, "stays", true);
  });

  test("a prim that stops takes its field and its users along; its address may be an old node's then", async () => {
    const { prim, old, redis } = await startBoth();
    const oldie = await login(old, "oldie");
    await login(prim, "primus");
    await untilOnline(old, "primus", true);
    const address = prim.rpcAddress;
    expect(await redis.admin.hexists(SERVERS_KEY, address)).toBe(1);
    expect(await prim.stop()).toBe(0);
    expect(await redis.admin.hexists(SERVERS_KEY, address)).toBe(0);
    const record = await readRecord(redis.admin, 101, "primus");
    expect(record?.isLogoff).toBe(true);
    expect(record?.logOutTime).toBeGreaterThan(0);
    expect(await isOnlineAt(old, "primus")).toBe(false);
    const replaced = await startOld(Number(address.split(":")[1]));
    await login(replaced, "back");
    const other = await startPrim();
    expect(await isOnlineAt(other, "back")).toBe(true);
    await other.post("/user/sendMessageAll", { appID: 101, userID: "shop", msgID: "c1", message: "to both" });
    await oldie.until(() => oldie.messages.length > 0, "the message");
  });

  test("a prim that is killed leaves nothing that does not run out", async () => {
    const { prim, old, redis } = await startBoth();
    const other = await startPrim();
    await login(prim, "primus");
    await untilOnline(old, "primus", true);
    await prim.kill9();
    // For the other prim its users are gone with its lease, or at once; for the old node with their heartbeat.
    const record = await readRecord(redis.admin, 101, "primus");
    if (record === undefined) throw new Error("A record");
    await writeRecord(redis.admin, { ...record, heartbeatTime: record.heartbeatTime - 181 });
    expect(await isOnlineAt(old, "primus")).toBe(false);
    await untilOnline(other, "primus", false);
    // Its entry still stands in the list: nobody takes it for an old node.
    expect(await redis.admin.hexists(SERVERS_KEY, prim.rpcAddress)).toBe(1);
    await other.post("/user/sendMessage", { appID: 101, userID: "primus", msgID: "d1", message: "later" });
    const { silentNodes = [] } = (await other.get<Listed>("/user/list?appID=101")).data;
    expect(silentNodes).not.toContain(prim.rpcAddress);
    const back = await login(other, "primus");
    await untilOnline(old, "primus", true);
    const { messages } = await back.ok("history", { channel: "inbox:primus" });
    expect(messages.map(({ msg }) => msg)).toEqual(["later"]);
  });

  test("a user moves from old to new and back, and is where they logged in last", async () => {
    const { prim, old, redis } = await startBoth();
    const before = await login(old, "mover");
    const witness = await login(prim, "witness");
    const after = await login(prim, "mover");
    const ownerIs = (address: string) =>
      eventually(
        () => readRecord(redis.admin, 101, "mover"),
        (record) => record?.isLogoff === false && `${record.accIp}:${record.accPort}` === address,
        `the user to be at ${address}`,
      );
    await ownerIs(prim.rpcAddress);
    // The old connection ends later than the new one began, and the old node logs the user off without a look.
    await before.close();
    await eventually(
      () => old.told.some(({ cms, userID }) => cms === "exit" && userID === "mover"),
      (told) => told,
      "the old node to have said that the user left",
    );
    await ownerIs(prim.rpcAddress);
    await old.post("/user/sendMessage", { appID: "101", userID: "mover", msgID: "e1", message: "on prim" });
    await after.until(() => after.messages.length > 0, "the message on prim");
    const again = await login(old, "mover");
    await ownerIs(old.address);
    await after.close();
    await untilOnline(prim, "mover", true);
    await ownerIs(old.address);
    await prim.post("/user/sendMessage", { appID: 101, userID: "mover", msgID: "e2", message: "on the old" });
    await again.until(() => again.messages.length > 0, "the message on the old node");
    await witness.settle();
    // While they were here as well, they had not left.
    const gone = witness.events.filter(({ action, data }) => action === "exit" && data.from === "mover");
    expect(gone).toHaveLength(1);
    expect(old.failures).toEqual([]);
  });

  test("a user with two sessions on prim is logged off with the last", async () => {
    const { prim, old } = await startBoth();
    const [phone, laptop] = [await login(prim, "primus"), await login(prim, "primus")];
    await untilOnline(old, "primus", true);
    await phone.close();
    await eventually(
      () => prim.state(),
      ({ sessions }) => sessions === 1,
      "one session",
    );
    expect(await isOnlineAt(old, "primus")).toBe(true);
    await laptop.close();
    await untilOnline(old, "primus", false);
  });
});
