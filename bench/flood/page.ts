/**
 * The page of a flood: one HTML file that needs nothing else, for people to read and to pass on.
 * Its figures are those of the JSON document beside it.
 */
import type { HistogramSummary } from "../harness/histogram.ts";
import type { Report } from "../harness/report.ts";
import { type Band, type Chart, chartFigure, escapeHtml, type Point } from "./charts.ts";
import type { FloodResults, FloodSeries } from "./outcome.ts";
import { PAGE_STYLE } from "./page-style.ts";
import type { Sample } from "./recorder.ts";

const MEBIBYTE = 1024 ** 2;
/** Points of one line: more than that no screen shows. */
const POINTS_MAX = 600;
/** Latencies over time that are shown, in this order; the table has all. */
const SHOWN_OVER_TIME = [
  "delivery",
  "send",
  "echo",
  "heartbeat",
  "login",
  "return",
  "pushHttp",
  "online",
] as const;
const LINES_MAX = 4;

export function floodPage(report: Report): string {
  // What floodOutcome() has made.
  const results = report.results as FloodResults;
  const series = report.series as FloodSeries;
  const failures = report.failures ?? [];
  const title = `prim ${report.bench}: ${String(report.parameters["scenario"] ?? "a million")}`;
  const samples = thinned(series.samples);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${PAGE_STYLE}</style></head><body><main>
<header><h1>${escapeHtml(title)}</h1><span class="verdict ${failures.length === 0 ? "good" : "bad"}">${failures.length === 0 ? "passed" : "failed"}</span></header>
<p class="where">${escapeHtml(whereAndWhen(report))}</p>
${list("failures", failures)}${list("notes", report.notes ?? [])}
<section class="tiles">${tiles(results).join("")}</section>
<section class="charts">${charts(samples, series).map(chartFigure).join("")}</section>
<h2>Latencies</h2>${latencyTable(results.latencies)}
<p class="hint">In milliseconds, from the moment each request was due, whether or not the generator or the server was ready for it.
A message's delivery counts for each member. <em>lag</em> is how late the generator itself wrote, and part of the others.</p>
<div class="columns"><section><h2>Counts</h2>${pairsTable({ ...results.counters, ...prefixed("error: ", results.errors) })}</section>
<section><h2>Deliveries</h2>${pairsTable({ ...results.verdict })}</section>
<section><h2>Memory</h2>${memoryTable(results)}</section></div>
<details><summary>Server processes</summary>${serverTable(results)}</details>
<details><summary>Settings</summary>${pairsTable({ ...results.settings })}</details>
</main></body></html>
`;
}

function whereAndWhen({ startedAt, machine, bun, commit }: Report): string {
  return `${startedAt} on ${machine.cores} cores of an ${machine.cpu}, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Bun ${bun}, commit ${commit}`;
}

function tiles({
  settings,
  counters,
  latencies,
  verdict,
  deliveriesPerSecond,
  bytesPerConnection,
}: FloodResults): string[] {
  const entries: [string, string][] = [
    ["connections", whole(settings.connections)],
    ["lost", whole(counters.lost)],
    ["messages", whole(verdict?.messages ?? 0)],
    ["deliveries, exactly once", `${whole(verdict?.delivered ?? 0)} of ${whole(verdict?.due ?? 0)}`],
    ["deliveries a second, mean", whole(deliveriesPerSecond.mean)],
  ];
  for (const what of ["delivery", "echo", "heartbeat"] as const) {
    const summary = latencies[what];
    if (summary !== undefined) entries.push([`${what} p99`, `${milliseconds(summary.p99Us)} ms`]);
  }
  if (bytesPerConnection !== undefined && bytesPerConnection.server > 0) {
    entries.push(["server bytes a connection", whole(bytesPerConnection.server)]);
  }
  return entries.map(
    ([name, value]) => `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`,
  );
}

function charts(samples: readonly Sample[], { percentiles }: FloodSeries): Chart[] {
  const bands = bandsOf(samples);
  const over = (of: (sample: Sample) => number): Point[] =>
    samples.map((sample): Point => [sample.atSeconds, of(sample)]);
  const mebibytes = (of: (sample: Sample) => number) => over((sample) => of(sample) / MEBIBYTE);
  const timed = SHOWN_OVER_TIME.filter((what) => samples.some(({ latencies }) => what in latencies)).slice(
    0,
    LINES_MAX,
  );
  const p99Line = (what: (typeof SHOWN_OVER_TIME)[number]) => ({
    name: `${what} p99`,
    points: samples.flatMap(({ atSeconds, latencies }): Point[] => {
      const summary = latencies[what];
      return summary === undefined ? [] : [[atSeconds, Math.max(1, summary.p99Us) / 1_000]];
    }),
  });
  const memory = [
    { name: "servers", points: mebibytes(({ servers }) => servers.rssBytes) },
    { name: "clients", points: mebibytes(({ clients }) => clients.rssBytes) },
    { name: "kernel slab", points: mebibytes(({ machine }) => machine.slabBytes) },
    { name: "machine, used", points: mebibytes(({ machine }) => machine.usedBytes) },
  ];
  if (samples.some(({ redisBytes }) => redisBytes !== undefined)) {
    memory.push({ name: "Redis", points: mebibytes(({ redisBytes }) => redisBytes ?? 0) });
  }
  return [
    {
      title: "Connections",
      unit: "",
      bands,
      lines: [
        { name: "open", points: over(({ counters }) => counters.open) },
        { name: "logged in and joined", points: over(({ counters }) => counters.ready) },
        { name: "lost", points: over(({ counters }) => counters.lost) },
      ],
    },
    {
      title: "Deliveries",
      unit: "a second",
      bands,
      lines: [{ name: "deliveries", points: over(({ perSecond }) => perSecond.deliveries) }],
    },
    {
      title: "Requests",
      unit: "a second",
      bands,
      lines: [
        { name: "arrivals", points: over(({ perSecond }) => perSecond.arrivals) },
        { name: "sends", points: over(({ perSecond }) => perSecond.sends) },
        { name: "heartbeats", points: over(({ perSecond }) => perSecond.heartbeats) },
        { name: "pings", points: over(({ perSecond }) => perSecond.pings) },
      ],
    },
    { title: "Latency, each second", unit: "ms", bands, logY: true, lines: timed.map(p99Line) },
    percentileChart(percentiles, timed),
    { title: "Memory", unit: "MiB", bands, lines: memory },
    {
      title: "CPU",
      unit: "cores",
      bands,
      lines: [
        { name: "servers", points: over(({ servers }) => servers.cores) },
        { name: "busiest server", points: over(({ servers }) => servers.coresMax) },
        { name: "clients", points: over(({ clients }) => clients.cores) },
      ],
    },
    {
      title: "TCP sockets",
      unit: "both sides",
      bands,
      lines: [
        { name: "open", points: over(({ machine }) => machine.tcpSockets) },
        { name: "waiting for their ports", points: over(({ machine }) => machine.timeWaitSockets) },
      ],
    },
  ];
}

/** Percentiles with as much room for the last percent as for the ninety before. */
function percentileChart(percentiles: FloodSeries["percentiles"], shown: readonly string[]): Chart {
  const place = (share: number): number => Math.min(4, -Math.log10(1 - share));
  return {
    title: "Latency by percentile",
    unit: "ms",
    logY: true,
    xTicks: [
      [place(0), "0%"],
      [place(0.5), "50%"],
      [place(0.9), "90%"],
      [place(0.99), "99%"],
      [place(0.999), "99.9%"],
      [place(1), "max"],
    ],
    lines: shown.map((what) => ({
      name: what,
      points: (percentiles[what] ?? []).map(([share, us]): Point => [place(share), Math.max(1, us) / 1_000]),
    })),
  };
}

function bandsOf(samples: readonly Sample[]): Band[] {
  const bands: { name: string; from: number; to: number }[] = [];
  for (const { phase, atSeconds } of samples) {
    const last = bands.at(-1);
    if (last !== undefined) last.to = atSeconds;
    if (last?.name !== phase) bands.push({ name: phase, from: atSeconds, to: atSeconds });
  }
  return bands;
}

function thinned(samples: readonly Sample[]): readonly Sample[] {
  const step = Math.ceil(samples.length / POINTS_MAX);
  return samples.filter((_, at) => at % step === 0 || at === samples.length - 1);
}

function latencyTable(latencies: FloodResults["latencies"]): string {
  const rows = Object.entries(latencies).map(([what, summary]: [string, HistogramSummary]) => [
    what,
    whole(summary.count),
    ...[summary.p50Us, summary.p90Us, summary.p99Us, summary.p999Us, summary.maxUs].map(milliseconds),
  ]);
  return table(["", "count", "p50", "p90", "p99", "p99.9", "max"], rows);
}

function memoryTable({ bytesPerConnection, machine }: FloodResults): string {
  const mib = (bytes: number | undefined) =>
    bytes === undefined ? "" : `${whole(Math.round(bytes / MEBIBYTE))} MiB`;
  const rows = [
    ["machine, total", mib(machine.totalBytes)],
    ["used before the first connection", mib(machine.usedBytesBefore)],
    ["used with all of them", mib(machine.usedBytesFull)],
    ["used at most", mib(machine.usedBytesPeak)],
    ["kernel slab before", mib(machine.slabBytesBefore)],
    ["kernel slab with all of them", mib(machine.slabBytesFull)],
    ...Object.entries(bytesPerConnection ?? {}).map(([side, bytes]) => [
      `bytes a connection: ${side}`,
      whole(Number(bytes)),
    ]),
  ];
  return table(["", ""], rows);
}

function serverTable({ serverProcesses }: FloodResults): string {
  const rows = serverProcesses.map(({ pid, rssBytes, cpuMs }) => [
    String(pid),
    `${whole(Math.round(rssBytes / MEBIBYTE))} MiB`,
    `${(cpuMs / 1_000).toFixed(1)} s`,
  ]);
  return table(["process", "memory (RSS)", "CPU"], rows);
}

function pairsTable(pairs: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(pairs)
    .filter(([, value]) => value !== "" && typeof value !== "object")
    .map(([name, value]) => [name, typeof value === "number" ? whole(value) : String(value)]);
  return table(["", ""], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  const headRow = head.some((cell) => cell !== "") ? `<thead>${cells("th", head)}</thead>` : "";
  return `<div class="scroll"><table>${headRow}<tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`;
}

function list(kind: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<ul class="${kind}">${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>`;
}

function prefixed(prefix: string, record: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [prefix + key, value]));
}

function milliseconds(us: number): string {
  return (us / 1_000).toFixed(us < 10_000 ? 2 : us < 1_000_000 ? 1 : 0);
}

function whole(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}
