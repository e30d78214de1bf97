import { describe, expect, test } from "bun:test";
import { FakeChat, lobby, web } from "../../test/fake-chat.ts";
import type { ChannelId, UserId } from "../base/ids.ts";

const ann = "ann" as UserId;
const game = "room:game-7" as ChannelId;

describe("Chat.identify()", () => {
  const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions: [] };

  test("gives somebody who may send, read and mark, and is not online", async () => {
    const world = new FakeChat();
    const caller = await world.chat.identify(command);
    const content = { type: "text", msg: "hello" } as const;
    const receipt = await world.chat.send(caller, { to: { channel: lobby }, content, seq: "1" });
    expect(receipt.offset).toBe(1);
    await world.chat.read(caller, lobby, 1);
    const page = await world.chat.history(caller, lobby, { before: undefined, limit: 10 });
    expect(page.messages).toHaveLength(1);
    await expect(world.chat.history(caller, game, { after: 0, limit: 1 })).rejects.toMatchObject({
      reason: "NOT_A_MEMBER",
    });
    expect(world.hub.userCount + world.hub.sessions.size + world.delivery.channelCount).toBe(0);
  });

  test("makes a session theirs with resume()", async () => {
    const world = new FakeChat();
    const caller = await world.chat.identify(command);
    const { session } = world.connect();
    await world.chat.resume(session, caller, []);
    expect(world.hub.find(web, ann)?.sessions).toEqual([session]);
    await expect(world.chat.resume(session, caller, [])).rejects.toMatchObject({
      reason: "ALREADY_LOGGED_IN",
    });
  });
});
