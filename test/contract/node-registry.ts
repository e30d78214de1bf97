/**
 * The contract of NodeRegistry: one suite that every implementation runs.
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { NodeId } from "../../src/base/ids.ts";
import { LEASE_MS_MAX } from "../../src/base/limits.ts";
import { eventually } from "../deadline.ts";
import { testClearing } from "./clearing.ts";
import { type ClusterBed, die, LONG_LEASE_MS, openLiving, record, SHORT_LEASE_MS } from "./cluster-bed.ts";
import { refusalOf } from "./store-bed.ts";

/** @param bed is cleared after each test. */
export function testNodeRegistry(name: string, bed: ClusterBed): void {
  describe(name, () => {
    afterEach(() => bed.clear());
    testLeases(bed);
    testSecret(bed);
    testClearing(bed);
  });
}

function testLeases(bed: ClusterBed): void {
  test("renew() tells a lease that was taken from one that was kept", async () => {
    const a = await bed.open("a");
    expect(await a.registry.renew(record(a), LONG_LEASE_MS)).toBe(false);
    expect(await a.registry.renew(record(a), LONG_LEASE_MS)).toBe(true);
    await die(a);
    expect(await a.registry.renew(record(a, { generation: 2 }), LONG_LEASE_MS)).toBe(false);
    expect(await a.registry.renew(record(a, { generation: 2 }), LONG_LEASE_MS)).toBe(true);
    expect((await a.registry.list()).dead).toEqual([]);
  });

  test("renew() tells a new process under an old id that its lease is another's", async () => {
    const a = await bed.open("a");
    await a.registry.renew(record(a), LONG_LEASE_MS);
    const again = await bed.open("a");
    expect(await again.registry.renew(record(again), LONG_LEASE_MS)).toBe(false);
    expect(await again.registry.renew(record(again), LONG_LEASE_MS)).toBe(true);
  });

  test("renew() may shorten a lease, and the last record counts", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    const last = record(a, { status: "draining", load: { connections: 0, sessions: 0 }, generation: 7 });
    await a.registry.renew(last, LONG_LEASE_MS / 4);
    const seen = (await b.registry.list()).living.find(({ nodeId }) => nodeId === a.nodeId);
    expect(seen).toMatchObject(last);
    const other = (await b.registry.list()).living.find(({ nodeId }) => nodeId === b.nodeId);
    const left = (other?.leaseExpiresAt ?? 0) - (seen?.leaseExpiresAt ?? 0);
    expect(left).toBeGreaterThan(LONG_LEASE_MS / 2);
  });

  test("renew() refuses leases out of range", async () => {
    const a = await bed.open("a");
    for (const leaseMs of [SHORT_LEASE_MS - 1, LEASE_MS_MAX + 1, 0, -1, 1_000.5, Number.NaN]) {
      expect(await refusalOf(a.registry.renew(record(a), leaseMs))).toMatchObject({
        code: "invalid_argument",
      });
    }
    expect((await a.registry.list()).living).toEqual([]);
    expect(await a.registry.renew(record(a), LEASE_MS_MAX)).toBe(false);
    expect(await a.registry.renew(record(a), SHORT_LEASE_MS)).toBe(true);
  });

  test("list() has the living in the order of their ids, with the end of their leases", async () => {
    const [b, a] = await openLiving(bed, "b", "a", "aa", "B");
    const { living, dead } = await a.registry.list();
    expect(living.map(({ nodeId }) => String(nodeId))).toEqual(["B", "a", "aa", "b"]);
    expect(dead).toEqual([]);
    const { leaseExpiresAt, ...rest } = living[3] ?? { leaseExpiresAt: 0 };
    expect(rest).toEqual(record(b));
    expect(Math.abs(leaseExpiresAt - Date.now() - LONG_LEASE_MS)).toBeLessThan(LONG_LEASE_MS / 2);
  });

  test("list() has nodes whose lease ran out among the dead, and others see it within the lease", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    expect((await b.registry.list()).living.map(({ nodeId }) => String(nodeId))).toEqual(["a", "b"]);
    const leaseMs = 500;
    const renewedAt = performance.now();
    await a.registry.renew(record(a), leaseMs);
    await eventually(
      () => b.registry.list(),
      ({ dead }) => dead.includes(a.nodeId),
      "the lease to run out",
    );
    expect(performance.now() - renewedAt).toBeGreaterThan(leaseMs - 5);
    expect((await b.registry.list()).living.map(({ nodeId }) => String(nodeId))).toEqual(["b"]);
  });

  test("release() makes a node dead at once, for others to clear away, and may be repeated", async () => {
    const [a, b] = await openLiving(bed, "a", "b");
    await a.registry.release(a.nodeId);
    await a.registry.release(a.nodeId);
    await b.registry.release("never" as NodeId);
    const { living, dead } = await b.registry.list();
    expect(living.map(({ nodeId }) => String(nodeId))).toEqual(["b"]);
    expect(dead).toEqual([a.nodeId]);
    expect(await a.registry.renew(record(a), LONG_LEASE_MS)).toBe(false);
  });
}

function testSecret(bed: ClusterBed): void {
  test("secret() is the same for all nodes, whoever is first, and stays", async () => {
    const nodes = await openLiving(bed, "a", "b", "c");
    const secrets = await Promise.all(nodes.map(({ registry }) => registry.secret()));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toMatch(/^[\w-]{43}$/);
    const late = await bed.open("d");
    expect(await late.registry.secret()).toBe(String(secrets[0]));
  });

  test("secret() of another cluster is another", async () => {
    const before = await (await bed.open("a")).registry.secret();
    await bed.clear();
    expect(await (await bed.open("a")).registry.secret()).not.toBe(before);
  });
}
