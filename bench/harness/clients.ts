/**
 * A client process as the bench sees it: spawn it, ask it, dispose of it. Clients live in a
 * process of their own so that their memory and CPU are not the server's, nor the bench's.
 */
import { fileURLToPath } from "node:url";
import type { Subprocess } from "bun";
import type { Children } from "./children.ts";
import type { Answer, Command, Results } from "./commands.ts";

const CHILD = fileURLToPath(new URL("./client-process.ts", import.meta.url));
/** Longer than any load may last, see the flags of the benches. */
const COMMAND_MS_MAX = 180_000;

interface Waiting {
  resolve(result: Results[keyof Results]): void;
  reject(error: Error): void;
}

export class Clients {
  readonly #waiting = new Map<number, Waiting>();
  readonly #child: Subprocess;
  readonly #children: Children;
  #lastId = 0;

  constructor(children: Children) {
    this.#children = children;
    this.#child = children.spawn(["bun", CHILD], {
      stdio: ["ignore", "ignore", "inherit"],
      ipc: (message: Answer) => this.#onAnswer(message),
      onExit: () => this.#failAll(new Error("Client process has ended")),
    });
  }

  /** @throws {Error} what the child reported, or that it does not answer. */
  async call<C extends Command>(command: C): Promise<Results[C["kind"]]> {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Results[keyof Results]>();
    this.#waiting.set(id, { resolve, reject });
    const timer = setTimeout(
      () => reject(new Error(`Client process does not answer: "${command.kind}"`)),
      COMMAND_MS_MAX,
    );
    try {
      this.#child.send({ id, command });
      // The child answers with the result of the command's own kind.
      return (await promise) as Results[C["kind"]];
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#children.end(this.#child);
  }

  #onAnswer(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (answer.ok) waiting?.resolve(answer.result);
    else waiting?.reject(new Error(answer.error));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
