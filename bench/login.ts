/**
 * Logins into one growing room: ten blocks of 1,000, the server's CPU per login in each. A step
 * that grows with the room shows as a last block dearer than the first. Bare Bun, subscribing each
 * connection to three topics, says how much of that is the runtime's own. All connections are open
 * and the code is warm before the first block, so that a block is nothing but logins.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import { ServerProcess } from "./harness/server-process.ts";
import { median, ratios, spread } from "./harness/statistics.ts";

const BLOCKS = 10;
const ROOM_PLATFORM = 101;
/** Warm-up users log in elsewhere, so that the room is empty at the first block. */
const WARM_UP_PLATFORM = 104;
const WARM_UP_LOGINS = 2_000;

export const bench: Bench = {
  name: "login",
  question: "Does a login cost the same in a room of 1,000 as in a room of 10,000?",
  flags: {
    "block-logins": { default: 1_000, max: 1_700, help: "logins per block; there are ten" },
    windows: { default: "1,50", help: "logins at a time, one measurement each" },
    repeats: { default: 5, max: 20, help: "fresh servers per row and window" },
    rows: { default: "bare,memory", help: "servers to measure: bare, memory, sqlite" },
  },
  run,
};

interface Block {
  readonly serverCpuUs: number;
  readonly wallUs: number;
}

/** Blocks of a window's runs: one array of ten per repeat. */
type Runs = Block[][];

async function run(context: BenchContext): Promise<Outcome> {
  const rows = listFlag(context, "rows");
  const windows = listFlag(context, "windows").map(Number);
  const cases = rows.flatMap((row) => windows.map((window) => ({ row, window, runs: [] as Runs })));
  for (let repeat = 0; repeat < numberFlag(context, "repeats"); repeat++) {
    for (const { row, window, runs } of cases) {
      const blocks = await measure(context, row, window);
      runs.push(blocks);
      const cpu = blocks.map(({ serverCpuUs }) => Math.round(serverCpuUs)).join(" ");
      context.progress(`${row}, window ${window}: ${cpu} us of server CPU per login`);
    }
  }
  const count = numberFlag(context, "block-logins");
  const results = cases.map(({ row, window, runs }) => ({
    row,
    window,
    blocks: Array.from({ length: BLOCKS }, (_, block) => ({
      usersBefore: block * count,
      serverCpuUsPerLogin: spread(column(runs, block, "serverCpuUs")),
      wallUsPerLogin: spread(column(runs, block, "wallUs")),
    })),
  }));
  const cpu = (runs: Runs, from: number, to: number): number[] =>
    runs.map((blocks) => median(blocks.slice(from, to).map(({ serverCpuUs }) => serverCpuUs)));
  const compared = cases.map(({ row, window, runs }) => ({
    row,
    window,
    lastToFirst: ratios(cpu(runs, BLOCKS - 1, BLOCKS), cpu(runs, 0, 1)),
    // Steadier, and without the first block, which also pays for a room that still announces everybody.
    lastThreeToSecondToFourth: ratios(cpu(runs, BLOCKS - 3, BLOCKS), cpu(runs, 1, 4)),
  }));
  return { results, ratios: compared };
}

function column(runs: Runs, block: number, key: keyof Block): number[] {
  return runs.map((blocks) => blocks[block]?.[key] ?? Number.NaN);
}

async function measure(context: BenchContext, row: string, window: number): Promise<Block[]> {
  const count = numberFlag(context, "block-logins");
  await using server = await startRow(context, row);
  await using clients = new Clients(context.children);
  const connections = WARM_UP_LOGINS + BLOCKS * count;
  await clients.call({ kind: "connect", url: server.url, count: connections, inFlight: 64 });
  await logIn(clients, WARM_UP_LOGINS, window, WARM_UP_PLATFORM);
  const blocks: Block[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const cpuBefore = server.cpuMs();
    const { wallMs } = await logIn(clients, count, window, ROOM_PLATFORM);
    blocks.push({
      serverCpuUs: ((server.cpuMs() - cpuBefore) * 1_000) / count,
      wallUs: (wallMs * 1_000) / count,
    });
  }
  return blocks;
}

async function startRow(context: BenchContext, row: string): Promise<ServerProcess> {
  if (row === "bare") return await ServerProcess.bare(context, "login");
  if (row === "memory" || row === "sqlite") return await ServerProcess.prim(context, row);
  throw new Error(`No such row: "${row}", allowed are bare, memory, sqlite`);
}

async function logIn(clients: Clients, count: number, inFlight: number, appPlatform: number) {
  return await clients.call({ kind: "login", count, inFlight, appPlatform, userPrefix: "user-" });
}
