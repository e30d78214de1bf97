import { expect, test } from "bun:test";
import { FakeClock } from "../../../test/fake-clock.ts";
import type { AppPlatform, ChannelId, UserId } from "../../base/ids.ts";
import { STREAM_BATCH_MAX } from "../../base/limits.ts";
import type { Push } from "../../core/pushes.ts";
import { Session } from "../../core/session.ts";
import { StreamConnection } from "./stream-connection.ts";
import { parcelOf, StreamFanout } from "./stream-fanout.ts";

const lobby = "room:101" as ChannelId;
const typing: Push = {
  kind: "typing",
  channel: lobby,
  from: "ann" as UserId,
  appPlatform: 101 as AppPlatform,
};
const { bytes } = parcelOf(typing);

function open(backlogBytesMax = 1_000_000) {
  const clock = new FakeClock();
  const fanout = new StreamFanout();
  const ended: (string | undefined)[] = [];
  const connection = new StreamConnection({
    remoteAddress: "192.0.2.1",
    backlogBytesMax,
    heartbeatMs: 15_000,
    fanout,
    clock,
    onEnded: ({ ending }) => ended.push(ending?.reason),
  });
  const session = new Session(1, connection, clock.now());
  connection.attach(session);
  const controller = new AbortController();
  return {
    clock,
    fanout,
    connection,
    session,
    controller,
    ended,
    reading: connection.read(controller.signal),
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("read() gives what is ready together, and takes a reader's pull for a sign of life", async () => {
  const { clock, fanout, connection, session, reading } = open();
  connection.subscribe(lobby);
  const first = reading.next();
  for (let count = 0; count < 3; count += 1) fanout.publish(lobby, typing);
  expect((await first).value).toHaveLength(3);
  expect(connection.backlogBytes).toBe(0);
  clock.advance(60_000);
  expect(session.heardAt).toBe(clock.now() - 60_000);
  void reading.next();
  expect(session.heardAt).toBe(clock.now());
});

test("read() gives at most so many at once", async () => {
  const { connection, reading } = open();
  for (let count = 0; count <= STREAM_BATCH_MAX; count += 1) connection.push(typing);
  expect((await reading.next()).value).toHaveLength(STREAM_BATCH_MAX);
  expect((await reading.next()).value).toHaveLength(1);
});

test("read() gives an empty batch after each heartbeat time", async () => {
  const { clock, reading } = open();
  for (let count = 0; count < 2; count += 1) {
    const next = reading.next();
    clock.advance(15_000);
    expect(await next).toEqual({ done: false, value: [] });
  }
});

test("read() ends with the call, and lets go of it", async () => {
  const { controller, reading } = open();
  const next = reading.next();
  controller.abort();
  expect((await next).done).toBe(true);
});

test("a backlog at the bound is kept, one push more ends the connection with TOO_SLOW", async () => {
  const { connection, fanout, reading, ended } = open(bytes * 3);
  connection.subscribe(lobby);
  expect(connection.push(typing)).toBe(true);
  expect(connection.push(typing)).toBe(false);
  const drained = connection.drained();
  fanout.publish(lobby, typing);
  expect([connection.backlogBytes, connection.ending]).toEqual([bytes * 3, undefined]);
  fanout.publish(lobby, typing);
  await drained;
  expect([connection.backlogBytes, fanout.channelCount]).toEqual([0, 0]);
  expect(ended).toEqual([]);
  await nextTurn();
  expect(ended).toEqual(["TOO_SLOW"]);
  connection.subscribe(lobby);
  connection.push(typing);
  await expect(reading.next()).rejects.toMatchObject({ reason: "TOO_SLOW" });
});

test("close() lets what waits be read, then tells why, once", async () => {
  const { connection, reading, ended } = open();
  connection.push(typing);
  connection.close("kicked", "out");
  connection.close("draining");
  expect((await reading.next()).value).toHaveLength(1);
  await expect(reading.next()).rejects.toMatchObject({ reason: "KICKED", message: "out" });
  await nextTurn();
  expect(ended).toEqual(["KICKED"]);
});

test("detach() leaves nothing behind, and wakes who waits for the reader", async () => {
  const { connection, fanout } = open();
  connection.subscribe(lobby);
  connection.push(typing);
  const drained = connection.drained();
  connection.detach();
  await drained;
  expect([fanout.channelCount, connection.backlogBytes]).toEqual([0, 0]);
});
