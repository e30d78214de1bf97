/**
 * Clears after a dead node, to be killed while it does: `bun redis-clearer.ts <port> <node>`. Every user that is gone is a
 * line, written before the next piece is asked for. After PIECES_MAX it hangs: it never comes to the end.
 */
import { writeSync } from "node:fs";
import type { NodeId } from "../../src/base/ids.ts";
import { namesOf } from "../contract/cluster-bed.ts";
import { addressOf } from "./redis-bed.ts";
import { connectTo, redisNode } from "./redis-cluster-bed.ts";

const PIECES_MAX = 1_000;

const [port, nodeId] = process.argv.slice(2);
const connection = await connectTo(addressOf({ port: Number(port) }));
let pieces = 0;
for await (const piece of redisNode(connection, "clearer").impatient.clear(nodeId as NodeId, 200)) {
  for (const name of namesOf([piece])) writeSync(1, `${name}\n`);
  pieces += 1;
  if (pieces === PIECES_MAX) await new Promise<never>(() => setInterval(() => {}, 60_000));
}
