/**
 * What ready connections do: an open loop of pings, one of messages to rooms or peers, and one of
 * leaving and coming back. Each ends when its time is over and what was asked is answered.
 */

import type { Task } from "./clockwork.ts";
import type { Churn, FloodResults, Load } from "./flood-commands.ts";
import { OpenLoop } from "./open-loop.ts";
import { PHASE } from "./phase.ts";
import { peerOf, roomName, userOf } from "./plan.ts";
import type { Swarm } from "./swarm.ts";
import { TARGET } from "./tally.ts";

/** Answers that come later than this after the last request are missing. */
const LAST_ANSWER_MS_MAX = 15_000;
const POLL_MS = 20;
/** Tries to find a connection by chance, among those that are not the right ones. */
const PICKS_MAX = 1_000;
/** A connection that left is due back within this time. */
const AWAY_MS_MAX = 1_000;

export async function runLoad(swarm: Swarm, load: Load): Promise<FloodResults["load"]> {
  const { clockwork, meters } = swarm;
  const { counters } = meters;
  const sentBefore = counters.sent;
  const endMs = load.startMs + load.durationMs;
  const pings = new OpenLoop(load.pingsPerSecond, load.startMs, endMs);
  const sends = new OpenLoop(load.sendsPerSecond, load.startMs, endMs);
  const tasks = [
    taskOf(pings, (dueMs) => ping(swarm, dueMs)),
    taskOf(sends, (dueMs) => send(swarm, load, dueMs)),
  ];
  for (const task of tasks) clockwork.add(task);
  await until(swarm, (nowMs) => nowMs >= endMs && pings.dueMs === Infinity && sends.dueMs === Infinity);
  for (const task of tasks) clockwork.remove(task);
  const open = () => counters.sent - counters.sendsAnswered + counters.pings - counters.pingsAnswered;
  const giveUpMs = clockwork.now() + LAST_ANSWER_MS_MAX;
  await until(swarm, (nowMs) => open() === 0 || nowMs > giveUpMs);
  return { sent: counters.sent - sentBefore, unanswered: open() };
}

/** Unsteady connections leave, by chance one of them each time, and come back. */
export async function runChurn(swarm: Swarm, churn: Churn): Promise<FloodResults["churn"]> {
  const { clockwork, arrivals } = swarm;
  const endMs = churn.startMs + churn.durationMs;
  const leaves = new OpenLoop(churn.leavesPerSecond, churn.startMs, endMs);
  const failedBefore = arrivals.failedCount;
  let left = 0;
  const task = taskOf(leaves, () => {
    const at = pick(swarm, 0);
    if (at === undefined) return;
    left++;
    swarm.drop(at);
    arrivals.expect(at, clockwork.now() + Math.random() * AWAY_MS_MAX, true);
  });
  clockwork.add(task);
  await until(swarm, (nowMs) => nowMs >= endMs && leaves.dueMs === Infinity);
  clockwork.remove(task);
  await arrivals.all();
  return { left, ready: swarm.meters.counters.ready, failed: arrivals.failedCount - failedBefore };
}

function ping(swarm: Swarm, dueMs: number): void {
  const at = pick(swarm, 1);
  if (at === undefined) return;
  swarm.meters.counters.pings++;
  swarm.sockets.write(at, swarm.wire.ping(`p${Math.round(dueMs * 1_000)}`));
  late(swarm, dueMs);
}

function send(swarm: Swarm, load: Load, dueMs: number): void {
  const { plan, meters, sent, wire, marker } = swarm;
  const at = pick(swarm, 1);
  if (at === undefined) return;
  if (sent.full) {
    meters.error("too many messages");
    return;
  }
  const index = swarm.first + at;
  const dueUs = Math.round(dueMs * 1_000);
  let number: number;
  let to: { channel: string } | { userId: string };
  if (load.to === "pair") {
    const peer = peerOf(plan, index);
    if (peer === index) return;
    number = sent.add(TARGET.pair, index, index);
    to = { userId: userOf(plan, peer) };
  } else {
    const rooms = swarm.roomsOf.of(index);
    const room = rooms[Math.floor(Math.random() * rooms.length)];
    if (room === undefined) return;
    number = sent.add(TARGET.room, room, index);
    to = { channel: roomName(plan, room) };
  }
  const text = marker.text({ sender: swarm.process, number, dueUs }, load.textBytes);
  meters.counters.sent++;
  swarm.sockets.write(at, wire.send(`s${number}.${dueUs}`, to, text));
  late(swarm, dueMs);
}

function late(swarm: Swarm, dueMs: number): void {
  swarm.meters.time("lag", (swarm.clockwork.now() - dueMs) * 1_000);
}

/** A ready connection by chance, steady (1) or not (0). */
function pick({ count, phases, steady, meters }: Swarm, wanted: 0 | 1): number | undefined {
  for (let tries = 0; tries < PICKS_MAX; tries++) {
    const at = Math.floor(Math.random() * count);
    if (phases[at] === PHASE.ready && steady[at] === wanted) return at;
  }
  // That all unsteady ones are away is no fault.
  if (wanted === 1) meters.error("nobody ready to act");
  return undefined;
}

function taskOf(loop: OpenLoop, act: (dueMs: number) => void): Task {
  return {
    get nextMs() {
      return loop.dueMs;
    },
    run: (nowMs) => {
      for (let due = loop.take(nowMs); due !== undefined; due = loop.take(nowMs)) act(due);
    },
  };
}

async function until(swarm: Swarm, done: (nowMs: number) => boolean): Promise<void> {
  while (!done(swarm.clockwork.now())) await Bun.sleep(POLL_MS);
}
