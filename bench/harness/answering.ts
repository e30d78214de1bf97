/**
 * The child's side of asked-process.ts: performs what the parent asks, and ends with the parent.
 */
import type { Answer, Call, News } from "./asked-process.ts";

export function answerCalls<Command, Result>(
  perform: (command: Command, id: number) => Promise<Result>,
): void {
  const answer = (message: Answer<Result>): void => void process.send?.(message);
  process.on("message", ({ id, command }: Call<Command>) => {
    perform(command, id).then(
      (result) => answer({ id, ok: true, result }),
      (error: unknown) =>
        answer({ id, ok: false, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on("disconnect", () => process.exit(0));
  // Ctrl-C in a terminal reaches the whole group; it is the parent that decides.
  process.on("SIGINT", () => {});
}

export function tell<Tidings>(news: Tidings): void {
  const message: News<Tidings> = { news };
  process.send?.(message);
}
