/** NodeService as a peer that misbehaves sees it, and who may call it at all. */
import { expect, test } from "bun:test";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { LINK_OPEN_MS_MAX, LINK_SILENCE_MS_MAX } from "../../src/base/limits.ts";
import type { LinkFrame } from "../../src/cluster/link-call.ts";
import { encodeBatch, messageText } from "../../src/cluster/link-items.ts";
import { NodeService } from "../../src/gen/prim/v1/node_pb.ts";
import { eventually, within } from "../deadline.ts";
import { ClusterNode } from "./cluster-node.ts";
import { messageOf } from "./messages.ts";
import { RegistryInMemory } from "./registry-in-memory.ts";

const secret = new RegistryInMemory().theSecret;
/** A node that is alone in its cluster. */
const startNode = () => ClusterNode.start(new RegistryInMemory());

/** A link by hand: frames are sent when the test says so. */
class HandLink {
  readonly answers: string[] = [];
  /** How it ended: the code and the words, or "ok". */
  readonly ended: Promise<string>;
  #frames: LinkFrame[] = [];
  #wake = Promise.withResolvers<void>();
  #done = false;

  constructor(node: ClusterNode, shown: string | null = secret, transport = transportTo(node)) {
    this.ended = this.#run(transport, shown);
  }

  send(...frames: NonNullable<LinkFrame["frame"]>[]): this {
    this.#frames.push(...frames.map((frame) => ({ frame })));
    this.#wake.resolve();
    return this;
  }

  hello(nodeId: string, serial = 1n, versions: readonly [number, number] = [1, 1]): this {
    const [versionOldest, versionNewest] = versions;
    return this.send({
      case: "hello",
      value: { nodeId, versionOldest, versionNewest, generation: 1, serial },
    });
  }

  batch(text: string): this {
    return this.send({ case: "batch", value: Buffer.from(text) });
  }

  /** Sends no more, as in an orderly end of the stream. */
  done(): this {
    this.#done = true;
    this.#wake.resolve();
    return this;
  }

  async until(answer: string): Promise<void> {
    await eventually(
      () => this.answers,
      (answers) => answers.includes(answer),
      `the answer ${answer}`,
    );
  }

  async #run(transport: Transport, shown: string | null): Promise<string> {
    const headers: HeadersInit = shown === null ? {} : { authorization: `Bearer ${shown}` };
    try {
      for await (const { frame } of createClient(NodeService, transport).link(this.#take(), { headers })) {
        this.answers.push(frame.case === "ack" ? `ack ${frame.value.frames}` : String(frame.case));
      }
      return "ok";
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      return `${Code[code]}: ${rawMessage}`;
    }
  }

