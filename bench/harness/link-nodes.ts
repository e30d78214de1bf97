/**
 * The nodes of the link bench as the bench sees them: started, introduced to each other, asked.
 */
import { fileURLToPath } from "node:url";
import type { Subprocess } from "bun";
import type { NodeRecord } from "../../src/core/node-registry.ts";
import type { BenchContext } from "./bench.ts";
import type { LatencySummary } from "./latencies.ts";
import { CpuMeter } from "./process-cost.ts";

const CHILD = fileURLToPath(new URL("./link-node.ts", import.meta.url));
/** Longer than any load may last, see the flags of the bench. */
const COMMAND_MS_MAX = 120_000;

export type LinkCommand =
  | { readonly kind: "record" }
  | { readonly kind: "meet"; readonly peer: NodeRecord }
  | { readonly kind: "load"; readonly perTurn: number; readonly durationMs: number; readonly text: string }
  | { readonly kind: "trips"; readonly count: number }
  | { readonly kind: "received" };

interface LinkResults {
  readonly record: NodeRecord;
  readonly meet: null;
  readonly load: { readonly sent: number; readonly dropped: number; readonly wallMs: number };
  readonly trips: LatencySummary;
  readonly received: number;
}

export class LinkNode {
  readonly #child: Subprocess;
  readonly #context: BenchContext;
  readonly #cpu: CpuMeter;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  constructor(context: BenchContext) {
    this.#context = context;
    this.#child = context.children.spawn(["bun", ...bunFlags(), CHILD], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
        if (error === undefined) this.#waiting.get(id)?.resolve(result);
        else this.#waiting.get(id)?.reject(new Error(error));
      },
    });
    this.#cpu = new CpuMeter(this.#child.pid);
  }

  cpuMs(): number {
    return this.#cpu.ms();
  }

  /** @throws {Error} what the child reported, or that it does not answer. */
  async ask<C extends LinkCommand>(command: C): Promise<LinkResults[C["kind"]]> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const timer = setTimeout(
      () => waiting.reject(new Error(`Node does not answer: "${command.kind}"`)),
      COMMAND_MS_MAX,
    );
    try {
      this.#child.send({ id, command });
      return (await waiting.promise) as LinkResults[C["kind"]];
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.children.end(this.#child);
  }
}

/** For a profile of the nodes: BENCH_NODE_FLAGS="--cpu-prof --cpu-prof-dir=...". */
function bunFlags(): string[] {
  return (process.env["BENCH_NODE_FLAGS"] ?? "").split(" ").filter((flag) => flag !== "");
}
