import { expect, test } from "bun:test";
import { RegistryInMemory } from "../../test/cluster/registry-in-memory.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import type { NodeId } from "../base/ids.ts";
import { LIVING_LOOK_MS_MIN } from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import type { NodeRecord } from "../core/node-registry.ts";
import { LivingNodes } from "./living-nodes.ts";

const LEASE_MS = 9_000;

function record(nodeId: string): NodeRecord {
  const linkVersions = [1, 1] as const;
  const rest = { rpcAddress: "x:1", version: "1", linkVersions, status: "serving", startedAt: 0 } as const;
  return { nodeId: nodeId as NodeId, ...rest, generation: 1, load: { connections: 0, sessions: 0 } };
}

/** Node "a" looks; "b" renews its lease when it is told to. */
async function open() {
  const clock = new FakeClock();
  const registry = new RegistryInMemory(clock);
  const renew = (...nodes: string[]) =>
    Promise.all(nodes.map((node) => registry.renew(record(node), LEASE_MS)));
  await renew("a", "b");
  const died: NodeId[] = [];
  const living = new LivingNodes("a" as NodeId, { registry, clock, logger: silentLogger }, LEASE_MS);
  living.listen({ died: (nodeId) => died.push(nodeId) });
  await living.start();
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += LIVING_LOOK_MS_MIN) {
      clock.advance(LIVING_LOOK_MS_MIN);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { registry, living, died, renew, pass };
}

test("LivingNodes sees a death when the lease runs out, and not a third of a lease later", async () => {
  const { died, renew, pass } = await open();
  await pass(LEASE_MS / 3 + 2_000);
  await renew("a", "b");
  await pass(LEASE_MS / 3);
  await renew("a");
  await pass((LEASE_MS * 2) / 3 - 200);
  expect(died).toEqual([]);
  await pass(400);
  expect(died as string[]).toEqual(["b"]);
});

test("LivingNodes lets nobody die in the first lease after the registry was away", async () => {
  const { registry, living, died, renew, pass } = await open();
  registry.isAway = true;
  await pass(2 * LEASE_MS);
  registry.isAway = false;
  await pass(LEASE_MS / 2);
  expect(living.others.map(({ nodeId }) => String(nodeId))).toEqual(["b"]);
  expect(living.dead.size).toBe(0);
  await renew("a", "b");
  await pass(LEASE_MS - 200);
  expect(died).toEqual([]);
});

test("LivingNodes lets those die who don't renew after the registry was away", async () => {
  const { registry, living, died, pass } = await open();
  registry.isAway = true;
  await pass(2 * LEASE_MS);
  registry.isAway = false;
  await pass(2 * LEASE_MS);
  expect(died as string[]).toEqual(["b"]);
  expect(living.others).toEqual([]);
});
