import { describe, expect, test } from "bun:test";
import http2 from "node:http2";
import { text } from "node:stream/consumers";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { $ } from "bun";
import { describeWith } from "../../../test/parts.ts";
import { eventually, keepingLogger, openRpc, type RpcFixture } from "../../../test/rpc/rpc-fixture.ts";
import { systemClock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import {
  RPC_HEADER_BYTES_MAX,
  RPC_MESSAGE_BYTES_MAX,
  RPC_STREAMS_PER_CONNECTION_MAX,
} from "../../base/limits.ts";
import { silentLogger } from "../../base/logger.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { OpsService } from "../../gen/prim/v1/ops_pb.ts";
import { PushService } from "../../gen/prim/v1/push_pb.ts";
import { TrustedProxies } from "../trusted-proxies.ts";
import { RpcServer } from "./rpc-server.ts";

const content = { msg: "hello" };

/** A gRPC call by hand, and its one message: period_ms 60,000. */
const WATCH_STATE = {
  ":method": "POST",
  ":path": "/prim.v1.OpsService/WatchState",
  "content-type": "application/grpc",
  te: "trailers",
};
const EACH_MINUTE = Buffer.from([0, 0, 0, 0, 4, 0x08, 0xe0, 0xd4, 0x03]);

function pushClient(rpc: RpcFixture) {
  return createClient(PushService, createGrpcTransport({ baseUrl: rpc.baseUrl }));
}

function opsClient(rpc: RpcFixture) {
  return createClient(OpsService, createGrpcTransport({ baseUrl: rpc.baseUrl }));
}

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  return call.then(
    () => Promise.reject(new Error("The call did not fail")),
    (error) => ConnectError.from(error),
  );
}

describe("calls", () => {
  test("are served as gRPC, gRPC-Web and Connect on one port", async () => {
    await using rpc = await openRpc();
    const { baseUrl } = rpc;
    for (const transport of [
      createGrpcTransport({ baseUrl }),
      createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
      createConnectTransport({ baseUrl, httpVersion: "2" }),
    ]) {
      const response = await createClient(PushService, transport).sendToUser({ userId: "ann", content });
      expect(response.receipt?.id).toBe("ann");
    }
  });

  test("that fail carry the reason; a bug is told as internal and logged with its cause", async () => {
    const log = keepingLogger();
    await using rpc = await openRpc({ log });
    const known = await failureOf(pushClient(rpc).sendToUser({ userId: "nobody", content }));
    expect(known.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "ILLEGAL_USER_ID", domain: "prim" }]);
    const bug = await failureOf(pushClient(rpc).sendToUser({ userId: "bug", content }));
    expect(bug.code).toBe(Code.Internal);
    expect(bug.rawMessage).toBe("Internal error");
    const [line] = log.lines.filter(({ level }) => level === "error");
    expect(line?.message).toBe("rpc call failed");
    expect(line?.fields).toMatchObject({ method: "prim.v1.PushService/SendToUser", code: "Internal" });
    expect(line?.fields["error"]).toBeInstanceOf(TypeError);
  });

  test("to what is not there are unimplemented", async () => {
    await using rpc = await openRpc();
    expect((await failureOf(opsClient(rpc).getState({}))).code).toBe(Code.Unimplemented);
    const transport = createGrpcTransport({ baseUrl: `${rpc.baseUrl}/elsewhere` });
    expect((await failureOf(createClient(PushService, transport).kick({}))).code).toBe(Code.Unimplemented);
  });

  test("that outlast their deadline are deadline_exceeded, whatever the implementation does", async () => {
    await using rpc = await openRpc();
    // By hand, since a client library gives up at the deadline by itself.
    const session = http2.connect(rpc.baseUrl);
    const stream = session.request({
      ":method": "POST",
      ":path": "/prim.v1.PushService/SendToUser",
      "content-type": "application/json",
      "connect-protocol-version": "1",
      "connect-timeout-ms": "50",
    });
    stream.end(JSON.stringify({ userId: "slow", content }));
    const answer = JSON.parse(await text(stream));
    expect(answer.code).toBe("deadline_exceeded");
    session.close();
  });

  test("pass the gate before their body is read; health passes without it", async () => {
    const gate = () => {
      throw new PrimError("unauthenticated", "The API key is missing");
    };
    await using rpc = await openRpc({ gate });
    const error = await failureOf(pushClient(rpc).sendToUser({}));
    expect(error.code).toBe(Code.Unauthenticated);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "UNAUTHENTICATED" }]);
    const health = createClient(Health, createGrpcTransport({ baseUrl: rpc.baseUrl }));
    expect((await health.check({})).status).toBe(HealthCheckResponse_ServingStatus.SERVING);
  });
});

