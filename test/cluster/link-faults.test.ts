/** Links between nodes over a network that cuts, delays, freezes and half-opens connections. */
import { expect, test } from "bun:test";
import { LINK_SILENCE_MS_MAX } from "../../src/base/limits.ts";
import { eventually } from "../deadline.ts";
import { ClusterNode } from "./cluster-node.ts";
import { LinkProxy } from "./link-proxy.ts";
import { messageOf, messagesOf, offsetsOf } from "./messages.ts";
import { RegistryInMemory } from "./registry-in-memory.ts";

/** Two nodes that know each other, with a proxy before b. */
async function openPair(leaseMs = 60_000) {
  const registry = new RegistryInMemory();
  const proxy = new LinkProxy();
  const b = await ClusterNode.start(registry, { leaseMs, address: (port) => proxy.open(port) });
  const a = await ClusterNode.start(registry, { leaseMs });
  return {
    registry,
    proxy,
    a,
    b,
    linkState: () => a.cluster.peers.states.get(b.nodeId),
    async [Symbol.asyncDispose]() {
      proxy.close();
      await Promise.all([a.stop(), b.stop()]);
    },
  };
}

test("a link that is cut is opened again by itself, and the peer looks at the log", async () => {
  await using pair = await openPair();
  const { a, b, proxy } = pair;
  for (let round = 1; round <= 5; round++) {
    a.say([b], messageOf(round));
    await b.received(round);
    const looks = b.resyncs.length;
    proxy.cut();
    await eventually(
      () => b.resyncs.length,
      (count) => count > looks,
      "a look at the log",
    );
    await eventually(
      () => pair.linkState()?.isOpen && proxy.accepted > round,
      Boolean,
      "the link to be open",
    );
  }
  expect(offsetsOf(b.messages)).toEqual([1, 2, 3, 4, 5]);
  expect(a.resyncs).toEqual([]);
});

test("what was under way when a link was cut is followed by a look at the log after it", async () => {
  await using pair = await openPair();
  const { a, b, proxy } = pair;
  a.say([b], messageOf(1));
  await b.received(1);
  // Held back and then cut: the sender believes it has sent them.
  proxy.freeze();
  a.say([b], ...messagesOf(1_000, 2));
  await eventually(
    () => pair.linkState()?.queued,
    (queued) => queued === 0,
    "the messages to be sent",
  );
  proxy.thaw();
  proxy.cut();
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.includes("peer dropped messages"),
    "word of it",
  );
  const looks = b.resyncs.length;
  a.say([b], messageOf(5_000));
  await eventually(
    () => b.messages.at(-1)?.offset,
    (offset) => offset === 5_000,
    "the link to go on",
  );
  expect(b.resyncs.length).toBe(looks);
  const seen = offsetsOf(b.messages);
  expect(seen).toEqual(seen.toSorted((x, y) => x - y));
});

test("a connection that is open at one end only is replaced; the receiver looks at the log once more", async () => {
  await using pair = await openPair();
  const { a, b, proxy } = pair;
  a.say([b], messageOf(1));
  await b.received(1);
  proxy.halfOpen();
  a.say([b], messageOf(2));
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.length > 0,
    "a look at the log",
  );
  // What is said before the peer was told of the gap is left to the log.
  const heard = () => {
    a.say([b], messageOf(3));
    return b.messages.at(-1)?.offset;
  };
  await eventually(heard, (offset) => offset === 3, "the link to go on");
});

test("a network that freezes breaks the link at both ends in time, costs one queue at most, and heals", async () => {
  await using pair = await openPair();
  const { a, b, proxy } = pair;
  a.say([b], messageOf(1));
  await b.received(1);
  proxy.freeze();
  const frozenAt = performance.now();
  a.say([b], messageOf(2));
  await eventually(
    () => pair.linkState()?.isOpen,
    (open) => open === false,
    "the sender to notice",
  );
  await eventually(
    () => b.resyncs.length,
    (count) => count > 0,
    "the receiver to notice",
  );
  expect(performance.now() - frozenAt).toBeLessThan(LINK_SILENCE_MS_MAX + 4_000);
  a.say([b], ...messagesOf(100_000, 3));
  expect(pair.linkState()?.queued).toBe(0);
  proxy.thaw();
  await eventually(() => pair.linkState()?.isOpen, Boolean, "the link to be open again");
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.includes("peer dropped messages"),
    "word of the gap",
  );
  a.say([b], messageOf(200_000));
  await eventually(
    () => b.messages.at(-1)?.offset,
    (offset) => offset === 200_000,
    "the link to go on",
  );
}, 40_000);

test("a network that is slow breaks nothing", async () => {
  await using pair = await openPair();
  const { a, b, proxy } = pair;
  proxy.delayMs = 300;
  for (let offset = 1; offset <= 2_000; offset += 10) {
    a.say([b], ...messagesOf(10, offset));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await b.received(2_000);
  expect(offsetsOf(b.messages)).toEqual(offsetsOf(messagesOf(2_000)));
  expect(b.resyncs).toEqual([]);
});

test("a peer that refuses is tried again while it lives, with waits, and is dropped when it dies", async () => {
  await using pair = await openPair();
  const { a, b, proxy, registry } = pair;
  proxy.refuses = true;
  const startedAt = performance.now();
  a.say([b], messageOf(1));
  await eventually(
    () => proxy.accepted,
    (count) => count >= 5,
    "five attempts",
  );
  // 100, 200, 400, 800 ms at most, each by chance: five attempts can't come in a burst with the fifth.
  expect(proxy.accepted).toBeLessThan(5 + (performance.now() - startedAt) / 10);
  proxy.refuses = false;
  await eventually(
    () => b.resyncs,
    (reasons) => reasons.includes("peer dropped messages"),
    "the link to open",
  );
  a.say([b], messageOf(2));
  await b.received(1);
  proxy.refuses = true;
  proxy.cut();
  registry.expire(b.nodeId);
  await a.cluster.living.look();
  expect(a.deaths).toEqual([b.nodeId]);
  expect(a.resyncs).toEqual(["peer died"]);
  a.say([b], messageOf(3));
  expect(a.cluster.peers.states.has(b.nodeId)).toBe(false);
});

test("a node that stops in order without a link to another has told it everything; one that is killed may not have", async () => {
  const registry = new RegistryInMemory();
  // So long that nobody renews a lease, or loses one, while this test runs.
  const leaseMs = 60_000;
  await using a = await ClusterNode.start(registry, { leaseMs });
  const b = await ClusterNode.start(registry, { leaseMs });
  const c = await ClusterNode.start(registry, { leaseMs });
  await a.cluster.living.look();
  await b.stop();
  await a.cluster.living.look();
  expect(a.deaths).toEqual([b.nodeId]);
  expect(a.resyncs).toEqual([]);
  registry.expire(c.nodeId);
  await a.cluster.living.look();
  expect(a.resyncs).toEqual(["peer died"]);
  await c.stop();
});
