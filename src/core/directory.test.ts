import { describe, expect, test } from "bun:test";
import { FakeChat, lobby, web } from "../../test/fake-chat.ts";
import { FakeCluster } from "../../test/fake-cluster.ts";
import type { NodeId, UserId } from "../base/ids.ts";
import { Directory } from "./directory.ts";
import { Roster } from "./roster.ts";

const ann = "ann" as UserId;

describe("Directory", () => {
  test("isOnline() finds a user on another node, and says who did not answer only if that matters", async () => {
    const cluster = new FakeCluster();
    const [one, two] = [cluster.add("one"), cluster.add("two")];
    await two.login("ann");
    expect(await one.api.directory.isOnline(ann, web)).toEqual({ value: true, silent: [] });
    expect(await one.api.directory.isOnline("bob" as UserId, web)).toEqual({ value: false, silent: [] });
    cluster.silence("two");
    expect(await one.api.directory.isOnline(ann, web)).toEqual({ value: false, silent: ["two" as NodeId] });
    await one.login("ann");
    expect(await one.api.directory.isOnline(ann, web)).toEqual({ value: true, silent: [] });
  });

  test("lists merge the users of all nodes, each once, page by page", async () => {
    const cluster = new FakeCluster();
    const nodes = [cluster.add("one"), cluster.add("two"), cluster.add("three")];
    for (let count = 0; count < 30; count += 1) {
      await nodes[count % 3]?.login(`u${String(count).padStart(2, "0")}`);
    }
    await nodes[0]?.login("u01");
    const ids = Array.from({ length: 30 }, (_, count) => `u${String(count).padStart(2, "0")}`);
    const { directory } = (nodes[1] as FakeChat).api;
    const seen: string[] = [];
    const seenByPlatform: string[] = [];
    let after: UserId | undefined;
    do {
      const { value, silent } = await directory.listUsers({ room: lobby, after, limit: 7 });
      expect([value.users.length <= 7, silent]).toEqual([true, []]);
      seen.push(...value.users);
      after = value.next;
    } while (after !== undefined);
    for (
      let more = true, last = undefined as { userId: UserId; appPlatform: typeof web } | undefined;
      more;
    ) {
      const { value } = await directory.listByPlatform({ after: last, limit: 10 });
      seenByPlatform.push(...value.users.map(({ userId }) => userId));
      more = value.more;
      last = value.users.at(-1);
    }
    expect(seen).toEqual(ids);
    expect(seenByPlatform).toEqual(ids);
    cluster.silence("three");
    const partial = await directory.listUsers({});
    expect([partial.value.users.length, partial.silent]).toEqual([20, ["three" as NodeId]]);
  });

  test("kick() ends the sessions of all nodes, and says where it could not", async () => {
    const cluster = new FakeCluster();
    const [one, two, three] = [cluster.add("one"), cluster.add("two"), cluster.add("three")];
    const sessions = [await one.login("ann"), await two.login("ann"), await three.login("ann")];
    cluster.silence("three");
    const outcome = await one.api.directory.kick({ userId: ann, text: "" });
    expect(outcome).toEqual({ value: 2, silent: ["three" as NodeId] });
    expect(sessions.map(({ session }) => session.closed)).toEqual([true, true, false]);
  });

  test("a neighbour is asked where prim does not know better, and its users are in the lists", async () => {
    const world = new FakeChat();
    await world.login("ann");
    const { hub, store: log } = world;
    const asked: string[] = [];
    const directory = new Directory({
      roster: new Roster(hub),
      log,
      kick: () => 0,
      peers: undefined,
      neighbours: {
        isOnline: async (userId) => {
          asked.push(userId);
          return userId === "bob";
        },
        listUsers: async () => ({
          answers: [
            ["dan", "bob"].map((userId) => ({ userId: userId as UserId, appPlatform: web })),
            ["ann", "cat"].map((userId) => ({ userId: userId as UserId, appPlatform: web })),
          ],
          silent: ["10.0.0.9:9001" as NodeId],
        }),
      },
    });
    expect(await directory.isOnline(ann, web)).toEqual({ value: true, silent: [] });
    expect(await directory.isOnline("bob" as UserId, web)).toEqual({ value: true, silent: [] });
    expect(await directory.isOnlineInCluster("bob" as UserId, web)).toEqual({ value: false, silent: [] });
    expect((await directory.isOnline("eve" as UserId, undefined)).value).toBe(false);
    expect(asked).toEqual(["bob", "eve"]);
    const first = await directory.listUsers({ limit: 3 });
    expect(first).toEqual({
      value: { users: ["ann", "bob", "cat"] as UserId[], total: 5, next: "cat" as UserId },
      silent: ["10.0.0.9:9001" as NodeId],
    });
    const rest = await directory.listUsers({ limit: 3, after: first.value.next });
    expect(rest.value).toMatchObject({ users: ["dan"], next: undefined });
    const byPlatform = await directory.listByPlatform({ limit: 2 });
    expect(byPlatform.value.users.map(({ userId }) => userId)).toEqual(["ann", "bob"] as UserId[]);
    expect([byPlatform.value.more, byPlatform.value.total]).toEqual([true, 5]);
  });

  test("one node alone asks nobody", async () => {
    const world = new FakeChat();
    await world.login("ann");
    expect(await world.api.directory.kick({ userId: ann, text: "" })).toEqual({ value: 1, silent: [] });
    expect((await world.api.directory.listUsers({})).value.users).toEqual([]);
  });
});
