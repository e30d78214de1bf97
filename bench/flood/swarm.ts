/**
 * The connections of one client process, from the first byte to the last: when each is due, how far
 * it is, its heartbeats, and what comes to it. State is in packed arrays by connection. What is
 * sent to the rooms is the business of load.ts; who comes and goes, of arrivals.ts.
 */

import { Arrivals } from "./arrivals.ts";
import type { Clockwork, Task } from "./clockwork.ts";
import { type Mark, Marker } from "./marker.ts";
import { Meters } from "./meters.ts";
import { PHASE } from "./phase.ts";
import { hashOf, isSteady, needsSources, nodeOf, type Plan, RoomsOf, roomName, userOf } from "./plan.ts";
import { Positions } from "./positions.ts";
import { Sockets } from "./sockets.ts";
import { Deliveries, SentLog } from "./tally.ts";
import { Wheel } from "./wheel.ts";
import { type Answer, ASKED, type Wire } from "./wire.ts";

/** Heartbeats come up to this share of their time early, so that those who came together don't beat together. */
const JITTER_SHARE = 0.2;
const HEARTBEAT_TICK_MS = 100;
/** How far a busy process' wheel may lag behind the clock without beating early. */
const STALL_MS_MAX = 30_000;

export class Swarm {
  readonly plan: Plan;
  readonly process: number;
  readonly clockwork: Clockwork;
  readonly meters = new Meters();
  readonly marker: Marker;
  readonly wire: Wire;
  readonly sent: SentLog;
  readonly deliveries = new Deliveries();
  readonly sockets: Sockets;
  readonly roomsOf: RoomsOf;
  /** Connections here, and the number of the first among all. */
  readonly count: number;
  readonly first: number;
  readonly phases: Uint8Array;
  /** 1: takes part in the exact count. */
  readonly steady: Uint8Array;
  readonly arrivals: Arrivals;
  /** Unsteady connections were told not to read. */
  unsteadyDeaf = false;
  /** When a connection was due, then when its login was sent. */
  readonly sinceMs: Float64Array;
  readonly #joinsLeft: Uint8Array;
  readonly #beats: Wheel;
  readonly #beating: Uint8Array;
  readonly #positions: Positions | undefined;
  readonly #urls: readonly URL[];
  readonly #answer: Answer = { asked: 0, first: 0, second: 0, code: 0 };
  readonly #mark: Mark = { sender: 0, number: 0, dueUs: 0 };

