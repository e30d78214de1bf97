/**
 * One flood from begin to end: servers and clients are started, a scenario tells them what to do,
 * and what came of it is counted. Scenarios (scenarios.ts) know the steps; this file owns them.
 */
import type { BenchContext, Outcome } from "../harness/bench.ts";
import { BackEnd } from "./back-end.ts";
import { Crew } from "./crew.ts";
import { describeLows, lowLimits, readKernel } from "./kernel-limits.ts";
import { type FloodNodes, openNodes } from "./nodes.ts";
import { floodOutcome } from "./outcome.ts";
import { needsSources, type Plan } from "./plan.ts";
import { goFirst } from "./priorities.ts";
import { type PlannedPhase, Recorder, type Sample } from "./recorder.ts";
import { Scoreboard } from "./scoreboard.ts";
import type { FloodSettings } from "./settings.ts";
import { type Verdict, verify } from "./tally.ts";

/** Between the call and the begin of a phase, so that all processes begin it together. */
const LEAD_MS = 200;
/** A node's first logins run code that is not compiled yet: some half a second of CPU. */
const SLOW_MS_PER_NODE = 500;
const SETTLE_POLL_MS = 100;
/** Deliveries that don't move for so long don't come any more. */
const SETTLE_STILL_MS = 5_000;
const SETTLE_MS_MAX = 120_000;

export class Flood {
  readonly settings: FloodSettings;
  readonly plan: Plan;
  readonly servers: FloodNodes;
  readonly board: Scoreboard;
  readonly recorder: Recorder;
  readonly backEnd: BackEnd;
  readonly crew: Crew;
  readonly notes: string[] = [];
  readonly failures: string[] = [];
  /** Further figures of a scenario. */
  readonly figures: Record<string, unknown> = {};
  /** The machine with servers and clients up and nobody connected; with all connected; at the end of the load. */
  readonly marks: { empty?: Sample; full?: Sample; loaded?: Sample } = {};
  verdict: Verdict | undefined;

  private constructor(parts: {
    readonly settings: FloodSettings;
    readonly plan: Plan;
    readonly servers: FloodNodes;
    readonly board: Scoreboard;
    readonly recorder: Recorder;
    readonly backEnd: BackEnd;
    readonly crew: Crew;
  }) {
    this.settings = parts.settings;
    this.plan = parts.plan;
    this.servers = parts.servers;
    this.board = parts.board;
    this.recorder = parts.recorder;
    this.backEnd = parts.backEnd;
    this.crew = parts.crew;
  }

  /** Starts all, lets `act` do its part, and ends all, whatever happens. */
  static async run(
    context: BenchContext,
    settings: FloodSettings,
    title: string,
    phases: readonly PlannedPhase[],
    act: (flood: Flood) => Promise<void>,
  ): Promise<Outcome> {
    await using stack = new AsyncDisposableStack();
    const notes = warnOfLimits(context, settings);
    context.progress(`starting ${settings.url === "" ? `${settings.nodes} prim` : "clients only"}`);
    const priorities = goFirst(stack);
    const servers = await openNodes(context, stack, settings, priorities);
    const plan = planOf(settings, servers);
    const board = new Scoreboard();
    const crew = await Crew.open({ context, stack, plan, command: priorities.clients }, (news) =>
      board.hear(news),
    );
    const recorder = new Recorder({
      context,
      board,
      servers,
      clientPids: crew.pids,
      phases,
      connections: plan.connections,
      title,
    });
    const { nodes } = servers;
    const { textBytes } = settings;
    const backEnd = new BackEnd({ plan, sender: crew.count, nodes, board, textBytes });
    const flood = new Flood({ settings, plan, servers, board, recorder, backEnd, crew });
    flood.notes.push(...notes);
    stack.defer(() => recorder.stop());
    // Whatever is disposed of first: the figures are taken, and a hundred farewells, one after the other, take minutes.
    stack.defer(() => context.children.killAll());
    recorder.start();
    flood.marks.empty = recorder.sample();
    await act(flood);
    await flood.sample();
    return floodOutcome(flood);
  }

  now(): number {
    return performance.timeOrigin + performance.now() - this.plan.originMs;
  }

  /** A sample of now, with the news of all processes. */
  async sample(): Promise<Sample> {
    await this.crew.ask(() => ({ kind: "tell" }));
    return this.recorder.sample();
  }

