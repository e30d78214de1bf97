/** Whose address a session has, over all wires of a real prim: the header's only if a trusted proxy handed it over. */
import { expect, test } from "bun:test";
import { createClient, type Interceptor } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { OpsService } from "../src/gen/prim/v1/ops_pb.ts";
import { PrimProcess } from "./prim-process.ts";
import { openStream } from "./rpc/stream-client.ts";
import { openWebSocket } from "./rpc/web-socket-client.ts";

const CLIENT = "2001:db8::7";
const HEADERS = { "x-forwarded-for": `198.51.100.7, ${CLIENT}, 10.1.1.1`, "x-real-ip": "198.51.100.8" };

/** The addresses of four sessions, each on its own wire, that send the headers; and that of the request in the log. */
async function addresses(prim: PrimProcess): Promise<string[]> {
  const forward: Interceptor = (next) => (request) => {
    for (const [name, value] of Object.entries(HEADERS)) request.header.set(name, value);
    return next(request);
  };
  const interceptors = [forward];
  const [web, grpc] = [prim.httpUrl, `http://${prim.rpcAddress}`];
  await using _acc = await openWebSocket(prim.webSocketUrl, "1", { headers: HEADERS });
  const transports = [
    createConnectTransport({ baseUrl: web, httpVersion: "1.1", interceptors }),
    createGrpcWebTransport({ baseUrl: web, httpVersion: "2", interceptors }),
    createGrpcTransport({ baseUrl: grpc, interceptors }),
  ] as const;
  await using _connect = await openStream("", "2", { transport: transports[0] });
  await using _grpcWeb = await openStream("", "3", { transport: transports[1] });
  await using _grpc = await openStream("", "4", { transport: transports[2] });
  const ops = createClient(OpsService, createGrpcTransport({ baseUrl: grpc }));
  const { sessions } = await ops.listSessions({});
  await fetch(`${web}/user/list`, { headers: HEADERS });
  const line = await prim.line("stderr", (text) => text.includes("/user/list"), "the logged request");
  const { remoteAddress } = JSON.parse(line) as { remoteAddress: string };
  const sorted = sessions.toSorted((one, other) => one.userId.localeCompare(other.userId));
  return [...sorted.map((session) => session.remoteAddress), remoteAddress];
}

test.each([
  ["nobody", [], "127.0.0.1"],
  ["another machine", ["--trusted-proxies", "192.0.2.1"], "127.0.0.1"],
  ["the peer", ["--trusted-proxies", "127.0.0.1"], "10.1.1.1"],
  ["the peer and the hop before it", ["--trusted-proxies", "127.0.0.1,10.0.0.0/8"], CLIENT],
] as const)("with trust in %s", async (_, args, expected) => {
  const prim = await PrimProcess.start({ dataDir: "none", args });
  try {
    expect(await addresses(prim)).toEqual(Array<string>(5).fill(expected));
  } finally {
    await prim.stop();
  }
});