  constructor(plan: Plan, process: number, wire: Wire, clockwork: Clockwork) {
    this.plan = plan;
    this.process = process;
    this.wire = wire;
    this.clockwork = clockwork;
    this.first = process * plan.perProcess;
    this.count = Math.min(plan.perProcess, plan.connections - this.first);
    this.marker = new Marker(plan.runId);
    this.sent = new SentLog(process);
    this.roomsOf = new RoomsOf(plan);
    this.#urls = plan.nodes.map((node) => new URL(node));
    this.phases = new Uint8Array(this.count);
    this.steady = Uint8Array.from({ length: this.count }, (_, at) => Number(isSteady(plan, this.first + at)));
    this.sinceMs = new Float64Array(this.count);
    this.#joinsLeft = new Uint8Array(this.count);
    this.#beating = new Uint8Array(this.count);
    this.#positions = plan.resume ? new Positions(this.count) : undefined;
    this.sockets = new Sockets(this.count, this, sourceAddress(plan, process));
    this.arrivals = new Arrivals(this);
    this.#beats = new Wheel({
      count: this.count,
      tickMs: HEARTBEAT_TICK_MS,
      spanMs: plan.heartbeatMs + STALL_MS_MAX,
      nowMs: clockwork.now(),
    });
    clockwork.add(this.#heart());
  }

  connect(at: number): void {
    this.phases[at] = PHASE.connecting;
    this.meters.counters.attempts++;
    this.sockets.connect(at, this.#urls[nodeOf(this.plan, this.first + at)] as URL);
  }

  /** Ends a connection, whatever it was doing; it doesn't count as lost. */
  drop(at: number): void {
    this.#left(at);
    this.sockets.drop(at);
  }

  opened(at: number): void {
    if (this.phases[at] !== PHASE.connecting) {
      this.sockets.drop(at); // Given up in the meantime.
      return;
    }
    const nowMs = this.clockwork.now();
    this.meters.counters.open++;
    this.meters.time("handshake", (nowMs - (this.arrivals.dueMs[at] as number)) * 1_000);
    this.sinceMs[at] = nowMs;
    this.phases[at] = PHASE.loggingIn;
    this.sockets.write(
      at,
      this.wire.login(`l${at}`, userOf(this.plan, this.first + at), this.#positions?.of(at)),
    );
  }

  payload(at: number, payload: Buffer): void {
    if (this.marker.find(payload, this.#mark)) this.#delivered(at, payload);
    else if (this.wire.readAnswer(payload, this.#answer)) this.#answered(at, payload, this.#answer);
    else this.meters.counters.otherPushes++;
  }

  ended(at: number, reason: string): void {
    const phase = this.phases[at];
    this.#left(at);
    const deaf = this.unsteadyDeaf && this.steady[at] === 0;
    if (phase === PHASE.ready && deaf) this.meters.counters.closedSlow++;
    else if (phase === PHASE.ready) {
      this.meters.counters.lost++;
      this.meters.error(`lost: ${reason}`);
    } else this.arrivals.failed(at, reason);
  }

  #delivered(at: number, payload: Buffer): void {
    const { counters } = this.meters;
    const { sender, number, dueUs } = this.#mark;
    this.#positions?.note(at, payload);
    if (this.steady[at] === 0) {
      counters.unsteadyDeliveries++;
      return;
    }
    counters.deliveries++;
    this.meters.time("delivery", this.clockwork.now() * 1_000 - dueUs);
    this.deliveries.record(sender, number, hashOf(this.first + at));
  }

  #answered(at: number, payload: Buffer, { asked, first, second, code }: Answer): void {
    const { counters } = this.meters;
    const nowMs = this.clockwork.now();
    if (code !== 200) this.meters.error(`${String.fromCharCode(asked)} refused: code ${code}`);
    switch (asked) {
      case ASKED.login:
        this.#loggedIn(at, code, nowMs, payload);
        break;
      case ASKED.join:
        this.#positions?.noteJoin(at, payload);
        this.#joined(at, code);
        break;
      case ASKED.heartbeat:
        counters.heartbeatsAnswered++;
        if (code === 200) this.meters.time("heartbeat", nowMs * 1_000 - first);
        break;
      case ASKED.ping:
        counters.pingsAnswered++;
        if (code === 200) this.meters.time("echo", nowMs * 1_000 - first);
        break;
      case ASKED.send:
        counters.sendsAnswered++;
        if (code !== 200) break;
        this.sent.answered(first);
        this.meters.time("send", nowMs * 1_000 - second);
        break;
    }
  }

  #loggedIn(at: number, code: number, nowMs: number, payload: Buffer): void {
    if (this.phases[at] !== PHASE.loggingIn) return;
    if (code !== 200) {
      this.drop(at);
      this.arrivals.failed(at, `login refused: code ${code}`);
      return;
    }
    this.meters.time("login", (nowMs - (this.sinceMs[at] as number)) * 1_000);
    const returned = this.#positions?.returned(at, payload);
    if (returned !== undefined) {
      if (!returned) this.meters.error("not recovered");
      this.#ready(at);
      return;
    }
    const rooms = this.roomsOf.of(this.first + at);
    if (rooms.length === 0) {
      this.#ready(at);
      return;
    }
    this.phases[at] = PHASE.joining;
    this.#joinsLeft[at] = rooms.length;
    const joins = rooms.map((room, slot) => this.wire.join(`j${slot}`, roomName(this.plan, room)));
    this.sockets.write(at, joins.length === 1 ? (joins[0] as Buffer) : Buffer.concat(joins));
  }

  #joined(at: number, code: number): void {
    if (this.phases[at] !== PHASE.joining) return;
    if (code !== 200) {
      this.drop(at);
      this.arrivals.failed(at, `join refused: code ${code}`);
      return;
    }
    const left = (this.#joinsLeft[at] as number) - 1;
    this.#joinsLeft[at] = left;
    if (left === 0) this.#ready(at);
  }

  #ready(at: number): void {
    this.phases[at] = PHASE.ready;
    this.meters.counters.ready++;
    if (this.#beating[at] === 0) {
      this.#beating[at] = 1;
      // The first beat anywhere in the period: after a fast ramp they would come all at once.
      this.#beats.add(at, this.clockwork.now() + Math.random() * this.plan.heartbeatMs);
    }
    this.arrivals.arrived(at);
  }

  #left(at: number): void {
    const phase = this.phases[at] as number;
    if (phase >= PHASE.loggingIn) this.meters.counters.open--;
    if (phase === PHASE.ready) this.meters.counters.ready--;
    this.phases[at] = PHASE.away;
  }

  #heart(): Task {
    const beats = this.#beats;
    const beat = (at: number, dueMs: number): void => {
      if (this.phases[at] !== PHASE.ready) {
        this.#beating[at] = 0;
        return;
      }
      this.meters.counters.heartbeats++;
      const seq = `h${Math.round(dueMs * 1_000)}`;
      this.sockets.write(at, this.wire.heartbeat(seq, userOf(this.plan, this.first + at)));
      beats.add(at, dueMs + this.plan.heartbeatMs * (1 - Math.random() * JITTER_SHARE));
    };
    return {
      get nextMs() {
        return beats.nextMs;
      },
      run: (nowMs) => beats.advance(nowMs, beat),
    };
  }
}

/** Undefined where the kernel may choose, which it does faster: it then looks for a free pair, not for a free port. */
function sourceAddress(plan: Plan, process: number): string | undefined {
  return needsSources(plan.nodes, plan.connections)
    ? `127.0.${process >> 7}.${(process & 127) + 1}`
    : undefined;
}
