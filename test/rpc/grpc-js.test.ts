/** A third, independent client: grpc-js under Node, which also speaks the reference system's contract. */
import { expect, test } from "bun:test";
import { describeWith } from "../parts.ts";
import { run, startPrim } from "./prim-process.ts";

describeWith("node", "grpc-js", (node) => {
  test("calls PushService, OpsService, ChatService and AccServer", async () => {
    await using prim = await startPrim();
    const { stdout, stderr } = await run([node, "test/rpc/grpc-js-client.mjs", prim.rpcAddress]);
    expect(stderr).toBe("");
    const told = stdout
      .trim()
      .split("\n")
      .map((line): { name: string; value: unknown } => JSON.parse(line));
    const pushed = told.filter(({ name }) => name === "pushed").map(({ value }) => value);
    expect(pushed).toEqual([
      { msg: "one", offset: 1 },
      { msg: "last", offset: 1 },
    ]);
    expect(
      Object.fromEntries(told.filter(({ name }) => name !== "pushed").map((one) => [one.name, one.value])),
    ).toEqual({
      online: true,
      state: "NODE_STATUS_SERVING",
      refused: { code: 3, details: 1 },
      "acc online": { retCode: 200, errMsg: "", online: true },
      "acc list": { retCode: 200, errMsg: "", userID: ["ann"] },
      "acc send": 200,
      "acc all": 200,
      ended: 1,
    });
  }, 20_000);
});