describe("streams", () => {
  test("that are cancelled while the client does not read end on the server", async () => {
    await using rpc = await openRpc({ floodBytes: 100_000 });
    const session = http2.connect(rpc.baseUrl);
    const stream = session.request(WATCH_STATE);
    stream.on("error", () => {});
    stream.end(EACH_MINUTE);
    await new Promise((resolve) => stream.once("response", resolve));
    expect(rpc.streams()).toBe(1);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await eventually(() => rpc.streams() === 0);
    session.close();
  });

  test("that are opened and cancelled 2,000 times leave the connection and its other calls alone", async () => {
    await using rpc = await openRpc();
    const ops = opsClient(rpc);
    const push = pushClient(rpc);
    const canceled: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round += 1) {
      const controllers = Array.from({ length: 100 }, () => new AbortController());
      for (const { signal } of controllers) {
        canceled.push(failureOf(drainOf(ops.watchState({ periodMs: 60_000 }, { signal }))));
      }
      await eventually(() => rpc.streams() === 100);
      for (const controller of controllers) controller.abort();
      await eventually(() => rpc.streams() === 0);
      expect((await push.sendToUser({ userId: "ann", content })).online).toBe(true);
    }
    expect(await Promise.all(canceled)).toHaveLength(2_000);
    expect(rpc.server.connections).toBe(2);
  });
});

describe("bounds", () => {
  test("a request that is too large is refused, and other calls of both sides go on", async () => {
    await using rpc = await openRpc();
    const push = pushClient(rpc);
    const other = pushClient(rpc);
    const during = [
      push.sendToUser({ userId: "slow", content }),
      other.sendToUser({ userId: "slow", content }),
    ];
    const large = { userId: "ann", content: { msg: "x".repeat(RPC_MESSAGE_BYTES_MAX) } };
    expect((await failureOf(push.sendToUser(large))).code).toBe(Code.ResourceExhausted);
    for (const response of await Promise.all(during)) expect(response.online).toBe(true);
    expect((await push.sendToUser({ userId: "ann", content })).online).toBe(true);
    expect((await other.sendToUser({ userId: "ann", content })).online).toBe(true);
  });

  test("a connection is told how many streams it may have", async () => {
    await using rpc = await openRpc();
    const session = http2.connect(rpc.baseUrl);
    session.on("error", () => {});
    const settings = await new Promise<http2.Settings>((resolve) => session.once("remoteSettings", resolve));
    expect(settings.maxConcurrentStreams).toBe(RPC_STREAMS_PER_CONNECTION_MAX);
    session.close();
  });

  test("who resets streams without end loses that connection, and nobody else does", async () => {
    await using rpc = await openRpc({ bounds: { resetsBurst: 100, resetsPerSecond: 1 } });
    const push = pushClient(rpc);
    await push.sendToUser({ userId: "ann", content });
    const session = http2.connect(rpc.baseUrl);
    session.on("error", () => {});
    const ended = new Promise((resolve) => session.once("close", resolve));
    for (let count = 0; count < 500; count += 1) {
      const stream = session.request(WATCH_STATE);
      stream.on("error", () => {});
      stream.end(EACH_MINUTE);
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    await ended;
    expect((await push.sendToUser({ userId: "ann", content })).online).toBe(true);
  });

  test("one connection more than the port takes is refused, and comes in when there is room", async () => {
    await using rpc = await openRpc({ bounds: { connections: 1 } });
    const first = http2.connect(rpc.baseUrl);
    await new Promise((resolve) => first.once("remoteSettings", resolve));
    expect(
      (await failureOf(pushClient(rpc).sendToUser({ userId: "ann", content }))).code,
    ).not.toBeUndefined();
    first.close();
    await eventually(() => rpc.server.connections === 0);
    expect((await pushClient(rpc).sendToUser({ userId: "ann", content })).online).toBe(true);
  });

  test("headers that are too large are refused, and the connection goes on", async () => {
    await using rpc = await openRpc();
    const push = pushClient(rpc);
    const headers = { "x-large": "x".repeat(2 * RPC_HEADER_BYTES_MAX) };
    await failureOf(push.sendToUser({ userId: "ann", content }, { headers }));
    expect((await push.sendToUser({ userId: "ann", content })).online).toBe(true);
  });
});

describe("listen()", () => {
  test("rejects when the port is taken", async () => {
    await using rpc = await openRpc();
    const options = {
      handlers: [],
      hostname: "127.0.0.1",
      port: rpc.server.port,
      proxies: new TrustedProxies([]),
      log: silentLogger,
      clock: systemClock,
    };
    const error = await RpcServer.listen(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PrimError);
    expect((error as PrimError).code).toBe("unavailable");
    expect((error as PrimError).message).toContain("EADDRINUSE");
  });

  test("survives what is no HTTP/2", async () => {
    await using rpc = await openRpc();
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: rpc.server.port,
      socket: { data() {}, close: () => resolve() },
    });
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await promise;
    expect((await pushClient(rpc).sendToUser({ userId: "ann", content })).online).toBe(true);
  });
});

