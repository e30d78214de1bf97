/**
 * A client process of a flood: does what the coordinator asks over IPC, tells its figures once a
 * second, and ends with it. It loads as little as it can, because a flood of a million has sixty.
 */
import { answerCalls, tell } from "../harness/answering.ts";
import { Clockwork } from "./clockwork.ts";
import type { FloodCommand, FloodResults, Prepare, Ramp, Storm } from "./flood-commands.ts";
import { runChurn, runLoad } from "./load.ts";
import type { MetersNews } from "./meters.ts";
import { PHASE } from "./phase.ts";
import { Swarm } from "./swarm.ts";
import { wireOf } from "./wire.ts";

const NEWS_MS = 1_000;

let prepared: Swarm | undefined;

async function perform(command: FloodCommand): Promise<FloodResults[keyof FloodResults]> {
  if (command.kind === "prepare") return await prepare(command);
  if (prepared === undefined) throw new Error(`Process is not prepared: "${command.kind}"`);
  const swarm = prepared;
  switch (command.kind) {
    case "ramp":
      return await ramp(swarm, command);
    case "load":
      return await runLoad(swarm, command);
    case "churn":
      return await runChurn(swarm, command);
    case "storm":
      return await storm(swarm, command);
    case "reading":
      return reading(swarm, command.unsteadyRead);
    case "progress":
      return { deliveries: swarm.meters.counters.deliveries };
    case "tell":
      tellNews(swarm);
      return null;
    case "account":
      return { sent: swarm.sent.take(), received: swarm.deliveries.take() };
  }
}

async function prepare({ plan, process: number }: Prepare): Promise<null> {
  const swarm = new Swarm(plan, number, await wireOf(plan), new Clockwork(plan.originMs));
  prepared = swarm;
  setInterval(() => tellNews(swarm), NEWS_MS);
  return null;
}

function tellNews({ meters, process: number, clockwork }: Swarm): void {
  tell<MetersNews>(meters.news(number, clockwork.now()));
}

async function ramp(swarm: Swarm, { startMs, gapMs, slowMs }: Ramp): Promise<FloodResults["ramp"]> {
  for (let at = 0; at < swarm.count; at++) {
    swarm.arrivals.expect(at, startMs + slowStart(at * gapMs, slowMs), false);
  }
  return await arrived(swarm);
}

/** When something is due whose time would be `ms` at the full rate, if the rate grows evenly from nothing to that in `slowMs`. */
function slowStart(ms: number, slowMs: number): number {
  return ms < slowMs / 2 ? Math.sqrt(2 * slowMs * ms) : ms + slowMs / 2;
}

async function storm(swarm: Swarm, { spreadMs }: Storm): Promise<FloodResults["storm"]> {
  const nowMs = swarm.clockwork.now();
  for (let at = 0; at < swarm.count; at++) {
    if (swarm.phases[at] !== PHASE.ready) continue;
    swarm.drop(at);
    swarm.arrivals.expect(at, nowMs + Math.random() * spreadMs, true);
  }
  return await arrived(swarm);
}

async function arrived(swarm: Swarm): Promise<FloodResults["ramp"]> {
  await swarm.arrivals.all();
  return { ready: swarm.meters.counters.ready, failed: swarm.arrivals.failedCount };
}

function reading(swarm: Swarm, unsteadyRead: boolean): null {
  if (!unsteadyRead) swarm.unsteadyDeaf = true;
  for (let at = 0; at < swarm.count; at++) {
    if (swarm.steady[at] === 1) continue;
    if (unsteadyRead) swarm.sockets.resume(at);
    else swarm.sockets.pause(at);
  }
  return null;
}

answerCalls(perform);
