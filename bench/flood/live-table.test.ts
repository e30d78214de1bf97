import { expect, test } from "bun:test";
import { bar, clock, liveTable, progressLine } from "./live-table.ts";
import { noCounters } from "./meters.ts";
import type { Sample } from "./recorder.ts";

const GROUP = { rssBytes: 100 * 1024 ** 2, rssBytesMax: 60 * 1024 ** 2, cores: 1.5, coresMax: 0.8 };
const SAMPLE: Sample = {
  atSeconds: 12,
  phase: "hold",
  counters: { ...noCounters(), open: 1_234, ready: 1_200, lost: 3 },
  errors: 7,
  perSecond: { arrivals: 10, sends: 20, deliveries: 123_456, heartbeats: 40, pings: 50 },
  latencies: {},
  servers: GROUP,
  clients: GROUP,
  machine: {
    usedBytes: 0,
    totalBytes: 0,
    slabBytes: 0,
    slabReclaimableBytes: 0,
    tcpSockets: 2_468,
    timeWaitSockets: 0,
    tcpBufferBytes: 0,
  },
  redisBytes: undefined,
};

test("bar() and clock() hold at their borders", () => {
  expect([-1, 0, 0.5, 1, 2].map((share) => bar(share).replaceAll("-", "").length - 2)).toEqual([
    0, 0, 16, 32, 32,
  ]);
  expect([-1, 0, 59.6, 65, 3_600].map(clock)).toEqual(["0:00", "0:00", "1:00", "1:05", "60:00"]);
});

test("liveTable() and progressLine() show what happens now", () => {
  const echo = { count: 9, meanUs: 1, p50Us: 1_500, p90Us: 1, p99Us: 2_500, p999Us: 3_000, maxUs: 250_000 };
  const table = liveTable("flood room", SAMPLE, { share: 0.25, etaSeconds: 90 }, { echo }).join("\n");
  for (const words of [
    "25%",
    "1:30 to go",
    "1,234 open",
    "3 lost",
    "7 errors",
    "123,456 deliveries",
    "2,468 TCP",
  ]) {
    expect(table).toContain(words);
  }
  expect(table).toMatch(/echo +1\.50 +2\.50 +3\.00 +250 +9/);
  expect(table).not.toContain("Redis");
  const withRedis = liveTable("x", { ...SAMPLE, redisBytes: 5 * 1024 ** 2 }, { share: 1, etaSeconds: 0 }, {});
  expect(withRedis.join("\n")).toContain("Redis 5 MiB");
  expect(progressLine(SAMPLE, { share: 0.999, etaSeconds: 1 })).toStartWith(
    "99%, 0:01 to go; 1,200 ready, 3 lost",
  );
});
