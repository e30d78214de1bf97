/**
 * The faults of a round, and when they strike: all of it follows from a seed.
 */
import { eventually } from "../deadline.ts";
import type { ClusterSite, SiteNode } from "./cluster-site.ts";

export const FAULTS = [
  "kill a node",
  "freeze a node",
  "cut links",
  "delay links",
  "swallow links",
  "cut a node from Redis",
  "kill Redis",
  "pause Redis",
  "freeze Redis",
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface PlannedFault {
  readonly name: FaultName;
  /** Index of the node; not used by the faults of Redis. */
  readonly node: number;
  /** From the beginning of the load. */
  readonly atMs: number;
  readonly forMs: number;
}

export interface PlanOptions {
  readonly nodes: number;
  readonly leaseMs: number;
  /** Faults strike within this time. */
  readonly loadMs: number;
  readonly count: number;
}

/** @param random from a seed: 0 to 1. */
export function planFaults(random: () => number, options: PlanOptions): PlannedFault[] {
  const { nodes, leaseMs, loadMs, count } = options;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  // Each kind once before any comes twice.
  let left: FaultName[] = [];
  const plan = Array.from({ length: count }, () => {
    if (left.length === 0) left = [...FAULTS];
    const name = pick(left);
    left.splice(left.indexOf(name), 1);
    const [least, most] = durationOf(name, leaseMs);
    return {
      name,
      node: Math.floor(random() * nodes),
      atMs: Math.round(random() * loadMs * 0.8),
      forMs: Math.round(least + random() * (most - least)),
    };
  });
  return plan.sort((a, b) => a.atMs - b.atMs);
}

/** Shortest and longest, in milliseconds. */
function durationOf(name: FaultName, leaseMs: number): [least: number, most: number] {
  switch (name) {
    case "kill a node":
      return [100, 2 * leaseMs];
    case "freeze a node":
      return [1.2 * leaseMs, 2.5 * leaseMs];
    case "kill Redis":
      return [0, 1.5 * leaseMs];
    case "pause Redis":
    case "freeze Redis":
      return [5_000, 5_000];
    case "cut links":
    case "delay links":
    case "swallow links":
    case "cut a node from Redis":
      return [200, 4_000];
  }
}

/** Carries the plan out; each place suffers one fault at a time, the next waits. Returns when all is whole again. */
export async function strike(site: ClusterSite, plan: readonly PlannedFault[], told: (line: string) => void) {
  const startedAt = performance.now();
  const busy = new Map<unknown, Promise<void>>();
  const strikes = plan.map(async (fault) => {
    await Bun.sleep(fault.atMs);
    const isOfRedis = /^(?:kill|pause|freeze) Redis$/.test(fault.name);
    const node = site.nodes[fault.node];
    if (node === undefined) throw new Error(`No such node: ${fault.node}`);
    const place = isOfRedis ? site.redis : node;
    const turn = (busy.get(place) ?? Promise.resolve()).then(async () => {
      const at = Math.round(performance.now() - startedAt);
      told(`${at} ms: ${fault.name} (${isOfRedis ? "redis" : node.name}, ${fault.forMs} ms)`);
      await FAULT_ACTIONS[fault.name](site, node, fault.forMs);
    });
    busy.set(place, turn);
    await turn;
  });
  const outcomes = await Promise.allSettled(strikes);
  const failure = outcomes.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}

type Action = (site: ClusterSite, node: SiteNode, forMs: number) => Promise<void>;

const FAULT_ACTIONS: Readonly<Record<FaultName, Action>> = {
  "kill a node": async (_, node, forMs) => {
    await node.prim.kill9();
    await Bun.sleep(forMs);
    // It can't start without Redis, and its supervisor would try again.
    for (;;) {
      try {
        await node.start();
        return;
      } catch {
        await Bun.sleep(200);
      }
    }
  },
  "freeze a node": async (_, node, forMs) => {
    node.prim.signal("SIGSTOP");
    await Bun.sleep(forMs);
    node.prim.signal("SIGCONT");
  },
  "cut links": async (_, { link }, forMs) => {
    link.refuses = true;
    link.cut();
    await Bun.sleep(forMs);
    link.refuses = false;
  },
  "delay links": async (_, { link }, forMs) => {
    link.delayMs = 150;
    link.cut();
    await Bun.sleep(forMs);
    link.delayMs = 0;
    link.cut();
  },
  "swallow links": async (_, { link }, forMs) => {
    link.freeze();
    await Bun.sleep(forMs);
    link.thaw();
  },
  "cut a node from Redis": async (_, { redisLink }, forMs) => {
    redisLink.refuses = true;
    redisLink.cut();
    await Bun.sleep(forMs);
    redisLink.refuses = false;
  },
  "kill Redis": async ({ redis }, _, forMs) => {
    await redis.kill9();
    await Bun.sleep(forMs);
    await redis.restart();
  },
  "pause Redis": async ({ redis }, _, forMs) => {
    await redis.admin.call("CLIENT", "PAUSE", String(forMs), "ALL");
    await Bun.sleep(forMs);
    await eventually(
      () => redis.admin.ping(),
      (answer) => answer === "PONG",
      "Redis to go on",
    );
  },
  "freeze Redis": async ({ redis }, _, forMs) => {
    redis.signal("SIGSTOP");
    await Bun.sleep(forMs);
    redis.signal("SIGCONT");
  },
};
