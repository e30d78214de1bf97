import { expect, test } from "bun:test";
import { FakeChat } from "../../test/fake-chat.ts";
import { HeartbeatSweep } from "./heartbeat-sweep.ts";

test("HeartbeatSweep ends the sessions that said nothing for the heartbeat time, and no others", async () => {
  const world = new FakeChat();
  const [silent, alive] = [await world.login("silent"), await world.login("alive")];
  const sweep = new HeartbeatSweep(world.hub, world.clock, 10_000);
  sweep.start();
  world.clock.advance(9_000);
  alive.session.heardAt = world.clock.now();
  expect(silent.connection.closed).toEqual([]);
  world.clock.advance(1_000);
  expect(silent.connection.closed).toEqual(["heartbeat_timeout"]);
  expect(alive.connection.closed).toEqual([]);
  sweep.stop();
  world.clock.advance(60_000);
  expect(alive.connection.closed).toEqual([]);
});
