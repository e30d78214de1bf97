import { expect, test } from "bun:test";
import { android, FakeChat, web } from "../../test/fake-chat.ts";
import type { SessionId, UserId } from "../base/ids.ts";
import { kick } from "./kick.ts";

const ann = "ann" as UserId;

test("kick() ends a user's sessions on all platforms, on one, or just one", async () => {
  const world = new FakeChat();
  const phone = await world.login("ann", [], android);
  const tab = await world.login("ann");
  const otherTab = await world.login("ann");
  const bob = await world.login("bob");
  const { chat, hub } = world;
  expect(kick(chat, hub, { userId: "nobody" as UserId, text: "" })).toBe(0);
  expect(kick(chat, hub, { userId: ann, sessionId: "node-0" as SessionId, text: "" })).toBe(0);
  const sessionId = chat.sessionIdOf(tab.session);
  expect(kick(chat, hub, { userId: ann, sessionId, text: "" })).toBe(1);
  expect(tab.connection.closed).toEqual(["kicked"]);
  expect(kick(chat, hub, { userId: ann, appPlatform: web, text: "" })).toBe(1);
  expect(otherTab.session.closed).toBe(true);
  expect(phone.session.closed).toBe(false);
  expect(kick(chat, hub, { userId: ann, text: "" })).toBe(1);
  expect(hub.findAll(ann)).toEqual([]);
  expect(bob.session.closed).toBe(false);
});
