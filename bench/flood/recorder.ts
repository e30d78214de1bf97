/**
 * The course of a flood: a sample every second of what clients, servers and machine do, for the
 * report, and for the person who waits.
 */
import type { BenchContext } from "../harness/bench.ts";
import { liveTable, progressLine } from "./live-table.ts";
import { type MachineSample, type ProcessSample, ProcessSampler, sampleMachine } from "./machine.ts";
import type { Counters } from "./meters.ts";
import type { FloodNodes } from "./nodes.ts";
import type { Scoreboard, Summaries } from "./scoreboard.ts";

const SAMPLE_MS = 1_000;
/** Without a terminal there is a line now and then. */
const LINE_EVERY = 5;

export interface PlannedPhase {
  readonly name: string;
  readonly seconds: number;
}

export interface Sample {
  readonly atSeconds: number;
  readonly phase: string;
  readonly counters: Counters;
  readonly errors: number;
  readonly perSecond: {
    readonly arrivals: number;
    readonly sends: number;
    readonly deliveries: number;
    readonly heartbeats: number;
    readonly pings: number;
  };
  /** Of this second. */
  readonly latencies: Summaries;
  readonly servers: ProcessGroup;
  readonly clients: ProcessGroup;
  readonly machine: MachineSample;
  readonly redisBytes: number | undefined;
}

export interface ProcessGroup {
  readonly rssBytes: number;
  readonly rssBytesMax: number;
  /** Cores in use by all, and by the busiest. */
  readonly cores: number;
  readonly coresMax: number;
}

export class Recorder {
  readonly samples: Sample[] = [];
  readonly #context: BenchContext;
  readonly #board: Scoreboard;
  readonly #servers: FloodNodes;
  readonly #clientPids: readonly number[];
  readonly #phases: readonly PlannedPhase[];
  readonly #connections: number;
  readonly #title: string;
  readonly #sampler = new ProcessSampler();
  readonly #startedMs = performance.now();
  #phase = "";
  #phaseStartedMs = performance.now();
  #redisBytes: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #drawnLines = 0;

  constructor(options: {
    readonly context: BenchContext;
    readonly board: Scoreboard;
    readonly servers: FloodNodes;
    readonly clientPids: readonly number[];
    readonly phases: readonly PlannedPhase[];
    readonly connections: number;
    readonly title: string;
  }) {
    this.#context = options.context;
    this.#board = options.board;
    this.#servers = options.servers;
    this.#clientPids = options.clientPids;
    this.#phases = options.phases;
    this.#connections = options.connections;
    this.#title = options.title;
  }

  start(): void {
    this.sample();
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** What is done from now on, one of the planned phases. */
  phase(name: string): void {
    this.#phase = name;
    this.#phaseStartedMs = performance.now();
    if (!process.stderr.isTTY) this.#context.progress(name);
  }

  /** Each server's figures now. */
  serverSamples(): ProcessSample[] {
    return this.#sampler.sample(this.#serverPids());
  }

  sample(): Sample {
    const nowMs = performance.now();
    const counters = this.#board.counters();
    const rates = this.#board.rates();
    const rate = (key: keyof Counters): number => Math.round(rates[key]);
    const sample: Sample = {
      atSeconds: (nowMs - this.#startedMs) / 1_000,
      phase: this.#phase,
      counters,
      errors: Object.values(this.#board.errors()).reduce((sum, count) => sum + count, 0),
      perSecond: {
        arrivals: rate("attempts"),
        sends: rate("sent"),
        deliveries: rate("deliveries"),
        heartbeats: rate("heartbeatsAnswered"),
        pings: rate("pingsAnswered"),
      },
      latencies: this.#board.takeInterval(),
      servers: groupOf(this.#sampler.sample(this.#serverPids())),
      clients: groupOf(this.#sampler.sample(this.#clientPids)),
      machine: sampleMachine(),
      redisBytes: this.#redisBytes,
    };
    this.samples.push(sample);
    // Of Redis, the answer to the last sample's question: a figure of one second ago will do.
    this.#servers.redisBytes().then(
      (bytes) => {
        this.#redisBytes = bytes;
      },
      () => this.#board.error("Redis does not say what it uses"),
    );
    this.#show(sample, nowMs);
    return sample;
  }

  #serverPids(): number[] {
    return this.#servers.nodes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  #show(sample: Sample, nowMs: number): void {
    const progress = this.#progress(sample, nowMs);
    if (!process.stderr.isTTY) {
      if (this.samples.length % LINE_EVERY === 0) this.#context.progress(progressLine(sample, progress));
      return;
    }
    const lines = liveTable(this.#title, sample, progress, this.#board.summaries());
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : "";
    process.stderr.write(`${up}${lines.map((line) => `\x1b[2K${line}`).join("\n")}\n`);
    this.#drawnLines = lines.length;
  }

  #progress(sample: Sample, nowMs: number): { share: number; etaSeconds: number } {
    const at = this.#phases.findIndex(({ name }) => name === this.#phase);
    const sum = (phases: readonly PlannedPhase[]) =>
      phases.reduce((total, { seconds }) => total + seconds, 0);
    const total = sum(this.#phases);
    if (at < 0 || total === 0) return { share: 0, etaSeconds: total };
    const { seconds } = this.#phases[at] as PlannedPhase;
    const spent = (nowMs - this.#phaseStartedMs) / 1_000;
    // Connections come as fast as they can: how many have come says more than the clock.
    const byCount = at === 0 ? sample.counters.ready / this.#connections : spent / seconds;
    const part = Math.min(1, byCount);
    const left = part > 0.05 ? Math.min(seconds * 20, (spent / part) * (1 - part)) : seconds;
    const done = sum(this.#phases.slice(0, at)) + seconds * part;
    return { share: done / total, etaSeconds: left + sum(this.#phases.slice(at + 1)) };
  }
}

function groupOf(samples: readonly ProcessSample[]): ProcessGroup {
  const group = { rssBytes: 0, rssBytesMax: 0, cores: 0, coresMax: 0 };
  for (const { rssBytes, coreShare } of samples) {
    group.rssBytes += rssBytes;
    group.rssBytesMax = Math.max(group.rssBytesMax, rssBytes);
    group.cores += coreShare;
    group.coresMax = Math.max(group.coresMax, coreShare);
  }
  return group;
}