describeWith("openssl", "with a certificate", () => {
  test("the port speaks TLS, and calls are served over it", async () => {
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"];
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "-"];
    const pem = await $`openssl req -x509 ${newKey} ${subject}`.quiet().text();
    const at = pem.indexOf("-----BEGIN CERTIFICATE");
    await using rpc = await openRpc({ tls: { key: pem.slice(0, at), cert: pem.slice(at) } });
    const transport = createGrpcTransport({ baseUrl: rpc.baseUrl, nodeOptions: { ca: pem.slice(at) } });
    const response = await createClient(PushService, transport).sendToUser({ userId: "ann", content });
    expect(response.online).toBe(true);
    const clear = createGrpcTransport({ baseUrl: rpc.baseUrl.replace("https", "http") });
    await failureOf(
      createClient(PushService, clear).sendToUser({ userId: "ann", content }, { timeoutMs: 1_000 }),
    );
  });
});

describe("stop()", () => {
  test("lets a call finish, ends streams with DRAINING, and refuses who comes then", async () => {
    await using rpc = await openRpc();
    const slow = pushClient(rpc).sendToUser({ userId: "slow", content });
    const stream = failureOf(drainOf(opsClient(rpc).watchState({ periodMs: 60_000 })));
    await eventually(() => rpc.streams() === 1 && rpc.server.connections === 2);
    const stopped = rpc.drain(5_000);
    const error = await stream;
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DRAINING" }]);
    expect((await slow).online).toBe(true);
    await stopped;
    expect(rpc.server.connections).toBe(0);
    expect((await failureOf(pushClient(rpc).sendToUser({ userId: "ann", content }))).code).toBe(
      Code.Unavailable,
    );
  });

  test("breaks off what is not done within the grace, and is the same stop twice", async () => {
    await using rpc = await openRpc();
    const stream = failureOf(drainOf(opsClient(rpc).watchState({ periodMs: 60_000 })));
    await eventually(() => rpc.streams() === 1);
    const startedMs = performance.now();
    const stopped = rpc.server.stop(100);
    expect(rpc.server.stop(60_000)).toBe(stopped);
    await stopped;
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await stream;
    await eventually(() => rpc.streams() === 0);
  });
});

async function drainOf(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}
