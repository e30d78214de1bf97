/**
 * BareHop: two bare nodes with a member each: how much later a message is heard on the other node where there is nothing but two
 * sockets and two processes. What the machine itself does to such a trip is in it, so it is the bar for prim's.
 */
import { join } from "node:path";
import type { Socket, Subprocess } from "bun";
import type { BenchContext } from "./bench.ts";

const NODE = join(import.meta.dir, "bare-node.ts");
const HEARD_MS_MAX = 10_000;

export class BareHop {
  readonly #near: Member;
  readonly #far: Member;

  private constructor(near: Member, far: Member) {
    this.#near = near;
    this.#far = far;
  }

  static async start(context: BenchContext, stack: AsyncDisposableStack): Promise<BareHop> {
    const farPort = await startNode(context, stack);
    const nearPort = await startNode(context, stack, String(farPort));
    const [near, far] = await Promise.all([Member.join(nearPort), Member.join(farPort)]);
    stack.defer(() => near.leave());
    stack.defer(() => far.leave());
    return new BareHop(near, far);
  }

  /** Sends as many bytes. @returns by how many milliseconds the member on the other node heard them later. */
  async trip(bytes: number): Promise<number> {
    const heard = Promise.all([this.#near.hear(), this.#far.hear()]);
    this.#near.say(bytes);
    const [nearAt, farAt] = await heard;
    return farAt - nearAt;
  }
}

async function startNode(
  context: BenchContext,
  stack: AsyncDisposableStack,
  ...args: string[]
): Promise<number> {
  const child: Subprocess<"ignore", "pipe", "inherit"> = context.children.spawn(
    [process.execPath, "--no-orphans", NODE, ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  ) as Subprocess<"ignore", "pipe", "inherit">;
  stack.defer(() => context.children.end(child));
  for await (const chunk of child.stdout) return Number(Buffer.from(chunk).toString());
  throw new Error("A bare node has ended before it listened");
}

class Member {
  #socket: Socket | undefined;
  #onHeard: (at: number) => void = () => {};

  static async join(port: number): Promise<Member> {
    const member = new Member();
    member.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: () => member.#onHeard(performance.now()) },
    });
    member.#socket.setNoDelay(true);
    return member;
  }

  say(bytes: number): void {
    this.#socket?.write(new Uint8Array(bytes).fill(1));
  }

  /** @returns when the next message is heard. */
  async hear(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const late = setTimeout(() => reject(new Error("A message between bare nodes is lost")), HEARD_MS_MAX);
    this.#onHeard = resolve;
    try {
      return await promise;
    } finally {
      clearTimeout(late);
    }
  }

  leave(): void {
    this.#socket?.end();
  }
}
