/** Links between nodes over real sockets of this machine. */
import { expect, test } from "bun:test";
import type { AppPlatform, ChannelId, NodeId, UserId } from "../../src/base/ids.ts";
import { HELD_ITEMS_MAX, LEASE_MS_MIN, LINK_REST_MS } from "../../src/base/limits.ts";
import { DEADLINE_MS, eventually } from "../deadline.ts";
import { ClusterNode } from "./cluster-node.ts";
import { lobby, messageOf, messagesOf, offsetsOf } from "./messages.ts";
import { RegistryInMemory } from "./registry-in-memory.ts";

test("100,000 messages reach the peer in order, and once", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  await a.cluster.living.look();
  const count = 100_000;
  for (let offset = 1; offset <= count; offset += 100) {
    a.say([b], ...messagesOf(100, offset));
    // What is stored comes from Redis, a few of it each turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await b.received(count);
  expect(offsetsOf(b.messages)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  expect(b.messages.at(-1)).toEqual(messageOf(count));
  expect(b.resyncs).toEqual([]);
  expect(a.messages).toEqual([]);
});

test("three nodes talk to each other both ways, a message is for those who are named, and never for oneself", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  await using c = await ClusterNode.start(registry);
  a.say([a, b, c], ...messagesOf(100));
  b.say([a, b, c], ...messagesOf(100, 101));
  c.say([a], ...messagesOf(100, 201));
  await Promise.all([a.received(200), b.received(100), c.received(200)]);
  expect(offsetsOf(b.messages)).toEqual(offsetsOf(messagesOf(100)));
  expect(offsetsOf(a.messages).filter((offset) => offset > 200)).toEqual(offsetsOf(messagesOf(100, 201)));
  expect(offsetsOf(c.messages).filter((offset) => offset <= 100)).toEqual(offsetsOf(messagesOf(100)));
  expect([...a.resyncs, ...b.resyncs, ...c.resyncs]).toEqual([]);
});

test("messages keep every field, whatever text is in them, and pushes come between them in order", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  const text = '\u0000\n"\\\ud83d\ude00 马超 \u2028';
  const message = {
    ...messageOf(1, lobby, text),
    to: "bob" as UserId,
    nickname: "Ann",
    media: { url: "/f", size: { width: 1, height: 2 }, bytes: 0 },
  };
  const push = {
    kind: "typing",
    channel: lobby,
    from: "bob" as UserId,
    appPlatform: 101 as AppPlatform,
  } as const;
  a.say([b], message);
  a.cluster.peers.relay([b.nodeId], "inbox:bob" as ChannelId, push);
  await eventually(
    () => b.pushes.length,
    (length) => length === 1,
    "the push",
  );
  expect(b.messages).toEqual([message]);
  expect(b.pushes).toEqual([{ channel: "inbox:bob" as ChannelId, push }]);
});

test("a message as long as the queue arrives; a longer one is left to the log", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  const long = messageOf(1, lobby, "马".repeat(8 * 1024 * 1024 - 1_000));
  a.say([b], long);
  await b.received(1);
  expect(b.messages[0]?.msg.length).toBe(long.msg.length);
  a.say([b], messageOf(2, lobby, "x".repeat(8 * 1024 * 1024)), messageOf(3));
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.length > 0,
    "a look at the log",
  );
  expect(b.resyncs).toEqual(["peer dropped messages"]);
  a.say([b], messageOf(4));
  await b.received(2);
  expect(offsetsOf(b.messages)).toEqual([1, 4]);
});

test("a node that has just started is found when it is named, and nothing is lost for it", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  expect(a.cluster.living.find(b.nodeId)).toBeUndefined();
  a.say([b], ...messagesOf(500));
  await b.received(500);
  expect(offsetsOf(b.messages)).toEqual(offsetsOf(messagesOf(500)));
});

test("more for a node that is being looked for than can wait: it is told to look at the log", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  a.say([b], ...messagesOf(HELD_ITEMS_MAX + 1));
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.length > 0,
    "a look at the log",
  );
  expect(b.resyncs).toEqual(["peer dropped messages"]);
});

