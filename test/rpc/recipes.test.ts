/** Every recipe of docs/operating.md, in its order, on a running prim with a user who is online. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { describeWith } from "../parts.ts";
import { run, startPrim } from "./prim-process.ts";
import { openStream } from "./stream-client.ts";

const RECIPES = [...readFileSync("docs/operating.md", "utf8").matchAll(/```sh\n([\s\S]*?)```/g)].map(
  ([, recipe]) => String(recipe).trim(),
);

/** What the answer of each recipe must hold, in their order. */
const ANSWERS: readonly RegExp[] = [
  /prim\.v1\.OpsService/,
  /rpc Drain/,
  /string msg_id = 4/,
  /"SERVING"/,
  /"status": "NODE_STATUS_SERVING"/,
  /"state"[\s\S]*"state"/,
  /"userId": "ann"\s*\},\s*"online": true/,
  /"totalCount": "1"/,
  /"wire": "SESSION_WIRE_RPC"/,
  /^\{\s*\}$/,
  /"channel": "inbox:ann"/,
  /"channel": "room:101"/,
  /"channel": "all"/,
  /"msg": "Good morning"/,
  /"previous": "LOG_LEVEL_INFO"/,
  /"previous": "LOG_LEVEL_DEBUG"/,
  /"sessions": 1/,
  /^\{\s*\}$/,
];

describeWith("grpcurl", "docs/operating.md", (grpcurl) => {
  test("every recipe does what it says", async () => {
    expect(RECIPES).toHaveLength(ANSWERS.length);
    const prim = await startPrim("--log-level", "info", "--log-file", "/dev/null");
    const ann = await openStream(prim.rpcAddress, "ann");
    for (const [index, recipe] of RECIPES.entries()) {
      const flags = recipe.includes("WatchState") ? "-max-time 2 " : "";
      const command = recipe
        .replace(/^grpcurl /, `"${grpcurl}" ${flags}`)
        .replaceAll("localhost:9001", prim.rpcAddress);
      const { stdout } = await run(["sh", "-c", command]);
      expect({ recipe, stdout: stdout.trim() }).toEqual({
        recipe,
        stdout: expect.stringMatching(ANSWERS[index] ?? /^$/),
      });
    }
    expect(await ann.ended).toMatchObject({ reason: "KICKED", rawMessage: "see the house rules" });
    expect(await prim.exited).toBe(0);
  }, 40_000);
});
