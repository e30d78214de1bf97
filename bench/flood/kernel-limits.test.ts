import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  describeLows,
  type KernelNeed,
  type KernelReadings,
  lowLimits,
  readKernel,
} from "./kernel-limits.ts";

const AMPLE: KernelReadings = {
  openFiles: 1_048_576,
  somaxconn: 65_535,
  portFirst: 1_024,
  portLast: 65_535,
  fileMax: 10_000_000,
  synBacklog: 65_535,
  tcpPagesMax: 10_000_000,
  conntrackMax: undefined,
};
const MILLION: KernelNeed = {
  connections: 1_000_000,
  perProcess: 17_500,
  perNode: 17_544,
  arrivalsPerSecond: 6_000,
  perAddressPair: 17_242,
  serverHere: true,
};

function lowsOf(readings: Partial<KernelReadings>, need: Partial<KernelNeed> = {}) {
  return lowLimits({ ...AMPLE, ...readings }, { ...MILLION, ...need });
}

test("lowLimits() is silent where everything is ample, and where nothing is tracked", () => {
  expect(lowsOf({})).toEqual([]);
});

test("lowLimits() finds each limit at its border, and its command raises it", () => {
  const cases: readonly [Partial<KernelReadings>, Partial<KernelReadings>, string, string][] = [
    [{ openFiles: 17_643 }, { openFiles: 17_644 }, "ulimit -n", "ulimit -n 17644"],
    [
      { somaxconn: 2_999 },
      { somaxconn: 3_000 },
      "net.core.somaxconn",
      "sudo sysctl -w net.core.somaxconn=3000",
    ],
    [
      { synBacklog: 2_999 },
      { synBacklog: 3_000 },
      "net.ipv4.tcp_max_syn_backlog",
      "sudo sysctl -w net.ipv4.tcp_max_syn_backlog=3000",
    ],
    [
      { portFirst: 20_000, portLast: 20_000 + 34_482 },
      { portFirst: 20_000, portLast: 20_000 + 34_483 },
      "net.ipv4.ip_local_port_range",
      "sudo sysctl -w net.ipv4.ip_local_port_range='1024 65535'",
    ],
    [{ fileMax: 2_199_999 }, { fileMax: 2_200_001 }, "fs.file-max", "sudo sysctl -w fs.file-max=2200000"],
    [
      { tcpPagesMax: 499_999 },
      { tcpPagesMax: 500_000 },
      "net.ipv4.tcp_mem",
      "sudo sysctl -w net.ipv4.tcp_mem='250000 375000 500000'",
    ],
    [
      { conntrackMax: 1_000_000 },
      { conntrackMax: 1_100_001 },
      "net.netfilter.nf_conntrack_max",
      "sudo sysctl -w net.netfilter.nf_conntrack_max=1100000",
    ],
  ];
  for (const [low, enough, limit, command] of cases) {
    const [first, ...others] = lowsOf(low);
    expect(others).toEqual([]);
    expect(first?.limit).toBe(limit);
    expect(first?.command.replace("1100001", "1100000").replace("2200001", "2200000")).toBe(command);
    expect(describeLows(lowsOf(low))[0]).toContain(`to raise it: ${first?.command}`);
    expect(lowsOf(enough)).toEqual([]);
  }
});

test("lowLimits() does not ask this kernel for the other side of a server elsewhere", () => {
  const readings = { somaxconn: 1, synBacklog: 1, fileMax: 1_100_001, tcpPagesMax: 250_000 };
  expect(lowsOf(readings, { serverHere: false })).toEqual([]);
});

test("readKernel() reads /proc, and takes what is missing for no limit", () => {
  const root = mkdtempSync(join(tmpdir(), "prim-kernel-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  try {
    write(
      "self/limits",
      "Limit   Soft Limit  Hard Limit  Units\nMax open files     20000     30000    files\n",
    );
    expect(readKernel(root)).toEqual({
      openFiles: 20_000,
      somaxconn: Infinity,
      portFirst: 1,
      portLast: 65_535,
      fileMax: Infinity,
      synBacklog: Infinity,
      tcpPagesMax: Infinity,
      conntrackMax: undefined,
    });
    write("sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    write("sys/net/ipv4/tcp_mem", "287901\t383869\t575802\n");
    write("sys/net/netfilter/nf_conntrack_max", "262144\n");
    write("sys/net/core/somaxconn", "4096\n");
    expect(readKernel(root)).toMatchObject({
      portFirst: 32_768,
      portLast: 60_999,
      tcpPagesMax: 575_802,
      conntrackMax: 262_144,
      somaxconn: 4_096,
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