test("a node that is not in the registry costs one look, however often it is named", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  const before = registry.lists;
  const nobody = "nobody" as NodeId;
  a.cluster.peers.forward([nobody], messageOf(1));
  await eventually(
    () => registry.lists,
    (lists) => lists > before,
    "a look",
  );
  for (let offset = 2; offset < 100; offset++) {
    a.cluster.peers.forward([nobody], messageOf(offset));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  expect(registry.lists).toBe(before + 1);
});

test("what is meant for a node that is taken for dead makes it look at the log when it is seen again, with nothing more to say", async () => {
  const registry = new RegistryInMemory();
  // Looks only when it is told to.
  await using a = await ClusterNode.start(registry, { leaseMs: 60_000 });
  await using b = await ClusterNode.start(registry, { leaseMs: LEASE_MS_MIN });
  a.say([b], messageOf(1));
  await b.received(1);
  // b may renew its lease between the one and the other.
  await eventually(
    async () => {
      registry.expire(b.nodeId);
      await a.cluster.living.look();
      return a.deaths;
    },
    (deaths) => deaths.includes(b.nodeId),
    "a to take b for dead",
  );
  // b renews its lease by itself, and looks at the log: before a stores what comes next, and sees that b lives.
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.includes("lease regained"),
    "b to be back",
  );
  a.say([b], messageOf(2));
  await a.cluster.living.look();
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.includes("peer dropped messages"),
    "word of the gap",
  );
  expect(offsetsOf(b.messages)).toEqual([1]);
});

test("a node that stops says goodbye: what it said last arrives, and nobody looks at the log", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  a.say([b], messageOf(1));
  b.say([a], messageOf(2));
  await Promise.all([a.received(1), b.received(1)]);
  a.say([b], ...messagesOf(20_000, 10));
  await a.stop();
  expect(b.messages.length).toBe(20_001);
  // b sees that it has left, and that is no death to clear up after.
  await eventually(
    async () => {
      await b.cluster.living.look();
      return b.cluster.living.find(a.nodeId);
    },
    (node) => node === undefined,
    "a to have left",
  );
  b.say([a], messageOf(3));
  expect(b.resyncs).toEqual([]);
});

test("a link with nothing to say is given up and opened again, and nobody looks at the log; a death after it is looked at", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry, { leaseMs: 120_000 });
  await using b = await ClusterNode.start(registry, { leaseMs: 120_000 });
  const isOpen = () => a.cluster.peers.states.get(b.nodeId)?.isOpen;
  a.say([b], messageOf(1));
  await b.received(1);
  await eventually(isOpen, (open) => open === false, "the link to rest", LINK_REST_MS + DEADLINE_MS);
  a.say([b], messageOf(2));
  await b.received(2);
  expect(offsetsOf(b.messages)).toEqual([1, 2]);
  expect(b.resyncs).toEqual([]);
  await eventually(isOpen, (open) => open === false, "the link to rest again", LINK_REST_MS + DEADLINE_MS);
  expect(b.resyncs).toEqual([]);
  // A goodbye to rest is none for ever: what it stored last it may not have told.
  registry.expire(a.nodeId);
  await b.cluster.living.look();
  expect(b.deaths).toEqual([a.nodeId]);
  expect(b.resyncs).toEqual(["peer died"]);
}, 60_000);

test("lookAgain() has every living peer look at its log, behind what waits for it", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  await using c = await ClusterNode.start(registry);
  await a.cluster.living.look();
  a.say([b], messageOf(1));
  a.cluster.peers.lookAgain();
  a.cluster.peers.lookAgain();
  for (const peer of [b, c]) {
    await eventually(
      () => peer.resyncs,
      (reasons) => reasons.length > 0,
      "a look at the log",
    );
    expect(peer.resyncs).toEqual(["peer dropped messages"]);
  }
  expect(offsetsOf(b.messages)).toEqual([1]);
  a.say([b, c], messageOf(2));
  await Promise.all([b.received(2), c.received(1)]);
});

test("a wrong secret is refused; the caller keeps nothing and tries again later", async () => {
  const registry = new RegistryInMemory();
  await using b = await ClusterNode.start(registry);
  registry.theSecret = "another one";
  await using a = await ClusterNode.start(registry);
  a.say([b], messageOf(1));
  await eventually(
    () => a.cluster.peers.states.get(b.nodeId),
    (state) => state?.dropped === 1 && state.queued === 0,
    "the link to give up",
  );
  expect(b.messages).toEqual([]);
  const { answers, silent } = await a.cluster.calls.askOthers(
    (client, options) => client.isOnline({ user: { userId: "ann" } }, options),
    5_000,
  );
  expect({ answers, silent }).toEqual({ answers: [], silent: [b.nodeId] });
});

