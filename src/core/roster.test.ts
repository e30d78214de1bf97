import { describe, expect, test } from "bun:test";
import { android, FakeChat, lobby, web } from "../../test/fake-chat.ts";
import type { UserId } from "../base/ids.ts";
import { Roster } from "./roster.ts";

describe("Roster", () => {
  test("list() pages through everybody once, in order of the ids", async () => {
    const world = new FakeChat({ announceMax: 0 });
    const ids = Array.from({ length: 257 }, (_, index) => `u${(index * 7919) % 257}`);
    for (const id of ids) await world.login(id);
    const roster = new Roster(world.hub);
    const seen: string[] = [];
    let after: UserId | undefined;
    do {
      const page = roster.list({ appPlatform: web, after, limit: 10 });
      expect(page.total).toBe(257);
      seen.push(...page.users);
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(ids.toSorted());
  });

  test("list() of an exact page has no next", async () => {
    const world = new FakeChat();
    for (const id of ["a", "b", "c"]) await world.login(id);
    const roster = new Roster(world.hub);
    expect(roster.list({ limit: 3 })).toEqual({
      users: ["a", "b", "c"] as UserId[],
      total: 3,
      next: undefined,
    });
    expect(roster.list({ limit: 2 }).next).toBe("b" as UserId);
    expect(roster.list({ after: "c" as UserId }).users).toEqual([]);
  });

  test("knows users by platform, by any platform, and by room", async () => {
    const world = new FakeChat();
    await world.login("ann");
    await world.login("ann", [], android);
    await world.login("bob", [], android);
    const roster = new Roster(world.hub);
    const ann = "ann" as UserId;
    expect([roster.isOnline(ann, web), roster.isOnline("bob" as UserId, web)]).toEqual([true, false]);
    expect(roster.isOnline("bob" as UserId, undefined)).toBe(true);
    expect(roster.list({}).users).toEqual(["ann", "bob"] as UserId[]);
    expect(roster.list({ room: lobby }).users).toEqual([ann]);
    expect(roster.list({ room: lobby, appPlatform: android }).users).toEqual([]);
  });
});

test("Roster.listByPlatform() has an entry per platform, page by page", async () => {
  const world = new FakeChat();
  for (const [userId, platform] of [
    ["bob", web],
    ["ann", android],
    ["ann", web],
    ["cat", web],
  ] as const) {
    await world.login(userId, [], platform);
  }
  const roster = new Roster(world.hub);
  const first = roster.listByPlatform({ limit: 2 });
  expect(first.users.map(({ userId, appPlatform }) => `${userId} ${appPlatform}`)).toEqual([
    "ann 101",
    "ann 102",
  ]);
  expect([first.total, first.more]).toEqual([4, true]);
  const second = roster.listByPlatform({ limit: 2, after: first.users[1] });
  expect(second.users.map(({ userId }) => userId as string)).toEqual(["bob", "cat"]);
  expect(second.more).toBe(false);
});
