import { afterAll, expect, test } from "bun:test";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { ChatService } from "../../src/gen/prim/v1/chat_service_pb.ts";
import { within } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { PrimProcess } from "../prim-process.ts";
import { sharedRedisServer } from "../redis/redis-server.ts";

const ROOM = "room:101";

describeWith("redis-server", "a login over RPC", () => {
  const redis = sharedRedisServer();
  const running: PrimProcess[] = [];
  afterAll(() => Promise.all(running.map((prim) => prim.stop())));

  async function startTwo(): Promise<[home: PrimProcess, other: PrimProcess]> {
    const args = ["--redis-url", `redis://127.0.0.1:${(await redis()).port}`];
    const both = await Promise.all([PrimProcess.start({ args }), PrimProcess.start({ args })]);
    running.push(...both);
    return both as [PrimProcess, PrimProcess];
  }

  const wires: readonly [name: string, make: (prim: PrimProcess) => Transport][] = [
    ["gRPC", ({ rpcAddress }) => createGrpcTransport({ baseUrl: `http://${rpcAddress}` })],
    ["Connect", ({ httpUrl }) => createConnectTransport({ baseUrl: httpUrl, httpVersion: "1.1" })],
    ["gRPC-Web", ({ httpUrl }) => createGrpcWebTransport({ baseUrl: httpUrl, httpVersion: "1.1" })],
  ];

  test("is good on every node, for calls and for the stream, over each protocol", async () => {
    const [home, other] = await startTwo();
    for (const [name, make] of wires) {
      const [atHome, elsewhere] = [
        createClient(ChatService, make(home)),
        createClient(ChatService, make(other)),
      ];
      const options = await logIn(atHome, `ann ${name}`);
      const aborter = new AbortController();
      const stream = elsewhere.subscribe({}, { ...options, signal: aborter.signal })[Symbol.asyncIterator]();
      await within(stream.next(), "the stream to begin");
      const sent = await elsewhere.send({ to: { case: "channel", value: ROOM }, msg: name }, options);
      const history = await atHome.history({ channel: ROOM, limit: 1 }, options);
      expect(history.messages[0]?.offset).toBe(sent.offset);
      let heard = "";
      while (!heard.includes(name))
        heard += JSON.stringify((await within(stream.next(), "a push")).value, plain);
      const refusal = await elsewhere
        .history({ channel: "room:elsewhere" }, options)
        .catch((error: unknown) => ConnectError.from(error).code);
      expect(refusal).toBe(Code.PermissionDenied);
      aborter.abort();
    }
  });

  test("is over when its node is gone: the other one says so", async () => {
    const [home, other] = await startTwo();
    const options = await logIn(
      createClient(ChatService, createConnectTransport({ baseUrl: home.httpUrl, httpVersion: "1.1" })),
      "bob",
    );
    await home.kill9();
    const elsewhere = createClient(
      ChatService,
      createConnectTransport({ baseUrl: other.httpUrl, httpVersion: "1.1" }),
    );
    const failure = await elsewhere
      .history({ channel: ROOM }, options)
      .catch((error: unknown) => ConnectError.from(error).code);
    expect(failure).toBe(Code.Unauthenticated);
  });
});

async function logIn(client: Client<typeof ChatService>, userId: string) {
  const { token } = await client.login({ userId, appPlatform: 101 });
  return { headers: { authorization: `Bearer ${token}` } };
}

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
