/** Against a real AccServer of another make. */
import { afterEach, expect, test } from "bun:test";
import { eventually } from "../../test/deadline.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { type AccRequest, AccServer } from "../../test/interop/acc-server.ts";
import {
  OLD_NODE_FAILURES_MAX,
  OLD_NODE_QUESTIONS_MAX,
  OLD_NODE_QUEUE_CHARS_MAX,
  OLD_NODE_QUEUE_MAX,
  OLD_NODE_REST_MS,
} from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import { OldNode, type Posted } from "./old-node.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

async function open(
  answer: (request: AccRequest) => Promise<{ retCode: number; userID?: string[] }>,
  port = 0,
) {
  const server = await AccServer.listen(
    { QueryUsersOnline: answer, SendMsg: answer, SendMsgAll: answer, GetUserList: answer },
    port,
  );
  const clock = new FakeClock();
  const node = new OldNode(`127.0.0.1:${server.port}`, { clock, log: silentLogger });
  opened.push(
    () => node.close(),
    () => server.kill(),
  );
  return { server, clock, node };
}

function message(lane: string, msg: string, chars = msg.length): Posted {
  return { lane, chars, call: (client, options) => client.sendMsgAll({ appID: 101, msg }, options) };
}

test("posted calls of one lane arrive in their order, one after the other", async () => {
  const arrived: string[] = [];
  let atOnce = 0;
  let atOnceMost = 0;
  const { node } = await open(async ({ msg }) => {
    atOnce += 1;
    atOnceMost = Math.max(atOnceMost, atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
    arrived.push(msg);
    return { retCode: 200 };
  });
  const texts = Array.from({ length: 50 }, (_, index) => String(index));
  for (const text of texts) node.post(message("room:101", text));
  await node.idle();
  expect(arrived).toEqual(texts);
  expect(atOnceMost).toBe(1);
});

test("a lane whose call hangs holds no other lane up", async () => {
  const arrived: string[] = [];
  const { node } = await open(({ msg }) => {
    arrived.push(msg);
    return msg === "hangs" ? new Promise(() => {}) : Promise.resolve({ retCode: 200 });
  });
  node.post(message("a", "hangs"));
  node.post(message("a", "waits"));
  node.post(message("b", "passes"));
  await eventually(
    () => arrived.length,
    (count) => count === 2,
    "two calls",
  );
  expect(arrived.toSorted()).toEqual(["hangs", "passes"]);
});

test("calls that find no room are dropped: too many of them", async () => {
  const { node } = await open(async () => ({ retCode: 200 }));
  // The first is under way and waits no more.
  for (let index = 0; index < OLD_NODE_QUEUE_MAX + 1; index++) node.post(message("a", "", 0));
  expect(node.dropped).toBe(0);
  node.post(message("a", "", 0));
  expect(node.dropped).toBe(1);
});

test("calls that find no room are dropped: too long", async () => {
  const { node } = await open(async () => ({ retCode: 200 }));
  node.post(message("a", "", 0));
  node.post(message("a", "", OLD_NODE_QUEUE_CHARS_MAX));
  node.post(message("a", "", 0));
  expect(node.dropped).toBe(0);
  node.post(message("a", "", 1));
  expect(node.dropped).toBe(1);
});

test("a refusal by the other end is an answer, and no failure", async () => {
  const { node } = await open(async () => ({ retCode: 1004 }));
  for (let index = 0; index < 2 * OLD_NODE_FAILURES_MAX; index++) node.post(message("a", ""));
  await node.idle();
  expect(await node.ask((client, options) => client.getUserList({}, options))).toMatchObject({
    retCode: 1004,
  });
  expect(node.dropped).toBe(0);
});

test("questions beyond their bound are not asked", async () => {
  let asked = 0;
  const { node } = await open(() => {
    asked += 1;
    return new Promise(() => {});
  });
  const question = () => node.ask((client, options) => client.getUserList({ appID: 101 }, options));
  const answers = Array.from({ length: OLD_NODE_QUESTIONS_MAX }, question);
  expect(await question()).toBeUndefined();
  // Each of them ends with its deadline.
  expect(new Set(await Promise.all(answers))).toEqual(new Set([undefined]));
  expect(asked).toBe(OLD_NODE_QUESTIONS_MAX);
});

test("a node that is gone is left alone, and found again when it is back", async () => {
  const { server, clock, node } = await open(async () => ({ retCode: 200 }));
  const question = () => node.ask((client, options) => client.getUserList({ appID: 101 }, options));
  expect(await question()).toBeDefined();
  server.kill();
  for (let index = 0; index < OLD_NODE_FAILURES_MAX; index++) expect(await question()).toBeUndefined();
  node.post(message("a", "lost"));
  expect(node.dropped).toBe(1);
  const arrived: string[] = [];
  await open(async ({ msg }) => {
    // Questions come without one.
    if (msg !== undefined) arrived.push(msg);
    return { retCode: 200 };
  }, server.port);
  expect(await question()).toBeUndefined();
  clock.advance(OLD_NODE_REST_MS);
  node.post(message("a", "found"));
  await node.idle();
  expect(arrived).toEqual(["found"]);
  expect(await question()).toBeDefined();
});
