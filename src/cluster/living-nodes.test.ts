import { expect, test } from "bun:test";
import { RegistryInMemory } from "../../test/cluster/registry-in-memory.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import type { NodeId } from "../base/ids.ts";
import { LIVING_LOOK_MS_MIN } from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import type { NodeRecord } from "../core/node-registry.ts";
import { LivingNodes } from "./living-nodes.ts";

const LEASE_MS = 9_000;
const self = "node-a" as NodeId;
const b = "node-b" as NodeId;

async function bed() {
  const clock = new FakeClock();
  const registry = new RegistryInMemory(clock);
  const nodes = new LivingNodes(self, { registry, clock, logger: silentLogger }, LEASE_MS);
  const events: string[] = [];
  nodes.listen({
    appeared: ({ nodeId }) => void events.push(`appeared ${nodeId}`),
    died: (nodeId) => void events.push(`died ${nodeId}`),
    left: (nodeId) => void events.push(`left ${nodeId}`),
  });
  const renew = (nodeId: NodeId, status: NodeRecord["status"] = "serving", leaseMs = 1_000_000) =>
    registry.renew(
      {
        nodeId,
        rpcAddress: "127.0.0.1:1",
        version: "test",
        linkVersions: [1, 1],
        status,
        startedAt: 0,
        generation: 1,
        load: { connections: 0, sessions: 0 },
      },
      leaseMs,
    );
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      await turn();
    }
  };
  await renew(self);
  return { clock, registry, nodes, events, renew, turn, pass };
}

test("nodes appear with the next look, and die once when their lease has run out", async () => {
  const { nodes, events, renew, pass } = await bed();
  await nodes.start();
  await renew(b, "serving", 5_000);
  await pass(3_000);
  expect(events).toEqual(["appeared node-b"]);
  expect(nodes.others.map(({ nodeId }) => nodeId)).toEqual([b]);
  await pass(60_000);
  expect(events).toEqual(["appeared node-b", "died node-b"]);
  expect(nodes.find(b)).toBeUndefined();
  expect([...nodes.dead]).toEqual([b]);
  // It lives again, and dies again.
  await renew(b, "serving", 5_000);
  await pass(12_000);
  expect(events.slice(2)).toEqual(["appeared node-b", "died node-b"]);
});

test("a node that was dead before this one started is told of, once; this node itself never is", async () => {
  const { registry, nodes, events, renew, pass } = await bed();
  await renew(b, "serving", 1);
  registry.expire(b);
  registry.expire(self);
  await nodes.start();
  await pass(30_000);
  expect(events).toEqual(["died node-b"]);
});

test("a node that drained and is cleared away has left; one that vanished while it served, or is not cleared, has died", async () => {
  const { registry, nodes, events, renew, pass } = await bed();
  const c = "node-c" as NodeId;
  await renew(b, "draining");
  await renew(c);
  await nodes.start();
  const d = "node-d" as NodeId;
  await renew(d, "draining");
  await pass(4_000);
  for (const nodeId of [b, c, d]) await registry.release(nodeId);
  for (const nodeId of [b, c]) expect(await Array.fromAsync(registry.clear(nodeId))).toEqual([]);
  await pass(4_000);
  expect(events.slice(3)).toEqual(["left node-b", "died node-c", "died node-d"]);
});

test("while the registry is away or frozen the last view holds, and nobody dies", async () => {
  const { registry, nodes, events, renew, pass } = await bed();
  await renew(b);
  await nodes.start();
  registry.isAway = true;
  await pass(30_000);
  registry.isAway = false;
  registry.isFrozen = true;
  await pass(30_000);
  expect(nodes.find(b)?.nodeId).toBe(b);
  registry.isFrozen = false;
  await renew("node-c" as NodeId);
  await pass(7_000);
  expect(events).toEqual(["appeared node-b", "appeared node-c"]);
});

test("look() begins after the call, is shared by all who ask meanwhile, and keeps its distance", async () => {
  const { registry, nodes, renew, clock, turn } = await bed();
  await nodes.start();
  const before = registry.lists;
  await renew(b);
  const looks = Array.from({ length: 1_000 }, () => nodes.look());
  await turn();
  expect(registry.lists).toBe(before);
  clock.advance(LIVING_LOOK_MS_MIN);
  expect(new Set(await Promise.all(looks))).toEqual(new Set([true]));
  expect(registry.lists).toBe(before + 1);
  expect(nodes.find(b)?.nodeId).toBe(b);
  registry.isAway = true;
  const failing = nodes.look();
  await turn();
  clock.advance(LIVING_LOOK_MS_MIN);
  expect(await failing).toBe(false);
});

test("stop() ends the looking", async () => {
  const { registry, nodes, pass } = await bed();
  await nodes.start();
  nodes.stop();
  await pass(30_000);
  expect(registry.lists).toBe(1);
  expect(await nodes.look()).toBe(false);
});
