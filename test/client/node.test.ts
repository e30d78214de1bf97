/** The SDK under Node, which may have no WebSocket of its own. */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWith } from "../parts.ts";
import { startPrim } from "./prim-process.ts";

describeWith("node", "PrimClient under Node", (node) => {
  test("chats over the WebSocket of the package ws, in JSON and in protobuf, and falls back to the stream", async () => {
    const folder = await mkdtemp(join(tmpdir(), "prim-node-"));
    const entrypoints = [join(import.meta.dir, "node-program.ts")];
    const built = await Bun.build({ entrypoints, target: "node", format: "esm", packages: "bundle" });
    const program = join(folder, "program.mjs");
    await Bun.write(program, (await built.outputs[0]?.text()) ?? "");
    const prim = await startPrim();
    try {
      const child = Bun.spawn([node, program, prim.webSocketUrl, prim.httpUrl], {
        stderr: "inherit",
        timeout: 20_000,
      });
      const said = JSON.parse(await new Response(child.stdout).text());
      expect(said.version).toStartWith("v");
      expect(said.heard).toMatchObject([
        { from: "node", offset: 1, channel: "room:101" },
        { from: "node", offset: 2, channel: "room:101" },
        { from: "node", offset: 3, channel: "room:101" },
      ]);
      expect(await child.exited).toBe(0);
    } finally {
      await prim.kill();
      await rm(folder, { recursive: true });
    }
  });
});
