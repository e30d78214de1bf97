/**
 * A client process as the bench sees it: spawn it, ask it, dispose of it. Clients live in a
 * process of their own so that their memory and CPU are not the server's, nor the bench's.
 */
import { fileURLToPath } from "node:url";
import { AskedProcess } from "./asked-process.ts";
import type { Children } from "./children.ts";
import type { Command, Results } from "./commands.ts";

const CHILD = fileURLToPath(new URL("./client-process.ts", import.meta.url));
/** Longer than any load may last, see the flags of the benches. */
const COMMAND_MS_MAX = 180_000;

export class Clients extends AskedProcess<Command, Results> {
  constructor(children: Children) {
    super(children, { file: CHILD, answerMsMax: COMMAND_MS_MAX });
  }
}
