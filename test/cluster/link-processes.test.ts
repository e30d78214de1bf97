/** Peers in processes of their own: killed, frozen, and stopped in order. */
import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "../../src/core/message.ts";
import { eventually, within } from "../deadline.ts";
import { ClusterNode } from "./cluster-node.ts";
import { messageOf, messagesOf, offsetsOf } from "./messages.ts";
import { RegistryInMemory } from "./registry-in-memory.ts";

const children = new Set<Bun.Subprocess>();
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

interface Peer {
  readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly nodeId: ClusterNode["nodeId"];
  /** The last line that it printed, when it has ended. */
  readonly rest: Promise<string>;
  say(from: number, count: number): void;
}

async function startPeer(registry: RegistryInMemory, parent: ClusterNode): Promise<Peer> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "node-process.ts"), parent.nodeId, parent.rpcAddress],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  );
  children.add(child);
  const first = Promise.withResolvers<string>();
  const read = async () => {
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      if (text.includes("\n")) first.resolve(text.slice(0, text.indexOf("\n")));
    }
    return text.slice(text.indexOf("\n") + 1);
  };
  const rest = read();
  const { nodeId, rpcAddress } = JSON.parse(await within(first.promise, "the peer to start"));
  const [record] = registry.renewals;
  if (record === undefined) throw new Error("The parent has no lease");
  await registry.renew({ ...record, nodeId, rpcAddress }, 3_600_000);
  await parent.cluster.living.look();
  return {
    child,
    nodeId,
    rest,
    say: (from, count) => {
      void child.stdin.write(`say ${from} ${count}\n`);
      void child.stdin.flush();
    },
  };
}

function forward(parent: ClusterNode, { nodeId }: Peer, messages: readonly Message[]): void {
  for (const message of messages) parent.cluster.peers.forward([nodeId], message);
}

test("a peer that is killed is noticed at once; when it is dead nothing is kept for it", async () => {
  const registry = new RegistryInMemory();
  await using parent = await ClusterNode.start(registry);
  const peer = await startPeer(registry, parent);
  peer.say(1, 5_000);
  forward(parent, peer, messagesOf(10));
  await parent.received(5_000);
  peer.child.kill("SIGKILL");
  await peer.child.exited;
  await eventually(
    () => parent.resyncs,
    (reasons) => reasons.length > 0,
    "a look at the log",
  );
  expect(parent.resyncs).toEqual(["link broken"]);
  forward(parent, peer, messagesOf(100_000, 11));
  expect(offsetsOf(parent.messages)).toEqual(offsetsOf(messagesOf(5_000)));
  registry.expire(peer.nodeId);
  await parent.cluster.living.look();
  expect(parent.deaths).toEqual([peer.nodeId]);
  await eventually(
    () => parent.resyncs,
    (reasons) => reasons.includes("peer died"),
    "a last look at the log",
  );
  expect(parent.cluster.peers.states.size).toBe(0);
});

test("a peer that is frozen costs one queue at most, and a look at the log when it wakes", async () => {
  const registry = new RegistryInMemory();
  await using parent = await ClusterNode.start(registry);
  const peer = await startPeer(registry, parent);
  peer.say(1, 1);
  forward(parent, peer, [messageOf(1)]);
  await parent.received(1);
  const state = () => parent.cluster.peers.states.get(peer.nodeId);
  await eventually(() => state()?.isOpen, Boolean, "the link to be open");
  peer.child.kill("SIGSTOP");
  Bun.gc(true);
  const before = rssBytes();
  // Ten times what the queue holds, in characters.
  const text = "x".repeat(1_000);
  for (let offset = 2; offset < 80_000; offset++) {
    forward(parent, peer, [messageOf(offset, undefined, text)]);
    if (offset % 100 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  expect(state()?.queued).toBeLessThan(10_000);
  expect(state()?.dropped).toBeGreaterThan(60_000);
  Bun.gc(true);
  expect(rssBytes() - before).toBeLessThan(150 * 1024 * 1024);
  // While nobody answers, items are not even made.
  const dropAt = performance.now();
  forward(parent, peer, Array<Message>(100_000).fill(messageOf(1)));
  expect((performance.now() - dropAt) / 100_000).toBeLessThan(0.005);
  await eventually(
    () => state()?.isOpen,
    (isOpen) => isOpen === false,
    "the link to break",
  );
  await eventually(
    () => parent.resyncs.length,
    (count) => count > 0,
    "a look at the log",
  );
  peer.child.kill("SIGCONT");
  await eventually(() => state()?.isOpen, Boolean, "the link to be open again");
  // Its own link has ended too, and is opened again.
  const hear = () => {
    peer.say(2, 1);
    return parent.messages.length;
  };
  await eventually(hear, (count) => count >= 2, "the peer to be heard again");
  await peer.child.stdin.write("stop\n");
  await peer.child.stdin.flush();
  expect(await within(peer.child.exited, "the peer to stop")).toBe(0);
  const { resyncs } = JSON.parse(await peer.rest);
  expect(resyncs.length).toBeGreaterThan(0);
}, 40_000);

test("a peer that stops in order takes what waits with it, is no reason for a look, and leaves nothing that runs", async () => {
  const registry = new RegistryInMemory();
  await using parent = await ClusterNode.start(registry);
  const peer = await startPeer(registry, parent);
  forward(parent, peer, messagesOf(100));
  peer.say(1, 5_000);
  await peer.child.stdin.write("stop\n");
  await peer.child.stdin.flush();
  // Nothing ends the process but the end of its work: a timer, a socket or a stream left over would hold it.
  expect(await within(peer.child.exited, "the peer to end by itself")).toBe(0);
  await parent.received(5_000);
  expect(offsetsOf(parent.messages)).toEqual(offsetsOf(messagesOf(5_000)));
  expect(parent.resyncs).toEqual([]);
});

function rssBytes(): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
  return Number(kilobytes) * 1_024;
}
