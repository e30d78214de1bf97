/**
 * Logins into one growing room: ten blocks of 1,000, the server's CPU per login in each. A step
 * that grows with the room shows as a last block dearer than the first. All connections are open
 * and the code is warm before the first block, so that a block is nothing but logins.
 */
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Clients } from "./harness/clients.ts";
import { ServerProcess } from "./harness/server-process.ts";
import { ratios, spread } from "./harness/statistics.ts";

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
    repeats: { default: 3, max: 20, help: "fresh servers per window" },
    storage: { default: "memory", help: "memory or sqlite" },
  },
  run,
};

interface Block {
  readonly serverCpuUs: number;
  readonly wallUs: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  const windows = listFlag(context, "windows").map(Number);
  const samples = new Map<number, Block[][]>(windows.map((window) => [window, []]));
  for (let repeat = 0; repeat < numberFlag(context, "repeats"); repeat++) {
    for (const window of windows) {
      const blocks = await measure(context, window);
      samples.get(window)?.push(blocks);
      const cpu = blocks.map(({ serverCpuUs }) => Math.round(serverCpuUs)).join(" ");
      context.progress(`window ${window}: ${cpu} us of server CPU per login`);
    }
  }
  const column = (window: number, block: number, key: keyof Block): number[] =>
    (samples.get(window) ?? []).map((blocks) => blocks[block]?.[key] ?? Number.NaN);
  const results = windows.map((window) => ({
    window,
    blocks: Array.from({ length: BLOCKS }, (_, block) => ({
      usersBefore: block * numberFlag(context, "block-logins"),
      serverCpuUsPerLogin: spread(column(window, block, "serverCpuUs")),
      wallUsPerLogin: spread(column(window, block, "wallUs")),
    })),
  }));
  const over = (window: number, bar: number) =>
    ratios(column(window, BLOCKS - 1, "serverCpuUs"), column(window, bar, "serverCpuUs"));
  const compared = windows.map((window) => ({
    window,
    lastToFirst: over(window, 0),
    // The first block also pays for the pushes of a room that still announces everybody.
    lastToSecond: over(window, 1),
  }));
  return { results, ratios: compared };
}

async function measure(context: BenchContext, window: number): Promise<Block[]> {
  const storage = context.flags["storage"] === "sqlite" ? "sqlite" : "memory";
  const count = numberFlag(context, "block-logins");
  await using server = await ServerProcess.prim(context, storage);
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

async function logIn(clients: Clients, count: number, inFlight: number, appPlatform: number) {
  return await clients.call({ kind: "login", count, inFlight, appPlatform, userPrefix: "user-" });
}
