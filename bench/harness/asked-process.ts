/**
 * A child process that is asked things: one question, one answer, over IPC, and news that it sends
 * by itself. What can be asked is the business of its user; answering.ts is the other side.
 */
import type { Subprocess } from "bun";
import type { Children } from "./children.ts";
import { RUNTIME_ENV } from "./runtime-env.ts";

/** Parent to child. */
export interface Call<Command> {
  readonly id: number;
  readonly command: Command;
}

/** Child to parent: the result of the command's kind, or what went wrong. */
export type Answer<Result> =
  | { readonly id: number; readonly ok: true; readonly result: Result }
  | { readonly id: number; readonly ok: false; readonly error: string };

/** Child to parent, unasked. */
export interface News<Tidings> {
  readonly news: Tidings;
}

export interface AskedProcessOptions<Tidings> {
  /** The module that the child runs, and what Bun is told before it. */
  readonly file: string;
  readonly runtimeFlags?: readonly string[];
  /** What the command begins with, before the runtime: a priority, for example. */
  readonly command?: readonly string[];
  /** How long an answer may take unless the question says otherwise. */
  readonly answerMsMax: number;
  readonly onNews?: (news: Tidings) => void;
}

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: Error): void;
}

/** `Results` says what each kind of `Command` is answered with. */
export class AskedProcess<
  Command extends { readonly kind: string },
  Results extends Record<Command["kind"], unknown>,
  Tidings = never,
> {
  readonly #waiting = new Map<number, Waiting<Results[Command["kind"]]>>();
  readonly #child: Subprocess;
  readonly #children: Children;
  readonly #options: AskedProcessOptions<Tidings>;
  #lastId = 0;

  constructor(children: Children, options: AskedProcessOptions<Tidings>) {
    this.#children = children;
    this.#options = options;
    // Under npx there may be no `bun` on PATH.
    const { command = [], runtimeFlags = [], file } = options;
    this.#child = children.spawn([...command, process.execPath, ...runtimeFlags, file], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, ...RUNTIME_ENV },
      ipc: (message: Answer<Results[Command["kind"]]> | News<Tidings>) => this.#onMessage(message),
      onExit: () => this.#failAll(new Error("Client process has ended")),
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** @throws {Error} what the child reported, or that it does not answer. */
  async call<C extends Command>(command: C, msMax = this.#options.answerMsMax): Promise<Results[C["kind"]]> {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Results[Command["kind"]]>();
    this.#waiting.set(id, { resolve, reject });
    const timer = setTimeout(
      () => reject(new Error(`Client process does not answer: "${command.kind}"`)),
      msMax,
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

  #onMessage(message: Answer<Results[Command["kind"]]> | News<Tidings>): void {
    if ("news" in message) {
      this.#options.onNews?.(message.news);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.ok) waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.error));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
