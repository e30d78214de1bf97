import { expect, test } from "bun:test";
import { FakeConnection, FakeFanout } from "../../test/fake-connection.ts";
import type { AppPlatform, UserId } from "../base/ids.ts";
import { Hub } from "./hub.ts";

test("an observer is told of each login, and of a user's last session only", () => {
  const hub = new Hub();
  const seen: string[] = [];
  hub.observe({
    loggedIn: ({ userId, appPlatform, sessions }) =>
      seen.push(`+${userId}@${appPlatform}/${sessions.length}`),
    wentOffline: ({ userId, appPlatform }) => {
      seen.push(`-${userId}@${appPlatform}`);
      expect(hub.find(appPlatform, userId)).toBeUndefined();
    },
  });
  const bind = (platform: number) => {
    const session = hub.add(new FakeConnection(new FakeFanout()), 0);
    hub.bind(session, platform as AppPlatform, "ann" as UserId);
    return session;
  };
  const [phone, laptop, tablet] = [bind(101), bind(101), bind(102)];
  hub.unbind(phone);
  hub.unbind(tablet);
  hub.unbind(laptop);
  expect(seen).toEqual(["+ann@101/1", "+ann@101/2", "+ann@102/1", "-ann@102", "-ann@101"]);
  expect(hub.loggedIn).toBe(0);
});
