import { expect, test } from "bun:test";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { RegistryInMemory } from "../../test/cluster/registry-in-memory.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import type { NodeId } from "../base/ids.ts";
import {
  LIVING_LOOK_MS_MIN,
  PEER_CALL_RETRY_MS_MAX,
  PEER_CALL_RETRY_MS_MIN,
  PEER_CALLS_MAX,
} from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import type { NodeService } from "../gen/prim/v1/node_pb.ts";
import { LivingNodes } from "./living-nodes.ts";
import { PeerCalls } from "./peer-calls.ts";

const [self, b, c] = ["node-a", "node-b", "node-c"] as unknown as [NodeId, NodeId, NodeId];
/** Calls of these tests answer by themselves. */
const nobody = {} as Client<typeof NodeService>;

async function bed() {
  const clock = new FakeClock();
  const registry = new RegistryInMemory(clock);
  const living = new LivingNodes(self, { registry, clock, logger: silentLogger }, 10_000);
  for (const nodeId of [self, b, c]) {
    await registry.renew(
      {
        nodeId,
        rpcAddress: nodeId,
        version: "test",
        linkVersions: [1, 1],
        status: "serving",
        startedAt: 0,
        generation: 1,
        load: { connections: 0, sessions: 0 },
      },
      1_000_000,
    );
  }
  await living.look();
  const asked: NodeId[] = [];
  const calls = new PeerCalls({
    self,
    living,
    clientOf: ({ nodeId }) => {
      asked.push(nodeId);
      return nobody;
    },
    clock,
    random: () => 0.999,
    logger: silentLogger,
  });
  return { clock, registry, living, calls, asked };
}

const fail = (code: Code) => () => Promise.reject(new ConnectError("failed", code));

test("askAll() gathers answers, leaves this node out, and names who is silent", async () => {
  const { calls } = await bed();
  let count = 0;
  const outcome = await calls.askAll(
    [self, b, c],
    (_client, { timeoutMs }) => {
      count += 1;
      return count === 1 ? Promise.resolve(timeoutMs) : fail(Code.DeadlineExceeded)();
    },
    700,
  );
  expect(outcome).toEqual({ answers: [{ nodeId: b, answer: 700 }], silent: [c] });
});

test("askOthers() asks all that live; with nobody there the answer is empty", async () => {
  const { calls, registry, living, clock } = await bed();
  expect((await calls.askOthers(async () => 1, 1_000)).answers.length).toBe(2);
  registry.expire(b);
  registry.expire(c);
  const look = living.look();
  clock.advance(LIVING_LOOK_MS_MIN);
  await look;
  expect(await calls.askOthers(async () => 1, 1_000)).toEqual({ answers: [], silent: [] });
  // A dead one has nothing to say, and is not silent.
  clock.advance(LIVING_LOOK_MS_MIN);
  expect(await calls.askAll([b], async () => 1, 1_000)).toEqual({ answers: [], silent: [] });
  clock.advance(LIVING_LOOK_MS_MIN);
  await expect(calls.ask(b, async () => 1, 1_000)).rejects.toMatchObject({ code: "not_found" });
});

test("a peer that did not answer is left alone, then tried with one call at a time, with waits that grow", async () => {
  const { calls, clock, asked } = await bed();
  await calls.askAll([b], fail(Code.Unavailable), 1_000);
  expect(await calls.askAll([b], async () => 1, 1_000)).toEqual({ answers: [], silent: [b] });
  expect(asked.length).toBe(1);
  clock.advance(PEER_CALL_RETRY_MS_MIN);
  const slow = Promise.withResolvers<number>();
  const trial = calls.askAll([b], () => slow.promise, 1_000);
  expect((await calls.askAll([b], async () => 1, 1_000)).silent).toEqual([b]);
  slow.reject(new ConnectError("gone", Code.Aborted));
  await trial;
  clock.advance(PEER_CALL_RETRY_MS_MIN);
  expect((await calls.askAll([b], async () => 1, 1_000)).silent).toEqual([b]);
  expect(asked.length).toBe(2);
  clock.advance(PEER_CALL_RETRY_MS_MAX);
  expect((await calls.askAll([b], async () => 1, 1_000)).answers.length).toBe(1);
  // One answer, and it is a peer like any other.
  expect((await calls.askAll([b, b, b], async () => 1, 1_000)).answers.length).toBe(3);
});

test("an error that the peer itself tells is an answer of its own, and no reason to leave it alone", async () => {
  const { calls } = await bed();
  await expect(calls.ask(b, fail(Code.InvalidArgument), 1_000)).rejects.toMatchObject({
    code: Code.InvalidArgument,
  });
  expect(await calls.ask(b, async () => "well", 1_000)).toBe("well");
});

test("one call more than a peer may have at once finds it silent", async () => {
  const { calls } = await bed();
  const gate = Promise.withResolvers<number>();
  const under = Array.from({ length: PEER_CALLS_MAX }, () => calls.ask(b, () => gate.promise, 1_000));
  await expect(calls.ask(b, async () => 1, 1_000)).rejects.toMatchObject({ code: "unavailable" });
  expect(await calls.ask(c, async () => 2, 1_000)).toBe(2);
  gate.resolve(3);
  expect(new Set(await Promise.all(under))).toEqual(new Set([3]));
  expect(await calls.ask(b, async () => 4, 1_000)).toBe(4);
});

test("a node that was dead at the last look is looked for once more, and asked if it is back", async () => {
  const { calls, registry, living, clock, asked } = await bed();
  const [record] = (await registry.list()).living.filter(({ nodeId }) => nodeId === b);
  registry.expire(b);
  const look = living.look();
  clock.advance(LIVING_LOOK_MS_MIN);
  await look;
  expect(living.dead.has(b)).toBe(true);

  const ask = () => {
    clock.advance(LIVING_LOOK_MS_MIN);
    return calls.askAll([b], async () => 1, 1_000);
  };
  expect(await ask()).toEqual({ answers: [], silent: [] });
  if (record !== undefined) await registry.renew(record, 1_000_000);
  expect((await ask()).answers).toEqual([{ nodeId: b, answer: 1 }]);
  expect(asked).toEqual([b]);
});
