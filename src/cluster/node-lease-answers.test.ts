import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import { PrimError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { silentLogger } from "../base/logger.ts";
import type { NodeRecord } from "../core/node-registry.ts";
import { NodeLease } from "./node-lease.ts";

const LEASE_MS = 3_000;
const PERIOD_MS = LEASE_MS / 3;

/** A lease whose renewals the test answers, one by one. */
function setUp() {
  const clock = new FakeClock();
  const asked: { readonly record: NodeRecord; readonly answer: PromiseWithResolvers<boolean> }[] = [];
  let regained = 0;
  const lease = new NodeLease(
    {
      registry: {
        renew(record) {
          const answer = Promise.withResolvers<boolean>();
          asked.push({ record, answer });
          return answer.promise;
        },
        async release() {},
      },
      clock,
      logger: silentLogger,
      describe: () => ({
        nodeId: "a" as NodeId,
        rpcAddress: "10.0.0.1:9001",
        version: "0.1.0",
        linkVersions: [1, 1],
        status: "serving",
        startedAt: 0,
        load: { connections: 0, sessions: 0 },
      }),
      onRegained: () => {
        regained += 1;
      },
    },
    LEASE_MS,
  );
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const reply = async (index: number, answer: boolean | PrimError) => {
    const call = asked[index];
    if (call === undefined) throw new Error(`Renewal ${index} was not asked for`);
    if (answer instanceof PrimError) call.answer.reject(answer);
    else call.answer.resolve(answer);
    await settle();
  };
  const pass = async (durationMs: number) => {
    clock.advance(durationMs);
    await settle();
  };
  const start = async () => {
    const starting = lease.start();
    await reply(0, false);
    await starting;
  };
  return { lease, asked, start, reply, pass, regainedTimes: () => regained };
}

test("NodeLease counts a new generation when the registry has a new lease for it", async () => {
  const { lease, asked, start, reply, pass, regainedTimes } = setUp();
  await start();
  await pass(PERIOD_MS);
  await reply(1, true);
  expect(regainedTimes()).toBe(0);
  await pass(PERIOD_MS);
  await reply(2, false);
  await reply(3, true);
  expect(regainedTimes()).toBe(1);
  expect(lease.generation).toBe(2);
  expect(asked.map(({ record }) => record.generation)).toEqual([1, 1, 1, 2]);
});

test("NodeLease remembers a new lease when telling its generation fails", async () => {
  const { lease, start, reply, pass, regainedTimes } = setUp();
  await start();
  await pass(PERIOD_MS);
  await reply(1, false);
  await reply(2, new PrimError("unavailable", "Cannot use Redis: it is away"));
  expect(regainedTimes()).toBe(0);
  await pass(PERIOD_MS);
  await reply(3, true);
  expect(regainedTimes()).toBe(1);
  expect(lease.generation).toBe(2);
});
