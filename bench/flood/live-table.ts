/**
 * A flood on the terminal: a progress bar, and what happens now. Text in, lines out; the drawing is
 * the recorder's.
 */
import type { Sample } from "./recorder.ts";
import type { Summaries } from "./scoreboard.ts";

const BAR_CHARS = 32;
const MEBIBYTE = 1024 ** 2;

export interface FloodProgress {
  /** 0 to 1. */
  readonly share: number;
  readonly etaSeconds: number;
}

export function liveTable(
  title: string,
  sample: Sample,
  progress: FloodProgress,
  latencies: Summaries,
): string[] {
  const { counters, perSecond, servers, clients, machine } = sample;
  const latencyLines = Object.entries(latencies).map(([what, { p50Us, p99Us, p999Us, maxUs, count }]) =>
    [
      `  ${what.padEnd(12)}`,
      ...[p50Us, p99Us, p999Us, maxUs].map(milliseconds),
      whole(count).padStart(12),
    ].join(""),
  );
  return [
    `${title}  ${bar(progress.share)} ${percent(progress.share)}  ${clock(progress.etaSeconds)} to go  ${sample.phase}`,
    `  connections  ${whole(counters.open)} open, ${whole(counters.ready)} ready, ${whole(counters.lost)} lost, ${whole(sample.errors)} errors`,
    `  a second     ${whole(perSecond.arrivals)} arrivals, ${whole(perSecond.sends)} sends, ${whole(perSecond.deliveries)} deliveries, ${whole(perSecond.heartbeats)} heartbeats, ${whole(perSecond.pings)} pings`,
    `  servers      ${mebibytes(servers.rssBytes)} in all, ${mebibytes(servers.rssBytesMax)} the biggest, ${servers.cores.toFixed(2)} cores`,
    `  clients      ${mebibytes(clients.rssBytes)} in all, ${clients.cores.toFixed(2)} cores`,
    `  machine      ${mebibytes(machine.usedBytes)} used, ${mebibytes(machine.slabBytes)} slab, ${whole(machine.tcpSockets)} TCP sockets${sample.redisBytes === undefined ? "" : `, Redis ${mebibytes(sample.redisBytes)}`}`,
    `  latency, ms         p50        p99      p99.9        max       count`,
    ...latencyLines,
  ];
}

/** The same in one line, for logs. */
export function progressLine(
  { counters, perSecond, servers, errors }: Sample,
  progress: FloodProgress,
): string {
  return [
    `${percent(progress.share)}, ${clock(progress.etaSeconds)} to go`,
    `${whole(counters.ready)} ready, ${whole(counters.lost)} lost, ${whole(errors)} errors`,
    `${whole(perSecond.arrivals)} arrivals/s, ${whole(perSecond.deliveries)} deliveries/s`,
    `servers ${mebibytes(servers.rssBytes)}, ${servers.cores.toFixed(2)} cores`,
  ].join("; ");
}

export function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_CHARS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_CHARS - full)}]`;
}

/** `1:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function percent(share: number): string {
  return `${Math.floor(Math.min(1, share) * 100)}%`;
}

function milliseconds(us: number): string {
  return (us / 1_000).toFixed(us < 100_000 ? 2 : 0).padStart(11);
}

function mebibytes(bytes: number): string {
  return `${whole(Math.round(bytes / MEBIBYTE))} MiB`;
}

function whole(value: number): string {
  return value.toLocaleString("en");
}
