/**
 * Who goes first where servers, their clients and who measures share the cores: who asks and measures and Redis, for which all wait; then
 * the servers; last the clients, which stand for machines of their own. Without it a burst of a million deliveries is a queue of a hundred
 * processes, and a latency says how long that is.
 */
import { setPriority } from "node:os";

/** Niceness: -20 goes first, 19 last. Below 0 is for root. */
const FIRST = -10;
const LAST = 10;

/** What the command of a process has to begin with. */
export interface Priorities {
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
}

/** This process goes first from now on, if it may, and with it those that it starts by a command of any other kind. */
export function goFirst(stack: AsyncDisposableStack): Priorities {
  try {
    setPriority(FIRST);
  } catch {
    return { nodes: [], clients: nice(LAST) };
  }
  stack.defer(() => setPriority(0));
  return { nodes: nice(-FIRST), clients: nice(LAST - FIRST) };
}

/** @param by more than the process that starts it has. */
function nice(by: number): string[] {
  return ["nice", "-n", String(by)];
}
