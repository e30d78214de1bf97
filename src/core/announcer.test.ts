import { describe, expect, test } from "bun:test";
import { FakeChat, lobby } from "../../test/fake-chat.ts";

describe("Announcer", () => {
  test("announces by name up to the bound, and by one frame a period above it", async () => {
    const world = new FakeChat({ announceMax: 3 });
    const first = await world.login("u1");
    for (const name of ["u2", "u3", "u4", "u5"]) await world.login(name);
    expect(first.connection.kinds()).toEqual(["enter", "enter"]);
    world.clock.advance(1_000);
    expect(first.connection.kinds()).toEqual(["enter", "enter", "members"]);
    expect(first.connection.pushes.at(-1)).toMatchObject({ channel: lobby, count: 5, newest: ["u4", "u5"] });
    world.clock.advance(10_000);
    expect(first.connection.kinds()).toHaveLength(3);
  });

  test("names only newcomers who are still there, the newest ten", async () => {
    const world = new FakeChat({ announceMax: 0 });
    const clients = [];
    for (let count = 1; count <= 15; count += 1) clients.push(await world.login(`u${count}`));
    const gone = clients[14];
    if (gone !== undefined) world.chat.disconnect(gone.session);
    world.clock.advance(1_000);
    const frame = clients[0]?.connection.pushes.at(-1);
    expect(frame).toMatchObject({ kind: "members", count: 14 });
    expect(frame?.kind === "members" ? frame.newest : []).toEqual([
      "u6",
      "u7",
      "u8",
      "u9",
      "u10",
      "u11",
      "u12",
      "u13",
      "u14",
    ] as never);
  });

  test("says nothing of a room that emptied in the meantime, and nothing when muted", async () => {
    const world = new FakeChat({ announceMax: 0 });
    const only = await world.login("u1");
    world.chat.disconnect(only.session);
    world.clock.advance(1_000);
    expect(world.fanout.published.map(({ push }) => push.kind)).not.toContain("members");
    const before = world.fanout.published.length;
    world.announcer.mute();
    world.chat.disconnect((await world.login("u2")).session);
    world.clock.advance(1_000);
    expect(world.fanout.published).toHaveLength(before);
  });

  test("publishes a bounded number of frames however many log in", async () => {
    const world = new FakeChat({ announceMax: 50 });
    for (let count = 1; count <= 2_000; count += 1) await world.login(`u${count}`);
    expect(world.fanout.published.length).toBe(50);
    world.clock.advance(1_000);
    expect(world.fanout.published.length).toBe(51);
  });
});
