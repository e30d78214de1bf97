import { describe, expect, test } from "bun:test";
import { FakeChat, lobby, web } from "../../test/fake-chat.ts";
import { FakeCluster } from "../../test/fake-cluster.ts";
import type { UserId } from "../base/ids.ts";
import { MEMBERS_DELIVERIES_PER_SECOND } from "../base/limits.ts";

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

describe("Announcer, with several nodes", () => {
  /** Lets everything run that waits for nothing but its turn. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const told = (client: { connection: { pushes: readonly object[] } }) =>
    client.connection.pushes.map((push) =>
      "from" in push && "kind" in push ? `${push.kind} ${push.from}` : "",
    );

  test("a user comes with their first session on any node, and goes with their last", async () => {
    const cluster = new FakeCluster();
    const [one, two] = [cluster.add("one"), cluster.add("two")];
    const watcher = await one.login("watcher");
    const first = await one.login("ann");
    const second = await two.login("ann");
    one.chat.disconnect(first.session);
    await settle();
    expect(told(watcher)).toEqual(["enter ann"]);
    two.chat.disconnect(second.session);
    await settle();
    expect(told(watcher)).toEqual(["enter ann", "exit ann"]);
  });

  test("who comes is not told of themselves, and those of other nodes are", async () => {
    const cluster = new FakeCluster();
    const [one, two] = [cluster.add("one"), cluster.add("two")];
    const ann = await one.login("ann");
    const bob = await two.login("bob");
    await settle();
    expect(told(ann)).toEqual(["enter bob"]);
    expect(told(bob)).toEqual([]);
  });

  test("gone() tells who was lost with a node, and counts them away", async () => {
    const cluster = new FakeCluster();
    const one = cluster.add("one", { announceMax: 2 });
    const ann = await one.login("ann");
    one.announcer.gone({
      room: lobby,
      users: [{ userId: "lost" as UserId, appPlatform: web }],
      members: 1,
      nodes: [],
    });
    expect(told(ann)).toEqual(["exit lost"]);
    one.announcer.gone({ room: lobby, users: [], members: 3, nodes: [] });
    expect(one.announcer.isBig(lobby)).toBe(true);
    one.clock.advance(1_000);
    expect(ann.connection.pushes.at(-1)).toMatchObject({ kind: "members", count: 3 });
  });

  test("attendAgain() notes everybody here anew, and tells of those who were missing", async () => {
    const cluster = new FakeCluster();
    const [one, two] = [cluster.add("one"), cluster.add("two")];
    const ann = await one.login("ann");
    await two.login("bob");
    await settle();
    cluster.forget("two");
    await two.announcer.attendAgain();
    await two.announcer.attendAgain();
    expect(told(ann)).toEqual(["enter bob", "enter bob"]);
  });

  test("attendAgain() makes up for those who went while it could not be noted, but for who is back", async () => {
    const cluster = new FakeCluster();
    const [one, two] = [cluster.add("one"), cluster.add("two")];
    const ann = await one.login("ann");
    const [bob, cat] = [await two.login("bob"), await two.login("cat")];
    cluster.attendanceIsAway = true;
    two.chat.disconnect(bob.session);
    two.chat.disconnect(cat.session);
    await settle();
    await expect(two.announcer.attendAgain()).rejects.toMatchObject({ code: "unavailable" });
    await two.login("cat");
    expect(told(ann)).toEqual(["enter bob", "enter cat"]);
    cluster.attendanceIsAway = false;
    await two.announcer.attendAgain();
    await two.announcer.attendAgain();
    expect(told(ann)).toEqual(["enter bob", "enter cat", "exit bob"]);
  });

  test("a room is big by its users on all nodes", async () => {
    const cluster = new FakeCluster();
    const [one, two] = [cluster.add("one", { announceMax: 3 }), cluster.add("two", { announceMax: 3 })];
    for (const name of ["a", "b", "c"]) await one.login(name);
    const late = await two.login("d");
    expect(two.announcer.isBig(lobby)).toBe(true);
    two.clock.advance(1_000);
    expect(late.connection.pushes.at(-1)).toMatchObject({ kind: "members", count: 4, newest: ["d"] });
  });

  test("the bigger the room is on all nodes, the less often its count is told, however few of its users are here", async () => {
    const cluster = new FakeCluster();
    const one = cluster.add("one", { announceMax: 2 });
    const ann = await one.login("ann");
    const members = 100 * MEMBERS_DELIVERIES_PER_SECOND;
    one.announcer.gone({ room: lobby, users: [], members, nodes: [] });
    one.clock.advance(99_000);
    expect(ann.connection.kinds()).toEqual([]);
    one.clock.advance(1_000);
    expect(ann.connection.pushes).toMatchObject([{ kind: "members", count: members }]);
  });

  test("after mute() the attendance stays as it is, for others to clear away", async () => {
    const cluster = new FakeCluster();
    const [one, two] = [cluster.add("one"), cluster.add("two")];
    const ann = await one.login("ann");
    const bob = await two.login("bob");
    await settle();
    two.announcer.mute();
    two.chat.disconnect(bob.session);
    await one.login("bob");
    await settle();
    expect(told(ann)).toEqual(["enter bob"]);
  });
});
