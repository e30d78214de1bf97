/**
 * Link: stored messages from one node to another over one link, when 1, 10 or 100 of them share a turn of the event
 * loop; and one message at a time, there and back. Both nodes are processes of this machine.
 */
import { LinkProxy } from "../test/cluster/link-proxy.ts";
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { Samples } from "./harness/interleaved.ts";
import { LinkNode } from "./harness/link-nodes.ts";

const ROW = "link";
const WARM_UP_MS = 1_500;
const ARRIVAL_MS_MAX = 10_000;

export const bench: Bench = {
  name: "link",
  question:
    "How many stored messages per second does one node link carry, at which CPU on both sides and how many bytes each, and how long does one take there and back?",
  flags: {
    "per-turn": { default: "1,10,100", help: "messages said in one turn, one measurement each" },
    repeats: { default: 5, max: 50, help: "measurements per row" },
    "repeat-ms": { default: 1_500, max: 20_000, help: "length of one measurement" },
    "text-chars": { default: 40, max: 60_000, help: "characters of the text of a message" },
    trips: { default: 3_000, max: 100_000, help: "round trips" },
  },
  run,
};

interface Sample {
  readonly messagesPerSecond: number;
  readonly senderCpuUs: number;
  readonly receiverCpuUs: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const sender = stack.use(new LinkNode(context));
  const receiver = stack.use(new LinkNode(context));
  const proxied = stack.use(new LinkNode(context));
  const proxy = new LinkProxy();
  stack.defer(() => proxy.close());
  const text = "x".repeat(numberFlag(context, "text-chars"));

  const at = await receiver.ask({ kind: "record" });
  await sender.ask({ kind: "meet", peer: at });
  await receiver.ask({ kind: "meet", peer: await sender.ask({ kind: "record" }) });
  const rpcAddress = await proxy.open(Number(at.rpcAddress.split(":").at(-1)));
  await proxied.ask({ kind: "meet", peer: { ...at, rpcAddress } });
  await load(sender, receiver, { perTurn: 100, durationMs: WARM_UP_MS, text });
  await sender.ask({ kind: "trips", count: 500 });

  const windows = listFlag(context, "per-turn").map(Number);
  const durationMs = numberFlag(context, "repeat-ms");
  const samples = await Samples.take<Sample>({
    rows: [ROW],
    windows,
    repeats: numberFlag(context, "repeats"),
    async measure(_row, perTurn) {
      const before = [sender.cpuMs(), receiver.cpuMs()] as const;
      const { sent, wallMs } = await load(sender, receiver, { perTurn, durationMs, text });
      const sample = {
        messagesPerSecond: (sent / wallMs) * 1_000,
        senderCpuUs: ((sender.cpuMs() - before[0]) * 1_000) / sent,
        receiverCpuUs: ((receiver.cpuMs() - before[1]) * 1_000) / sent,
      };
      context.progress(`${perTurn} a turn: ${Math.round(sample.messagesPerSecond)}/s`);
      return sample;
    },
  });
  const results = [];
  for (const perTurn of windows) {
    const bytesBefore = proxy.bytes;
    const { sent } = await load(proxied, receiver, { perTurn, durationMs: 300, text });
    results.push({
      perTurn,
      messagesPerSecond: samples.spread(ROW, perTurn, "messagesPerSecond"),
      senderCpuUsPerMessage: samples.spread(ROW, perTurn, "senderCpuUs"),
      receiverCpuUsPerMessage: samples.spread(ROW, perTurn, "receiverCpuUs"),
      wireBytesPerMessage: Math.round((proxy.bytes - bytesBefore) / sent),
    });
  }
  const roundTrip = await sender.ask({ kind: "trips", count: numberFlag(context, "trips") });
  const ratios = Object.fromEntries(
    windows.map((perTurn) => [
      `${perTurn} a turn to ${windows[0]} a turn`,
      samples.spread(ROW, perTurn, "messagesPerSecond").median /
        samples.spread(ROW, windows[0] ?? perTurn, "messagesPerSecond").median,
    ]),
  );
  return { results: { throughput: results, roundTrip }, ratios };
}

/** Sends, and waits until everything has arrived. */
async function load(
  sender: LinkNode,
  receiver: LinkNode,
  options: { readonly perTurn: number; readonly durationMs: number; readonly text: string },
): Promise<{ readonly sent: number; readonly wallMs: number }> {
  const before = await receiver.ask({ kind: "received" });
  const startedAt = performance.now();
  const { sent, dropped } = await sender.ask({ kind: "load", ...options });
  if (dropped > 0) throw new Error(`Link has dropped messages: ${dropped}`);
  while ((await receiver.ask({ kind: "received" })) - before < sent) {
    if (performance.now() - startedAt > options.durationMs + ARRIVAL_MS_MAX)
      throw new Error("Messages are missing");
    await Bun.sleep(1);
  }
  return { sent, wallMs: performance.now() - startedAt };
}
