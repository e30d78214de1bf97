/**
 * Who is online, as others see it, while nodes die, freeze and come back. One node is looked at from the others.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";
import { ChatClient } from "../chat-client.ts";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { ClusterSite, type SiteNode } from "./cluster-site.ts";

const LEASE_MS = 2_000;
/** What the others need to look, clear away and tell, on a busy machine. */
const TELL_MS_MAX = 2_000;
/** PEER_ANSWER_MS_MAX, and the way there and back. */
const ANSWER_MS_MAX = 1_000 + 1_000;
const ROOM = "room:yard";

interface OnlineAnswer {
  readonly online: boolean;
  readonly silentNodes?: readonly string[];
}

interface ListAnswer {
  readonly userList: readonly string[];
  readonly userCount: number;
  readonly silentNodes?: readonly string[];
}

describeWith("redis-server", "presence in a cluster", () => {
  let site: ClusterSite;
  let one: SiteNode;
  let two: SiteNode;
  let three: SiteNode;
  beforeAll(async () => {
    site = await ClusterSite.start({ nodes: 3, leaseSeconds: LEASE_MS / 1_000 });
    [one, two, three] = site.nodes as [SiteNode, SiteNode, SiteNode];
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const isOnline = async (node: SiteNode, userId: string) =>
    (await node.prim.get<OnlineAnswer>(`/user/online?appPlatform=101&userId=${userId}`)).data;
  const usersOf = async (node: SiteNode) =>
    (await node.prim.get<ListAnswer>(`/user/list?appPlatform=101&room=${ROOM}`)).data;
  const opsOf = ({ prim }: SiteNode) =>
    createClient(OpsService, createGrpcTransport({ baseUrl: `http://${prim.rpcAddress}` }));
  const nodesOf = async (node: SiteNode) => (await opsOf(node).listNodes({})).nodes;
  const idOf = async (node: SiteNode) => (await nodesOf(node)).find(({ self }) => self)?.nodeId ?? "";
  /** Logs in on a node and joins the yard. */
  async function enter(node: SiteNode, userId: string): Promise<ChatClient> {
    const client = await ChatClient.login(node.prim.webSocketUrl, userId);
    await client.ok("join", { channel: ROOM });
    return client;
  }
  /** Comings and goings in the yard that a client was told of. */
  const told = (client: ChatClient) =>
    client.events
      .filter(({ action, data }) => (action === "enter" || action === "exit") && data.channel === ROOM)
      .map(({ action, data }) => `${action} ${data.from}`);

  test("a node that is killed takes its users offline for everyone within a lease, each told once", async () => {
    const watchers = [await enter(one, "watch-1"), await enter(two, "watch-2")];
    const names = Array.from({ length: 10 }, (_, index) => `mortal-${index}`);
    await Promise.all(names.map((name) => enter(three, name)));
    // This one is on another node too, and stays.
    const double = [await enter(three, "double"), await enter(one, "double")];
    for (const node of site.nodes) {
      for (const name of [...names, "double"]) expect((await isOnline(node, name)).online).toBe(true);
      expect((await usersOf(node)).userList).toEqual(expect.arrayContaining([...names, "double"]));
    }
    const entered = names.map((name) => `enter ${name}`);
    for (const watcher of watchers) {
      await watcher.until(() => told(watcher).length >= 11, "all to have entered");
      expect(
        told(watcher)
          .filter((line) => !line.includes("watch"))
          .toSorted(),
      ).toEqual(["enter double", ...entered]);
    }

    const killedAt = performance.now();
    await three.prim.kill9();
    const isGone = (list: ListAnswer) =>
      list.silentNodes === undefined && !list.userList.some((name) => name.startsWith("mortal"));
    for (const node of [one, two]) {
      await eventually(() => usersOf(node), isGone, "the list to be without the dead");
      expect(await isOnline(node, "mortal-3")).toEqual({
        ...({ userId: "mortal-3" } as object),
        online: false,
      });
      expect((await isOnline(node, "double")).online).toBe(true);
    }
    for (const watcher of watchers) {
      const exits = () => told(watcher).filter((line) => line.startsWith("exit"));
      await watcher.until(() => exits().length >= names.length, "all exits");
    }
    expect(performance.now() - killedAt).toBeLessThan(LEASE_MS + TELL_MS_MAX);
    await three.start();
    // Whoever came or went by then was told of before the answers to these.
    for (const watcher of watchers) {
      await watcher.settle();
      const exits = told(watcher).filter((line) => line.startsWith("exit"));
      expect(exits.toSorted()).toEqual(names.map((name) => `exit ${name}`));
    }
    await double[1]?.close();
    for (const watcher of watchers) {
      await watcher.until(() => told(watcher).includes("exit double"), "the last session's exit");
      await watcher.close();
    }
  });

  test("a node that freezes is named in answers at once, is dead after a lease, and comes back with its users", async () => {
    const watcher = await enter(one, "guard");
    const sleeper = await enter(three, "sleeper");
    await watcher.until(() => told(watcher).includes("enter sleeper"), "the sleeper");
    await eventually(
      () => isOnline(one, "sleeper"),
      ({ online }) => online,
      "the sleeper to be online",
    );
    const frozen = await idOf(three);
    three.prim.signal("SIGSTOP");
    const askedAt = performance.now();
    const [list, online] = await Promise.all([usersOf(one), isOnline(two, "sleeper")]);
    expect(performance.now() - askedAt).toBeLessThan(ANSWER_MS_MAX);
    expect(list.silentNodes).toEqual([frozen]);
    expect(list.userList).toContain("guard");
    expect(online).toMatchObject({ online: false, silentNodes: [frozen] });
    await watcher.until(() => told(watcher).includes("exit sleeper"), "the exit");
    await eventually(
      () => usersOf(two),
      ({ silentNodes }) => silentNodes === undefined,
      "the frozen to be dead for the other, too",
    );

    three.prim.signal("SIGCONT");
    const comings = () => told(watcher).filter((line) => line.endsWith(" sleeper"));
    await watcher.until(() => comings().length === 3, "the sleeper to be back");
    await eventually(
      () => isOnline(two, "sleeper"),
      (answer) => answer.online,
      "the sleeper to be online again",
    );
    const { generation, leaseExpiresAtMs } =
      (await nodesOf(one)).find(({ nodeId }) => nodeId === frozen) ?? {};
    expect(generation).toBe(2);
    expect(Number(leaseExpiresAtMs)).toBeGreaterThan(0);
    expect(comings()).toEqual(["enter sleeper", "exit sleeper", "enter sleeper"]);
    await sleeper.ok("send", { channel: ROOM, msg: "awake" });
    await watcher.until(() => watcher.messagesIn(ROOM).some(({ msg }) => msg === "awake"), "the message");
    await sleeper.close();
    await watcher.close();
  });

  test("any node kicks a user from all of them, and lists all nodes", async () => {
    const sessions = await Promise.all(site.nodes.map((node) => enter(node, "rowdy")));
    const push = createClient(PushService, createGrpcTransport({ baseUrl: `http://${one.prim.rpcAddress}` }));
    const kicked = await push.kick({ user: { userId: "rowdy", appPlatform: 101 } });
    expect(kicked.sessions).toBe(3);
    for (const session of sessions) expect((await session.closed).code).toBe(4003);
    await eventually(
      () => isOnline(two, "rowdy"),
      ({ online }) => !online,
      "the kicked to be offline",
    );

    const client = await enter(two, "somebody");
    const full = await eventually(
      () => nodesOf(three),
      (nodes) =>
        nodes.length === 3 && nodes.some(({ sessions }) => sessions === 1n || Number(sessions) === 1),
      "three nodes, one of them with a session",
    );
    expect(full.map(({ rpcAddress }) => rpcAddress.startsWith("127.0.0.1:"))).toEqual([true, true, true]);
    expect(new Set(full.map(({ version }) => version)).size).toBe(1);
    expect(full.filter(({ self }) => self)).toHaveLength(1);
    await client.close();
  });

  test("nobody goes when Redis was away for longer than a lease, but for who went", async () => {
    const watcher = await enter(one, "warden");
    const [stays, leaves] = [await enter(two, "stays"), await enter(two, "leaves")];
    await watcher.until(() => told(watcher).includes("enter leaves"), "the two");
    await site.redis.kill9();
    await leaves.close();
    await Bun.sleep(2 * LEASE_MS);
    await site.redis.restart();
    await watcher.until(() => told(watcher).includes("exit leaves"), "the exit");
    // The leases that ran out meanwhile have all been renewed, or would have been cleared away by then.
    await Bun.sleep(2 * LEASE_MS);
    expect(told(watcher).filter((line) => !line.includes("warden"))).toEqual([
      "enter stays",
      "enter leaves",
      "exit leaves",
    ]);
    expect((await isOnline(three, "stays")).online).toBe(true);
    await Promise.all([watcher.close(), stays.close()]);
  });
});
