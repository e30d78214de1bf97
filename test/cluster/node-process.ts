/**
 * A node of links in a process of its own. Its argument is the address of the node that started it; stdin has commands,
 * a line each: "say <from> <count>", "stop". It prints one JSON line when it is up, and one when it has stopped.
 */
import type { NodeId } from "../../src/base/ids.ts";
import { ClusterNode } from "./cluster-node.ts";
import { messagesOf } from "./messages.ts";
import { RegistryInMemory } from "./registry-in-memory.ts";

const [parentId = "", parentAddress = ""] = process.argv.slice(2);
const registry = new RegistryInMemory();
const parent = {
  nodeId: parentId as NodeId,
  rpcAddress: parentAddress,
  version: "test",
  linkVersions: [1, 1],
  status: "serving",
  startedAt: Date.now(),
  generation: 1,
  load: { connections: 0, sessions: 0 },
} as const;
await registry.renew(parent, 3_600_000);
const node = await ClusterNode.start(registry, { leaseMs: 60_000 });
await Bun.write(Bun.stdout, `${JSON.stringify({ nodeId: node.nodeId, rpcAddress: node.rpcAddress })}\n`);

for await (const line of console) {
  const [command, from, count] = line.split(" ");
  if (command === "say") {
    for (const message of messagesOf(Number(count), Number(from))) {
      node.cluster.peers.forward([parent.nodeId], message);
    }
  }
  if (command === "stop") break;
}
await node.stop();
await Bun.write(Bun.stdout, `${JSON.stringify({ received: node.messages.length, resyncs: node.resyncs })}\n`);
