/** Calls and cancelled streams leave nothing behind; bench/rpc-leak.ts does the same ten times over. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { cancelledStreams, transportOf, unaryCalls } from "../../bench/harness/rpc-load.ts";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { eventually, startPrim } from "./prim-process.ts";

const MIB = 1024 ** 2;
const AT_ONCE = 32;

test("20,000 unary calls and 500 cancelled streams leave no session, no file and less than 48 MiB", async () => {
  await using prim = await startPrim();
  const addresses = { httpUrl: prim.httpUrl, rpcUrl: `http://${prim.rpcAddress}` };
  const grpc = transportOf("grpc-h2c", addresses);
  const connect = transportOf("connect-h1", addresses);
  const ops = createClient(OpsService, grpc);
  const stateNow = async () => (await ops.getState({})).state;
  const files = () => (existsSync(`/proc/${prim.pid}/fd`) ? readdirSync(`/proc/${prim.pid}/fd`).length : 0);
  const load = async (calls: number, streams: number) => {
    for (const transport of [grpc, connect]) {
      await unaryCalls(transport, { atOnce: AT_ONCE, count: calls / 2 });
      await cancelledStreams(transport, streams / 2, AT_ONCE);
    }
    await eventually(async () => (await stateNow())?.connections === 0n);
  };
  // The runtime compiles, and its heap takes its size: some 60 MiB that do not come again.
  await load(6_000, 200);
  const before = await stateNow();
  const filesBefore = files();
  await load(20_000, 500);
  const after = await stateNow();
  expect(after).toMatchObject({ sessions: 0n, users: 0n, channels: 0n });
  expect(Number((after?.rssBytes ?? 0n) - (before?.rssBytes ?? 0n)) / MIB).toBeLessThan(48);
  expect(files()).toBeLessThan(filesBefore + AT_ONCE);
}, 60_000);
