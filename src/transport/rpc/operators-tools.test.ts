/** What operators use, against a real port: grpcurl (grpc-go) and `buf curl` (connect-go). */
import { describe, expect, test } from "bun:test";
import { describeWith } from "../../../test/parts.ts";
import { eventually, openRpc } from "../../../test/rpc/rpc-fixture.ts";
import { OpsService } from "../../gen/prim/v1/ops_pb.ts";
import { PushService } from "../../gen/prim/v1/push_pb.ts";

const BUF = [process.execPath, "--bun", "node_modules/.bin/buf"];
const SERVICES = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  OpsService.typeName,
  PushService.typeName,
];

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

describeWith("grpcurl", "grpcurl", (path) => {
  const grpcurl = (...args: string[]): Promise<Ran> => run([path, "-plaintext", ...args]);

  test("lists services and methods", async () => {
    await using rpc = await openRpc();
    expect((await grpcurl(rpc.address, "list")).stdout.trim().split("\n")).toEqual(SERVICES);
    const methods = await grpcurl(rpc.address, "list", "prim.v1.PushService");
    expect(methods.stdout).toContain("prim.v1.PushService.SendToUsers\n");
  });

  test("describes services, methods, messages, fields, enums and rules", async () => {
    await using rpc = await openRpc();
    for (const symbol of [
      ...SERVICES,
      "prim.v1.OpsService.WatchState",
      "prim.v1.SendToUserRequest",
      "prim.v1.SendToUserRequest.user_id",
      "prim.v1.NodeStatus",
      "prim.v1.NODE_STATUS_SERVING",
      "grpc.health.v1.HealthCheckResponse.ServingStatus",
      "google.protobuf.FieldOptions",
    ]) {
      const { stdout, stderr, exitCode } = await grpcurl(rpc.address, "describe", symbol);
      expect(stderr).toBe("");
      expect(exitCode).toBe(0);
      expect(stdout).toContain(" is ");
    }
    const request = await grpcurl(rpc.address, "describe", "prim.v1.SendToUserRequest");
    expect(request.stdout).toMatch(/max_bytes: ?64/);
    expect((await grpcurl(rpc.address, "describe", "prim.v1.Nothing")).stderr).toContain("Symbol not found");
  }, 30_000);

  test("calls a method without any proto file", async () => {
    await using rpc = await openRpc();
    const body = JSON.stringify({ user_id: "马远", content: { msg: "hello" } });
    const { stdout } = await grpcurl("-d", body, rpc.address, "prim.v1.PushService/SendToUser");
    expect(JSON.parse(stdout)).toEqual({ receipt: { id: "马远" }, online: true });
  });

  test("shows why a call failed, in details", async () => {
    await using rpc = await openRpc();
    const nobody = JSON.stringify({ user_id: "nobody", content: {} });
    const known = await grpcurl("-d", nobody, rpc.address, "prim.v1.PushService/SendToUser");
    expect(known.stderr).toContain("Code: InvalidArgument");
    expect(known.stderr).toContain("ILLEGAL_USER_ID");
    const invalid = await grpcurl("-d", '{"user_id": ""}', rpc.address, "prim.v1.PushService/SendToUser");
    expect(invalid.stderr).toContain("Code: InvalidArgument");
    expect(invalid.stderr).toContain("google.rpc.BadRequest");
    expect(invalid.stderr).toContain("INVALID_REQUEST");
  });

  test("asks for health: Check, an unknown service, List", async () => {
    await using rpc = await openRpc();
    rpc.health.set(OpsService.typeName, false);
    const check = (service: string) =>
      grpcurl("-d", JSON.stringify({ service }), rpc.address, "grpc.health.v1.Health/Check");
    expect(JSON.parse((await check("")).stdout)).toEqual({ status: "SERVING" });
    expect(JSON.parse((await check(OpsService.typeName)).stdout)).toEqual({ status: "NOT_SERVING" });
    expect((await check("prim.v1.Nothing")).stderr).toContain("Code: NotFound");
    const { stdout } = await grpcurl(rpc.address, "grpc.health.v1.Health/List");
    expect(JSON.parse(stdout).statuses[OpsService.typeName]).toEqual({ status: "NOT_SERVING" });
  });

  test("watches health while it changes, until the node drains", async () => {
    await using rpc = await openRpc();
    const command = [path, "-plaintext", rpc.address, "grpc.health.v1.Health/Watch"];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
    let seen = "";
    const reading = (async () => {
      for await (const chunk of child.stdout) seen += Buffer.from(chunk).toString();
    })();
    const count = (status: string) => seen.split(`"${status}"`).length - 1;
    await eventually(() => count("SERVING") === 1);
    rpc.health.set("", false);
    await eventually(() => count("NOT_SERVING") === 1);
    rpc.health.set("", true);
    await eventually(() => count("SERVING") === 2);
    await rpc.drain(2_000);
    await reading;
    expect(await new Response(child.stderr).text()).toContain("Code: Unavailable");
  });
});

describe("buf curl", () => {
  const URL_PATH = "/prim.v1.PushService/SendToUser";
  const body = JSON.stringify({ userId: "ann", content: { msg: "hello" } });

  test.each(["grpc-v1", "grpc-v1alpha"])(
    "learns the methods by reflection %s",
    async (version) => {
      await using rpc = await openRpc();
      const reflect = ["--reflect", "--reflect-protocol", version, "--http2-prior-knowledge"];
      const { stdout, stderr } = await run([...BUF, "curl", ...reflect, "--list-methods", rpc.baseUrl]);
      expect(stderr).toBe("");
      expect(stdout).toContain("prim.v1.OpsService/WatchState\n");
    },
    20_000,
  );

  test.each(["grpc", "grpcweb", "connect"])(
    "calls and is refused by protocol %s",
    async (protocol) => {
      await using rpc = await openRpc();
      const curl = [...BUF, "curl", "--http2-prior-knowledge", "--protocol", protocol];
      const { stdout } = await run([...curl, "-d", body, `${rpc.baseUrl}${URL_PATH}`]);
      expect(JSON.parse(stdout)).toEqual({ receipt: { id: "ann" }, online: true });
      const refused = await run([
        ...curl,
        "-d",
        '{"userId": "nobody", "content": {}}',
        `${rpc.baseUrl}${URL_PATH}`,
      ]);
      const { code, details } = JSON.parse(refused.stderr);
      expect(code).toBe("invalid_argument");
      expect(details[0].type).toBe("google.rpc.ErrorInfo");
      expect(Buffer.from(details[0].value, "base64").toString()).toContain("ILLEGAL_USER_ID");
    },
    20_000,
  );
});