test("neighbouring versions speak the newest that both know; distant ones say what is wrong and don't link", async () => {
  const registry = new RegistryInMemory();
  const lines: string[] = [];
  const keep = (message: string, fields?: unknown) => void lines.push(`${message} ${Bun.inspect(fields)}`);
  const logger = { debug: keep, info: keep, warn: keep, error: keep };
  await using a = await ClusterNode.start(registry, { linkVersions: [1, 2], logger });
  await using b = await ClusterNode.start(registry, { linkVersions: [1, 1] });
  await using c = await ClusterNode.start(registry, { linkVersions: [3, 4] });
  a.say([b, c], messageOf(1));
  await b.received(1);
  await eventually(
    () => a.cluster.peers.states.get(c.nodeId)?.dropped,
    (dropped) => dropped === 1,
    "the link to c to give up",
  );
  expect(c.messages).toEqual([]);
  const text = lines.join("\n");
  expect(text).toContain("version: 1");
  expect(text).toContain("speaks versions 1 to 2 of the link, this node 3 to 4");
});

test("a peer that takes its time holds the sender up, loses nothing within the bound, and disturbs no other", async () => {
  const registry = new RegistryInMemory();
  const gate = Promise.withResolvers<void>();
  await using a = await ClusterNode.start(registry);
  await using slow = await ClusterNode.start(registry, { onMessage: () => gate.promise });
  await using quick = await ClusterNode.start(registry);
  await a.cluster.living.look();
  for (let offset = 1; offset <= 20_000; offset += 100) {
    a.say([slow, quick], ...messagesOf(100, offset));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await quick.received(20_000);
  expect(slow.messages.length).toBe(1);
  expect(a.cluster.peers.states.get(slow.nodeId)?.queued).toBeGreaterThan(10_000);
  gate.resolve();
  await slow.received(20_000);
  expect(offsetsOf(slow.messages)).toEqual(offsetsOf(messagesOf(20_000)));
  expect(slow.resyncs).toEqual([]);
});

test("more than the queue holds: the peer is told once to look at the log, and goes on from there", async () => {
  const registry = new RegistryInMemory();
  const gate = Promise.withResolvers<void>();
  await using a = await ClusterNode.start(registry);
  await using slow = await ClusterNode.start(registry, { onMessage: () => gate.promise });
  a.say([slow], messageOf(1));
  await slow.received(1);
  a.say([slow], ...messagesOf(200_000, 2));
  const { queued, dropped } = a.cluster.peers.states.get(slow.nodeId) ?? {};
  expect(queued).toBe(0);
  expect(dropped).toBe(200_000);
  gate.resolve();
  await eventually(
    () => slow.resyncs,
    (reasons) => reasons.length > 0,
    "a look at the log",
  );
  a.say([slow], messageOf(300_000));
  await slow.received(2);
  expect(offsetsOf(slow.messages)).toEqual([1, 300_000]);
  expect(slow.resyncs).toEqual(["peer dropped messages"]);
});

test("who is online is asked of all others; a peer that is gone is silent, and then nobody waits for it", async () => {
  const registry = new RegistryInMemory();
  await using a = await ClusterNode.start(registry);
  await using b = await ClusterNode.start(registry);
  await using c = await ClusterNode.start(registry);
  b.online.add("ann");
  const user = { userId: "ann", appPlatform: 101 };
  await a.cluster.living.look();
  const ask = (ms: number) =>
    a.cluster.calls.askOthers((client, options) => client.isOnline({ user }, options), ms);
  const first = await ask(5_000);
  expect(first.silent).toEqual([]);
  const online = new Map(first.answers.map(({ nodeId, answer }) => [nodeId, answer.online]));
  expect(online).toEqual(
    new Map([
      [b.nodeId, true],
      [c.nodeId, false],
    ]),
  );
  await c.closePort();
  const second = await ask(5_000);
  expect(second.silent).toEqual([c.nodeId]);
  expect(second.answers.map(({ nodeId }) => nodeId)).toEqual([b.nodeId]);
});
