/** `buf curl` (connect-go) on a running prim: three protocols, two doors, unary, streaming and refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type PrimProcess, run, startPrim } from "./prim-process.ts";
import { openStream } from "./stream-client.ts";

const BUF = [process.execPath, "--bun", "node_modules/.bin/buf", "curl"];
let prim: PrimProcess;

beforeAll(async () => {
  prim = await startPrim();
});
afterAll(() => prim[Symbol.asyncDispose]());

describe.each([
  ["grpc", "rpc"],
  ["grpcweb", "rpc"],
  ["connect", "rpc"],
  ["grpcweb", "http"],
  ["connect", "http"],
] as const)("by %s on the %s port", (protocol, door) => {
  const call = (method: string, request: object) => {
    const url = door === "rpc" ? `http://${prim.rpcAddress}` : prim.httpUrl;
    const flags = ["--protocol", protocol, ...(door === "rpc" ? ["--http2-prior-knowledge"] : [])];
    return run([...BUF, ...flags, "-d", JSON.stringify(request), `${url}/prim.v1.${method}`]);
  };

  test("a call is answered, and a refused one says why", async () => {
    const { stdout } = await call("PushService/SendToUser", { userId: "ann", content: { msg: "hi" } });
    expect(JSON.parse(stdout).receipt.channel).toBe("inbox:ann");
    const { stderr } = await call("PushService/SendToRoom", { channel: "all", content: { msg: "hi" } });
    const refused = JSON.parse(stderr);
    expect(refused.code).toBe("invalid_argument");
    expect(refused.details.map(({ type }: { type: string }) => type)).toContain("google.rpc.BadRequest");
  }, 15_000);

  test("a stream comes as it is sent", async () => {
    await using ann = await openStream(prim.rpcAddress, "ann");
    const url = door === "rpc" ? `http://${prim.rpcAddress}` : prim.httpUrl;
    const flags = ["--protocol", protocol, ...(door === "rpc" ? ["--http2-prior-knowledge"] : [])];
    const header = ["-H", `authorization: Bearer ${ann.token}`, "-d", "{}"];
    const command = [...BUF, ...flags, ...header, `${url}/prim.v1.ChatService/Subscribe`];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "ignore" });
    let seen = "";
    for await (const chunk of child.stdout) {
      const before = seen;
      seen += Buffer.from(chunk).toString();
      if (!before.includes("subscribed") && seen.includes("subscribed")) {
        await ann.chat.send(
          { to: { case: "channel", value: "room:101" }, msg: "now" },
          { headers: ann.headers },
        );
      }
      if (seen.includes('"now"')) break;
    }
    expect(seen).toContain('"now"');
    child.kill();
    await child.exited;
    expect(await ann.ended).toMatchObject({ reason: "REPLACED" });
  }, 15_000);
});
