import { expect, test } from "bun:test";
import { RegistryInMemory } from "../../test/cluster/registry-in-memory.ts";
import { eventually } from "../../test/deadline.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import type { NodeId } from "../base/ids.ts";
import { CLEAR_LOCK_MS } from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import type { NodeRecord } from "../core/node-registry.ts";
import { NodeLease } from "./node-lease.ts";

const LEASE_MS = 9_000;
const nodeId = "node-a" as NodeId;

function bed() {
  const clock = new FakeClock();
  const registry = new RegistryInMemory(clock);
  const events: string[] = [];
  let status: NodeRecord["status"] = "serving";
  const lease = new NodeLease(
    {
      registry,
      clock,
      logger: silentLogger,
      describe: () => ({
        nodeId,
        rpcAddress: "127.0.0.1:1",
        version: "test",
        linkVersions: [1, 1],
        status,
        startedAt: 0,
        load: { connections: 1, sessions: 2 },
      }),
      onRegained: () => void events.push(`regained ${lease.generation}`),
    },
    LEASE_MS,
  );
  /** Moves time, and lets what it started come to its end. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(50, left));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const drain = () => {
    status = "draining";
  };
  return { clock, registry, lease, events, pass, drain };
}

test("the lease is taken at the start, renewed every third of it, and given back", async () => {
  const { registry, lease, events, pass } = bed();
  expect(lease.isAlive).toBe(false);
  await lease.start();
  expect(lease.isAlive).toBe(true);
  await pass(30_000);
  expect(lease.isAlive).toBe(true);
  expect(registry.renewals.length).toBe(11);
  expect(new Set(registry.renewals.map(({ generation }) => generation))).toEqual(new Set([1]));
  await lease.stop(false);
  expect(lease.isAlive).toBe(false);
  const { living, dead, toldAll } = await registry.list();
  expect([living, dead.length, toldAll]).toEqual([[], 1, []]);
  await pass(30_000);
  expect(registry.renewals.length).toBe(11);
  expect(events).toEqual([]);
});

test("a registry that is away for less than a lease changes nothing", async () => {
  const { registry, lease, events, pass } = bed();
  await lease.start();
  registry.isAway = true;
  await pass(LEASE_MS - 1_000);
  expect(lease.isAlive).toBe(true);
  registry.isAway = false;
  await pass(1_000);
  expect(lease.isAlive).toBe(true);
  expect(events).toEqual([]);
  expect(lease.generation).toBe(1);
});

test("a registry that is away for a whole lease ends it; when it is back a new generation begins, once", async () => {
  const { registry, lease, events, pass } = bed();
  await lease.start();
  registry.isAway = true;
  await pass(LEASE_MS);
  expect(lease.isAlive).toBe(false);
  await pass(20_000);
  registry.isAway = false;
  await pass(LEASE_MS);
  expect(lease.isAlive).toBe(true);
  expect(events).toEqual(["regained 2"]);
  expect(registry.renewals.at(-1)?.generation).toBe(2);
});

test("a lease that others saw run out, though it was renewed in time by our clock, is regained as a new generation", async () => {
  const { registry, lease, events, pass } = bed();
  await lease.start();
  registry.expire(nodeId);
  await pass(3_000);
  expect(events).toEqual(["regained 2"]);
  const [living] = (await registry.list()).living;
  expect(living?.generation).toBe(2);
  await pass(30_000);
  expect(events).toEqual(["regained 2"]);
});

test("a registry that takes its time, since somebody clears after this node, is waited for, and the lease regained once", async () => {
  const { registry, lease, events, pass } = bed();
  await lease.start();
  registry.expire(nodeId);
  registry.delay = Promise.withResolvers();
  await pass(CLEAR_LOCK_MS);
  expect(lease.isAlive).toBe(false);
  registry.delay.resolve();
  registry.delay = undefined;
  await pass(100);
  expect(lease.isAlive).toBe(true);
  await pass(3 * LEASE_MS);
  expect(events).toEqual(["regained 2"]);
  expect(lease.isAlive).toBe(true);
});

test("a registry that never answers is given up when the lease is known to be lost, and asked again", async () => {
  const { registry, lease, events, pass } = bed();
  await lease.start();
  registry.isFrozen = true;
  await pass(LEASE_MS + 500);
  expect(lease.isAlive).toBe(false);
  registry.isFrozen = false;
  await pass(LEASE_MS + CLEAR_LOCK_MS);
  expect(lease.isAlive).toBe(true);
  expect(events).toEqual(["regained 2"]);
});

test("start() fails if the registry is away, and may be called again", async () => {
  const { registry, lease } = bed();
  registry.isAway = true;
  await expect(lease.start()).rejects.toMatchObject({ code: "unavailable" });
  expect(lease.isAlive).toBe(false);
  registry.isAway = false;
  await lease.start();
  expect(lease.isAlive).toBe(true);
});

test("publish() tells a new status at once; stop() of a registry that is away doesn't fail", async () => {
  const { registry, lease, drain, clock } = bed();
  await lease.start();
  drain();
  await lease.publish();
  expect(registry.renewals.map(({ status }) => status)).toEqual(["serving", "draining"]);
  registry.isFrozen = true;
  let stopped = false;
  const stopping = lease.stop(true).then(() => {
    stopped = true;
  });
  await eventually(
    () => clock.advance(500),
    () => stopped,
    "stop()",
  );
  await stopping;
});

test("stop() says that everything was told, if it was and the lease was kept until then", async () => {
  const { registry, lease } = bed();
  await lease.start();
  await lease.stop(true);
  const { dead, toldAll } = await registry.list();
  expect(toldAll).toEqual(dead);
  expect(registry.renewals.at(-1)?.toldAll).toBe(true);

  const lost = bed();
  await lost.lease.start();
  lost.registry.isAway = true;
  await lost.pass(30_000);
  lost.registry.isAway = false;
  await lost.lease.stop(true);
  expect((await lost.registry.list()).toldAll).toEqual([]);
});
