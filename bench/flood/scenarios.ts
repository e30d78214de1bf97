/**
 * The scenarios of a flood, by name. Each is a purpose, settings that suit it, and steps; all are
 * bounded by the hold, and flags make any of them small or large.
 */
import type { Flood } from "./flood.ts";
import type { PlannedPhase } from "./recorder.ts";
import type { FloodSettings, ScenarioDefaults } from "./settings.ts";

const SETTLE_SECONDS = 3;

export interface Scenario {
  readonly purpose: string;
  readonly defaults: ScenarioDefaults;
  /** What comes after the ramp and before the count. */
  act(flood: Flood): Promise<void>;
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  idle: {
    purpose: "connect, log in, and send heartbeats",
    defaults: { connections: 5_000, holdSeconds: 60 },
    act: (flood) => flood.load("room"),
  },
  room: {
    purpose: "everybody is in one room, and some write",
    defaults: { connections: 1_000, rooms: 1, sends: 50, pings: 100 },
    act: (flood) => flood.load("room"),
  },
  rooms: {
    purpose: "many small rooms, of which everybody is in two",
    defaults: { connections: 2_000, rooms: 200, roomsEach: 2, sends: 500 },
    act: (flood) => flood.load("room"),
  },
  direct: {
    purpose: "one to one: pairs write to each other's inboxes",
    defaults: { connections: 2_000, sends: 1_000 },
    act: (flood) => flood.load("pair"),
  },
  push: {
    purpose: "back ends push to users, half over HTTP and half over gRPC",
    defaults: { connections: 2_000, pushes: 400 },
    act: push,
  },
  churn: {
    purpose: "half of all leave and come back all the time, while the others write",
    defaults: { connections: 2_000, rooms: 20, sends: 200, leaves: 200, unsteadyEvery: 2 },
    act: churn,
  },
  storm: {
    purpose: "all connections end at once, come back and resume, while back ends write to their rooms",
    defaults: { connections: 2_000, rooms: 20, pushes: 50, resume: true },
    act: storm,
  },
  slow: {
    purpose: "one in a hundred does not read; the others must not notice",
    // Kernel buffers of both sides take some 5 MB before a server notices.
    defaults: { connections: 300, rooms: 1, sends: 15, textBytes: 32_768, unsteadyEvery: 100 },
    act: slow,
  },
};

export function phasesOf(settings: FloodSettings): PlannedPhase[] {
  return [
    { name: "ramp", seconds: settings.connections / settings.rate + 1 },
    { name: "hold", seconds: settings.holdSeconds },
    { name: "settle", seconds: SETTLE_SECONDS },
  ];
}

/** All steps of a scenario. */
export async function play(scenario: Scenario, flood: Flood): Promise<void> {
  await flood.ramp();
  flood.recorder.phase("hold");
  await scenario.act(flood);
  await flood.settle();
}

async function push(flood: Flood): Promise<void> {
  const [node] = flood.servers.nodes;
  const durationMs = flood.settings.holdSeconds * 1_000;
  const doors = [
    { what: "pushHttp", url: node?.httpUrl, call: (dueMs: number) => flood.backEnd.pushHttp(dueMs) },
    { what: "pushGrpc", url: node?.rpcUrl, call: (dueMs: number) => flood.backEnd.pushGrpc(dueMs) },
  ] as const;
  const open = doors.filter(({ url }) => url !== "");
  if (open.length === 0) throw new Error('Nowhere to push: give "--http-url" or "--rpc-url" of the server');
  const perSecond = flood.settings.pushes / open.length;
  await Promise.all([
    flood.load("room"),
    ...open.map(({ what, call }) => flood.backEnd.loop({ what, perSecond, durationMs }, call)),
  ]);
}

async function churn(flood: Flood): Promise<void> {
  const startMs = flood.now();
  const [churned] = await Promise.all([
    flood.crew.ask(() => ({
      kind: "churn",
      startMs,
      durationMs: flood.settings.holdSeconds * 1_000,
      leavesPerSecond: flood.settings.leaves / flood.crew.count,
    })),
    flood.load("room"),
  ]);
  const failed = churned.reduce((sum, one) => sum + one.failed, 0);
  flood.figures["left"] = churned.reduce((sum, one) => sum + one.left, 0);
  if (failed > 0) flood.failures.push(`${failed} connections did not come back`);
}

/** The storm breaks in the middle of the hold, so that there are messages before, in and after it. */
async function storm(flood: Flood): Promise<void> {
  const durationMs = flood.settings.holdSeconds * 1_000;
  const canPush = flood.servers.nodes[0]?.rpcUrl !== "" && flood.settings.pushes > 0;
  const pushing = canPush
    ? flood.backEnd.loop({ what: "pushRoom", perSecond: flood.settings.pushes, durationMs }, (dueMs) =>
        flood.backEnd.pushRoom(dueMs),
      )
    : Promise.resolve();
  if (!canPush) flood.notes.push("Nothing was written to the rooms: no gRPC port is known.");
  await Bun.sleep(durationMs / 3);
  const began = flood.now();
  const returned = await flood.crew.ask(() => ({ kind: "storm", spreadMs: flood.settings.spreadMs }));
  flood.figures["allBackMs"] = Math.round(flood.now() - began);
  const ready = returned.reduce((sum, one) => sum + one.ready, 0);
  if (ready !== flood.plan.connections) {
    flood.failures.push(`${flood.plan.connections - ready} connections did not come back from the storm`);
  }
  await pushing;
}

async function slow(flood: Flood): Promise<void> {
  await flood.crew.ask(() => ({ kind: "reading", unsteadyRead: false }));
  await flood.load("room");
  // Only who reads hears of the end.
  await flood.crew.ask(() => ({ kind: "reading", unsteadyRead: true }));
}