  async *#take(): AsyncGenerator<LinkFrame> {
    for (;;) {
      for (let next = this.#frames.shift(); next !== undefined; next = this.#frames.shift()) yield next;
      if (this.#done) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }
}

function transportTo(node: ClusterNode): Transport {
  return createGrpcTransport({ baseUrl: `http://${node.rpcAddress}` });
}

const batchOf = (...offsets: number[]) =>
  Buffer.from(encodeBatch(offsets.map((offset) => messageText(messageOf(offset))))).toString();

test("a caller without the secret, or with a wrong one, is refused whatever it asks", async () => {
  await using node = await startNode();
  for (const shown of [null, "", "x", `${secret}x`, secret.slice(1)]) {
    const link = new HandLink(node, shown).hello("x");
    expect(await within(link.ended, "the refusal")).toStartWith("Unauthenticated: ");
    expect(link.answers).toEqual([]);
    const headers: HeadersInit = shown === null ? {} : { authorization: `Bearer ${shown}` };
    const call = createClient(NodeService, transportTo(node)).isOnline(
      { user: { userId: "ann" } },
      { headers },
    );
    await expect(call).rejects.toMatchObject({ code: Code.Unauthenticated });
  }
  expect(node.resyncs).toEqual([]);
});

test("only gRPC is spoken between nodes: pages of browsers can't even try", async () => {
  await using node = await startNode();
  const transport = createConnectTransport({ baseUrl: `http://${node.rpcAddress}`, httpVersion: "2" });
  const headers = { authorization: `Bearer ${secret}` };
  const call = createClient(NodeService, transport).isOnline({ user: { userId: "ann" } }, { headers });
  await expect(call).rejects.toBeInstanceOf(ConnectError);
  const grpc = createClient(NodeService, transportTo(node)).isOnline(
    { user: { userId: "ann" } },
    { headers },
  );
  expect((await grpc).online).toBe(false);
});

test("a hello that can't be taken ends the link with words for it, and is no reason to look at the log", async () => {
  await using node = await startNode();
  const cases: readonly [HandLink, string][] = [
    [new HandLink(node).batch("[]"), "InvalidArgument: Cannot link: the first frame is not a hello"],
    [new HandLink(node).done(), "InvalidArgument: Cannot link: the first frame is not a hello"],
    [new HandLink(node).hello(""), "InvalidArgument: Cannot use the request: hello.node_id"],
    [new HandLink(node).hello("x".repeat(65)), "InvalidArgument: Cannot use the request: hello.node_id"],
    [new HandLink(node).hello("x", 0n), "InvalidArgument: Cannot use the request: hello.serial"],
    [new HandLink(node).hello(node.nodeId), "InvalidArgument: Cannot link a node with itself"],
    [new HandLink(node).hello("x", 1n, [2, 3]), "FailedPrecondition: Cannot link with node"],
    [new HandLink(node).hello("x", 1n, [1, 0]), "InvalidArgument: "],
    [new HandLink(node).send({ case: undefined } as never), "InvalidArgument: Cannot use the request"],
  ];
  for (const [link, words] of cases) expect(await within(link.ended, words)).toStartWith(words);
  expect(node.resyncs).toEqual([]);
});

test("a hello that doesn't come is waited for no longer than its time", async () => {
  await using node = await startNode();
  const startedAt = performance.now();
  expect(await within(new HandLink(node).ended, "the end")).toStartWith("DeadlineExceeded: ");
  expect(performance.now() - startedAt).toBeGreaterThan(LINK_OPEN_MS_MAX - 100);
});

test("a frame that can't be taken ends the link and makes a look at the log; what came before it counts", async () => {
  await using node = await startNode();
  const second = (link: HandLink) => link.hello("x", 2n);
  for (const [at, spoil] of [
    (link: HandLink) => link.batch("no json"),
    (link: HandLink) => link.batch('{"message":1}'),
    (link: HandLink) => link.batch('[{"message":{"channel":"room:1"}}]'),
    (link: HandLink) => link.batch('[{"channel":"room:1","push":{"kind":"unheard-of"}}]'),
    second,
  ].entries()) {
    const link = new HandLink(node).hello(`peer-${at}`).batch(batchOf(at + 1));
    await link.until("ack 1");
    spoil(link);
    expect(await within(link.ended, "the end")).toStartWith("InvalidArgument: Cannot ");
    await eventually(
      () => node.resyncs.length,
      (looks) => looks > at,
      "a look at the log",
    );
  }
  expect(node.messages.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5]);
});

test("a newer link of a peer takes the place of the older one, and makes a look; an older one is refused", async () => {
  await using node = await startNode();
  const older = new HandLink(node).hello("x", 5n);
  await older.until("welcome");
  const newer = new HandLink(node).hello("x", 6n);
  expect(await within(older.ended, "the older to end")).toStartWith("Aborted: ");
  await newer.until("welcome");
  expect(node.resyncs).toEqual(["peer dropped messages"]);
  expect(await within(new HandLink(node).hello("x", 4n).ended, "the oldest to end")).toStartWith("Aborted: ");
  newer.batch(batchOf(1));
  await newer.until("ack 1");
  expect(node.messages.length).toBe(1);
});

test("a link that ends in order but without a goodbye is broken; with one it is not", async () => {
  await using node = await startNode();
  const polite = new HandLink(node).hello("polite").batch(batchOf(1, 2)).send({ case: "goodbye", value: {} });
  expect(await within(polite.done().ended, "its end")).toBe("ok");
  expect(polite.answers.at(-1)).toBe("ack 2");
  expect(node.resyncs).toEqual([]);
  const rude = new HandLink(node).hello("rude").batch(batchOf(3)).done();
  expect(await within(rude.ended, "its end")).toBe("ok");
  await eventually(
    () => node.resyncs,
    (looks) => looks.length > 0,
    "a look at the log",
  );
  expect(node.resyncs).toEqual(["link broken"]);
});

test("a caller that falls silent is given up in time", async () => {
  await using node = await startNode();
  const startedAt = performance.now();
  const link = new HandLink(node).hello("x");
  expect(await within(link.ended, "the end")).toStartWith("DeadlineExceeded: ");
  expect(performance.now() - startedAt).toBeGreaterThan(LINK_SILENCE_MS_MAX - 100);
  expect(node.resyncs).toEqual(["link broken"]);
});

test("many links that come and go leave nothing behind", async () => {
  await using node = await startNode();
  const transport = transportTo(node);
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) {
      const link = new HandLink(node, secret, transport).hello(`peer-${round % 10}`, BigInt(round + 1));
      await link.until("welcome");
      if (round % 2 === 0) link.send({ case: "goodbye", value: {} }).done();
      else link.batch("no json");
      await within(link.ended, "its end");
    }
    Bun.gc(true);
    return process.memoryUsage.rss();
  };
  const before = await rounds(100);
  const after = await rounds(400);
  expect(after - before).toBeLessThan(40 * 1024 * 1024);
}, 60_000);
