/**
 * For tests: a PeerLink whose peer is played, with a clock that is moved by hand.
 */
import { expect } from "bun:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { NodeId } from "../../src/base/ids.ts";
import { LINK_REST_MS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { LinkFrame } from "../../src/cluster/link-call.ts";
import { LinkOpenings } from "../../src/cluster/link-openings.ts";
import { PeerLink } from "../../src/cluster/peer-link.ts";
import { type LinkResponse, LinkResponseSchema } from "../../src/gen/prim/v1/node_pb.ts";
import { FakeClock } from "../fake-clock.ts";

type Answer = MessageInitShape<typeof LinkResponseSchema>;

/** One life of a link as the peer sees it. It takes frames as they come, and answers when it is told to. */
class Life {
  readonly frames: string[] = [];
  readonly over = Promise.withResolvers<void>();
  #answers: LinkResponse[] = [];
  #wake = Promise.withResolvers<void>();
  #end: { readonly error: unknown } | undefined;

  constructor(frames: AsyncIterable<LinkFrame>, signal: AbortSignal) {
    signal.addEventListener("abort", () => this.end(signal.reason));
    void this.#read(frames);
  }

  answer(answer: NonNullable<Answer["frame"]>): void {
    this.#answers.push(create(LinkResponseSchema, { frame: answer }));
    this.#wake.resolve();
  }

  welcome(): void {
    this.answer({ case: "welcome", value: { nodeId: "b", version: 1 } });
  }

  /** Confirms all that came after the hello. */
  ack(): void {
    this.answer({ case: "ack", value: { frames: BigInt(this.frames.length - 1) } });
  }

  end(error?: unknown): void {
    this.#end ??= { error };
    this.#wake.resolve();
  }

  async *answers(): AsyncGenerator<LinkResponse> {
    for (;;) {
      for (let next = this.#answers.shift(); next !== undefined; next = this.#answers.shift()) yield next;
      if (this.#end !== undefined) break;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
    if (this.#end.error !== undefined) throw this.#end.error;
  }

  async #read(frames: AsyncIterable<LinkFrame>): Promise<void> {
    for await (const { frame } of frames) {
      if (this.#end !== undefined) return;
      this.frames.push(
        frame?.case === "batch" ? Buffer.from(frame.value ?? []).toString() : String(frame?.case),
      );
    }
    this.over.resolve();
  }
}

export function bed() {
  const clock = new FakeClock();
  const lives: Life[] = [];
  const reached: boolean[] = [];
  let silences = 0;
  let serial = 0n;
  const link = new PeerLink("node-b" as NodeId, {
    clock,
    random: () => 0.5,
    logger: silentLogger,
    open: (frames, signal) => {
      const life = new Life(frames, signal);
      lives.push(life);
      return life.answers();
    },
    openings: new LinkOpenings(),
    hello: () => {
      serial += 1n;
      return { nodeId: "a", versionOldest: 1, versionNewest: 1, generation: 1, serial };
    },
    onReach: (now) => void reached.push(now),
    onSilence: () => {
      silences += 1;
    },
  });
  const turn = async () => {
    for (let count = 0; count < 3; count++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      await turn();
    }
  };
  const life = (number: number): Life => {
    const found = lives[number - 1];
    if (found === undefined) throw new Error(`The link has only ${lives.length} lives, not ${number}`);
    return found;
  };
  return { clock, link, lives, life, reached, silences: () => silences, turn, pass };
}

/** Lives a life to where it rests: the goodbye is said, and the peer has not heard it yet. */
export async function liveToRest(
  { life, turn, pass }: ReturnType<typeof bed>,
  number: number,
): Promise<void> {
  await turn();
  life(number).welcome();
  for (let passedMs = 0; passedMs <= LINK_REST_MS; passedMs += 1_000) {
    await turn();
    life(number).ack();
    await pass(1_000);
  }
  expect(life(number).frames.at(-1)).toBe("goodbye");
}

export const lost = () => new ConnectError("connection reset", Code.Unavailable);
