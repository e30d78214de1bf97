/**
 * Metrics in the Prometheus text format. The parts of prim count for themselves; the numbers are
 * collected when somebody asks, so that counting costs an addition and nothing else.
 */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { NodeState } from "../core/node-state.ts";

/** Where the numbers come from. Counters never go down while the process lives. */
export interface MetricSources {
  readonly state: () => NodeState;
  readonly framesIn: () => number;
  readonly framesPublished: () => number;
  readonly deliveries: () => number;
  readonly connectionsRefused: () => number;
  readonly connectionsClosedByCode: () => ReadonlyMap<number, number>;
  readonly messagesStored: () => number;
  readonly gapsFilled: () => number;
}

export interface Metrics {
  /** As they are now, in the text format. */
  readonly text: () => Promise<string>;
  /** As they are now, to be merged with those of other processes. */
  readonly raw: () => Promise<object>;
}

/** The metrics of several processes as one text: counts and gauges are sums. */
export function mergeMetrics(raws: readonly object[]): Promise<string> {
  return AggregatorRegistry.aggregate([...raws] as never[]).metrics();
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  gauge(
    "prim_connections",
    "Open connections of clients: WebSockets and streams",
    () => sources.state().connections,
  );
  gauge("prim_sessions", "Connections that are logged in", () => sources.state().sessions);
  gauge("prim_users", "Users online, each counted once per platform", () => sources.state().users);
  gauge("prim_rooms", "Rooms with members on this node", () => sources.state().rooms);
  gauge(
    "prim_sends_under_way",
    "Messages taken and not yet answered for",
    () => sources.state().sendsUnderWay,
  );
  counter("prim_frames_received_total", "Frames from clients", sources.framesIn);
  counter("prim_frames_published_total", "Frames handed to the runtime's topics", sources.framesPublished);
  counter("prim_deliveries_total", "Frames times subscribers", sources.deliveries);
  counter("prim_connections_refused_total", "Connections turned away", sources.connectionsRefused);
  new Counter({
    name: "prim_connections_closed_total",
    help: "Connections that ended, by WebSocket close code; 1006 stands for silence, a slow reader or the network",
    labelNames: ["code"],
    registers,
    collect() {
      this.reset();
      for (const [code, count] of sources.connectionsClosedByCode()) this.inc({ code }, count);
    },
  });
  counter("prim_messages_stored_total", "Messages appended to a channel's log", sources.messagesStored);
  counter(
    "prim_gaps_filled_total",
    "Reads of a channel's log because messages from other nodes were missing",
    sources.gapsFilled,
  );
  return { text: () => registry.metrics(), raw: () => registry.getMetricsAsJSON() };
}
