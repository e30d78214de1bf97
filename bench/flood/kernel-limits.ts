/**
 * Limits of the kernel and the shell that a flood would run into, with the commands that raise them.
 * Said before the flood begins, because running into one looks like a fault of the server.
 */
import { readFileSync } from "node:fs";

/** What the machine says; undefined where it has no such limit. */
export interface KernelReadings {
  /** Soft limit of this process and its children. */
  readonly openFiles: number;
  readonly somaxconn: number;
  readonly portFirst: number;
  readonly portLast: number;
  readonly fileMax: number;
  readonly synBacklog: number;
  /** Pages of all TCP sockets together from which the kernel refuses more. */
  readonly tcpPagesMax: number;
  /** Undefined if no connections are tracked. */
  readonly conntrackMax: number | undefined;
}

export interface KernelNeed {
  readonly connections: number;
  readonly perProcess: number;
  /** Connections of the fullest node. */
  readonly perNode: number;
  /** New connections a second, at the busiest node. */
  readonly arrivalsPerSecond: number;
  /** Connections between one pair of addresses, of which each wants a port. */
  readonly perAddressPair: number;
  /** False if the server is elsewhere: its side is not this kernel's. */
  readonly serverHere: boolean;
}

export interface LowLimit {
  readonly limit: string;
  readonly is: number;
  readonly needed: number;
  readonly command: string;
}

/** Files of a process beside its connections: runtime, log, pipes. */
const OTHER_FILES = 100;
/** Half a second's arrivals may wait for a server that is busy. */
const QUEUED_SHARE = 0.5;
/** The kernel tries every second port first; when those are taken, each further connection looks through all of them. */
const PORTS_PER_CONNECTION = 2;
/** An idle socket's buffers take no page; in a broadcast a frame waits in some of them. */
const PAGES_PER_SOCKET = 0.25;

/** @returns the limits that are too low, in no order. */
export function lowLimits(readings: KernelReadings, need: KernelNeed): LowLimit[] {
  const sides = need.serverHere ? 2 : 1;
  const sockets = need.connections * sides;
  const files = Math.max(need.perProcess, need.serverHere ? need.perNode : 0) + OTHER_FILES;
  const queued = Math.ceil(need.arrivalsPerSecond * QUEUED_SHARE);
  const lows: LowLimit[] = [];
  const check = (limit: string, is: number | undefined, needed: number, command: string): void => {
    if (is !== undefined && is < needed) lows.push({ limit, is, needed, command });
  };
  check("ulimit -n", readings.openFiles, files, `ulimit -n ${files}`);
  check("fs.file-max", readings.fileMax, sockets * 1.1, sysctl("fs.file-max", Math.ceil(sockets * 1.1)));
  check(
    "net.ipv4.ip_local_port_range",
    readings.portLast - readings.portFirst + 1,
    need.perAddressPair * PORTS_PER_CONNECTION,
    "sudo sysctl -w net.ipv4.ip_local_port_range='1024 65535'",
  );
  check("net.ipv4.tcp_mem", readings.tcpPagesMax, sockets * PAGES_PER_SOCKET, tcpMem(sockets));
  const tracked = "net.netfilter.nf_conntrack_max";
  check(tracked, readings.conntrackMax, need.connections * 1.1, sysctl(tracked, need.connections * 1.1));
  if (need.serverHere) {
    check("net.core.somaxconn", readings.somaxconn, queued, sysctl("net.core.somaxconn", queued));
    const backlog = "net.ipv4.tcp_max_syn_backlog";
    check(backlog, readings.synBacklog, queued, sysctl(backlog, queued));
  }
  return lows;
}

/** One line for each. */
export function describeLows(lows: readonly LowLimit[]): string[] {
  return lows.map(
    ({ limit, is, needed, command }) =>
      `${limit} is ${is}, this flood wants ${Math.ceil(needed)}; to raise it: ${command}`,
  );
}

/** Reads them from /proc. */
export function readKernel(root = "/proc"): KernelReadings {
  const numbers = (path: string): number[] => {
    try {
      return readFileSync(`${root}/${path}`, "latin1").trim().split(/\s+/).map(Number);
    } catch {
      return []; // Not every kernel has every limit; what it hasn't can't be too low.
    }
  };
  const one = (path: string): number => numbers(path)[0] ?? Infinity;
  const [portFirst = 1, portLast = 65_535] = numbers("sys/net/ipv4/ip_local_port_range");
  return {
    openFiles: openFilesLimit(readFileSync(`${root}/self/limits`, "latin1")),
    somaxconn: one("sys/net/core/somaxconn"),
    portFirst,
    portLast,
    fileMax: one("sys/fs/file-max"),
    synBacklog: one("sys/net/ipv4/tcp_max_syn_backlog"),
    tcpPagesMax: numbers("sys/net/ipv4/tcp_mem")[2] ?? Infinity,
    conntrackMax: numbers("sys/net/netfilter/nf_conntrack_max")[0],
  };
}

function openFilesLimit(limits: string): number {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft === undefined || soft === "unlimited" ? Infinity : Number(soft);
}

function sysctl(name: string, value: number): string {
  return `sudo sysctl -w ${name}=${Math.ceil(value)}`;
}

function tcpMem(sockets: number): string {
  const pages = Math.ceil(sockets * PAGES_PER_SOCKET);
  return `sudo sysctl -w net.ipv4.tcp_mem='${Math.ceil(pages / 2)} ${Math.ceil(pages * 0.75)} ${pages}'`;
}
