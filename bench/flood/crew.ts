/**
 * The client processes of a flood, asked together.
 */
import { fileURLToPath } from "node:url";
import { AskedProcess } from "../harness/asked-process.ts";
import type { BenchContext } from "../harness/bench.ts";
import type { FloodCommand, FloodResults } from "./flood-commands.ts";
import type { MetersNews } from "./meters.ts";
import type { Plan } from "./plan.ts";

const CHILD = fileURLToPath(new URL("./swarm-process.ts", import.meta.url));
/** A ramp or a hold of an hour, see --minutes-max. */
const ANSWER_MS_MAX = 3_600_000;

type SwarmProcess = AskedProcess<FloodCommand, FloodResults, MetersNews>;

export class Crew {
  readonly #members: readonly SwarmProcess[];

  private constructor(members: readonly SwarmProcess[]) {
    this.#members = members;
  }

  /** @param parts.command what the command of each begins with. */
  static async open(
    parts: {
      readonly context: BenchContext;
      readonly stack: AsyncDisposableStack;
      readonly plan: Plan;
      readonly command: readonly string[];
    },
    onNews: (news: MetersNews) => void,
  ): Promise<Crew> {
    const { context, stack, plan, command } = parts;
    const count = Math.ceil(plan.connections / plan.perProcess);
    const members = Array.from({ length: count }, () =>
      stack.use(
        new AskedProcess<FloodCommand, FloodResults, MetersNews>(context.children, {
          file: CHILD,
          command,
          runtimeFlags: ["--smol", "--no-orphans"],
          answerMsMax: ANSWER_MS_MAX,
          onNews,
        }),
      ),
    );
    const crew = new Crew(members);
    await crew.ask((process) => ({ kind: "prepare", plan, process }));
    return crew;
  }

  get count(): number {
    return this.#members.length;
  }

  get pids(): number[] {
    return this.#members.map(({ pid }) => pid);
  }

  /** Asks each for its part. @throws {Error} what the first of them reported that failed. */
  async ask<C extends FloodCommand>(part: (process: number) => C): Promise<FloodResults[C["kind"]][]> {
    return await Promise.all(this.#members.map((member, process) => member.call(part(process))));
  }
}