  /** All connections come, log in and join. @throws {Error} if none could. */
  async ramp(): Promise<void> {
    this.recorder.phase("ramp");
    const startMs = this.now() + LEAD_MS;
    const { count } = this.crew;
    const gapMs = (count * 1_000) / this.settings.rate;
    const arrived = await this.crew.ask((process) => ({
      kind: "ramp",
      startMs: startMs + (process * gapMs) / count,
      gapMs,
      slowMs: this.settings.nodes * SLOW_MS_PER_NODE,
    }));
    const ready = arrived.reduce((sum, one) => sum + one.ready, 0);
    this.marks.full = await this.sample();
    if (ready === 0) throw new Error(`No connection could be made: ${JSON.stringify(this.board.errors())}`);
    if (ready !== this.plan.connections) {
      this.failures.push(
        `${this.plan.connections - ready} of ${this.plan.connections} connections never got ready`,
      );
    }
  }

  /** Connections do their part of the load for the time of the hold. */
  async load(to: "room" | "pair"): Promise<void> {
    const { count } = this.crew;
    const startMs = this.now() + LEAD_MS;
    const results = await this.crew.ask(() => ({
      kind: "load",
      startMs,
      durationMs: this.settings.holdSeconds * 1_000,
      pingsPerSecond: this.settings.pings / count,
      sendsPerSecond: this.settings.sends / count,
      to,
      textBytes: this.settings.textBytes,
    }));
    const unanswered = results.reduce((sum, one) => sum + one.unanswered, 0);
    if (unanswered > 0) this.failures.push(`${unanswered} requests were not answered`);
  }

  /** Waits for the deliveries that are owed, and judges them. */
  async settle(): Promise<void> {
    this.marks.loaded = await this.sample();
    this.recorder.phase("settle");
    const sent = [
      ...(await this.crew.ask(() => ({ kind: "account" }))).map((one) => one.sent),
      this.backEnd.sent.take(),
    ];
    const { due } = verify(this.plan, sent, []);
    const startedMs = performance.now();
    let changedMs = startedMs;
    let before = -1;
    while (performance.now() - startedMs < SETTLE_MS_MAX) {
      const progress = await this.crew.ask(() => ({ kind: "progress" }));
      const deliveries = progress.reduce((sum, one) => sum + one.deliveries, 0);
      if (deliveries >= due && deliveries === before) break;
      if (deliveries !== before) changedMs = performance.now();
      before = deliveries;
      if (performance.now() - changedMs > SETTLE_STILL_MS) break;
      await Bun.sleep(SETTLE_POLL_MS);
    }
    const accounts = await this.crew.ask(() => ({ kind: "account" }));
    this.verdict = verify(
      this.plan,
      sent,
      accounts.flatMap(({ received }) => received),
    );
    const { exactlyOnce, missing, extra, misplaced } = this.verdict;
    if (!exactlyOnce) {
      this.failures.push(
        `deliveries are not exactly once: ${missing} missing, ${extra} extra, ${misplaced} messages to the wrong members`,
      );
    }
  }
}

function planOf(settings: FloodSettings, { nodes, cluster }: FloodNodes): Plan {
  return {
    runId: Math.floor(36 ** 5 + Math.random() * 35 * 36 ** 5).toString(36),
    connections: settings.connections,
    perProcess: Math.ceil(settings.connections / settings.clientProcesses),
    nodes: nodes.map(({ webSocketUrl }) => webSocketUrl),
    cluster,
    spelling: settings.spelling,
    format: settings.format,
    appPlatform: 101,
    rooms: settings.rooms,
    roomsEach: settings.roomsEach,
    distribution: settings.distribution,
    heartbeatMs: settings.heartbeatSeconds * 1_000,
    unsteadyEvery: settings.unsteadyEvery,
    resume: settings.resume,
    originMs: performance.timeOrigin + performance.now(),
  };
}

function warnOfLimits(context: BenchContext, settings: FloodSettings): string[] {
  const { connections, clientProcesses, rate, url } = settings;
  const serverHere = url === "" || /^ws:\/\/(?:127\.|localhost)/.test(url);
  const nodes = url === "" ? settings.nodes : 1;
  const perProcess = Math.ceil(connections / clientProcesses);
  const perNode = Math.ceil(connections / nodes);
  // Prims that are started here listen on loopback.
  const addresses = url === "" ? new Array<string>(nodes).fill("ws://127.0.0.1/acc") : [url];
  const lows = lowLimits(readKernel(), {
    connections,
    perProcess,
    perNode: url === "" ? perNode : 0,
    arrivalsPerSecond: rate / nodes,
    perAddressPair: needsSources(addresses, connections) ? perProcess : perNode,
    serverHere,
  });
  const lines = describeLows(lows);
  for (const line of lines) context.progress(`limit too low: ${line}`);
  return lines;
}
