/**
 * A node of the link bench in a process of its own: the cluster part of prim with a real RPC port. It does what its
 * parent asks over IPC (link-nodes.ts), and ends with it.
 */
import type { ChannelId, NodeId } from "../../src/base/ids.ts";
import type { Message } from "../../src/core/message.ts";
import type { NodeRecord } from "../../src/core/node-registry.ts";
import { ClusterNode } from "../../test/cluster/cluster-node.ts";
import { messageOf } from "../../test/cluster/messages.ts";
import { RegistryInMemory } from "../../test/cluster/registry-in-memory.ts";
import { Latencies } from "./latencies.ts";
import type { LinkCommand } from "./link-nodes.ts";

const LEASE_MS = 3_600_000;
/** Above it the next turn sends nothing: the bench asks what a link carries, not what it drops. */
const QUEUED_MAX = 10_000;
const ROOM = "room:bench" as ChannelId;
/** What is said here goes back to where it came from. */
const ECHO = "room:echo" as ChannelId;

const registry = new RegistryInMemory();
let peerId = "" as NodeId;
let received = 0;
let onEcho = () => {};
const node = await ClusterNode.start(registry, { leaseMs: LEASE_MS, onMessage: take });

function take(message: Message): void {
  received += 1;
  // The fixture keeps messages for tests.
  node.messages.length = 0;
  if (message.channel !== ECHO) return;
  if (message.msg === "back") onEcho();
  else node.cluster.peers.forward([peerId], { ...message, msg: "back" });
}

async function meet(peer: NodeRecord): Promise<void> {
  peerId = peer.nodeId;
  await registry.renew(peer, LEASE_MS);
  await node.cluster.living.look();
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Says `perTurn` messages each turn of the event loop, as fast as the link takes them. */
async function load(perTurn: number, durationMs: number, text: string) {
  const startedAt = performance.now();
  let sent = 0;
  while (performance.now() - startedAt < durationMs) {
    if ((node.cluster.peers.states.get(peerId)?.queued ?? 0) < QUEUED_MAX) {
      for (let count = 0; count < perTurn; count++) {
        sent += 1;
        node.cluster.peers.forward([peerId], messageOf(sent, ROOM, text));
      }
    }
    // Spinning would count as the sender's CPU.
    if ((node.cluster.peers.states.get(peerId)?.queued ?? 0) >= QUEUED_MAX) await Bun.sleep(1);
    else await nextTurn();
  }
  const { dropped = 0 } = node.cluster.peers.states.get(peerId) ?? {};
  return { sent, dropped, wallMs: performance.now() - startedAt };
}

/** One message at a time, there and back over two links. */
async function trips(count: number) {
  const latencies = new Latencies();
  for (let trip = 1; trip <= count; trip++) {
    const back = Promise.withResolvers<void>();
    onEcho = back.resolve;
    const startedAt = performance.now();
    node.cluster.peers.forward([peerId], messageOf(trip, ECHO, "there"));
    await back.promise;
    latencies.add((performance.now() - startedAt) * 1_000);
  }
  return latencies.summary();
}

async function perform(command: LinkCommand): Promise<unknown> {
  switch (command.kind) {
    case "record":
      return registry.renewals[0];
    case "meet":
      return meet(command.peer);
    case "load":
      return load(command.perTurn, command.durationMs, command.text);
    case "trips":
      return trips(command.count);
    case "received":
      return received;
  }
}

process.on("message", ({ id, command }: { id: number; command: LinkCommand }) => {
  perform(command).then(
    (result) => process.send?.({ id, result: result ?? null }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
// In order, so that a profile is written.
process.on("SIGTERM", () => process.exit(0));
