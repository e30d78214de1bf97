import { expect, test } from "bun:test";
import { FakeChat, lobby, web } from "../../test/fake-chat.ts";
import { newMessageId, type UserId } from "../base/ids.ts";
import type { ChannelPosition } from "./message.ts";

const ann = "ann" as UserId;

/** Bob has said something here, and somebody else something on another node, of which this one has not heard. */
async function behind() {
  const world = new FakeChat();
  const bob = await world.login("bob");
  await world.say(bob, "1", "one");
  const draft = {
    id: newMessageId(),
    seq: "2",
    from: ann,
    appPlatform: web,
    type: "text",
    msg: "two",
  } as const;
  const { receipt } = await world.store.append({ channel: lobby, draft, windowMs: 0 });
  return { world, bob, epoch: receipt.epoch };
}

test("join() resumes who has seen more, through another node, than this one has heard of", async () => {
  const { world, bob, epoch } = await behind();
  const positions: ChannelPosition[] = [{ channel: lobby, epoch, offset: 2 }];
  const { session, connection } = world.connect();
  const command = { userId: ann, appPlatform: web, serviceToken: "", profile: undefined, positions };
  const { channels, replay } = await world.chat.login(session, command);
  expect(channels[0]).toMatchObject({ channel: lobby, offset: 2, recovered: true });
  await replay();
  await world.say(bob, "3", "three");
  expect(connection.offsetsIn(lobby)).toEqual([3]);
  expect(bob.connection.offsetsIn(lobby)).toEqual([1, 2, 3]);
});

test("a second join() of a room knows what the session has seen in the history", async () => {
  const { world, bob, epoch } = await behind();
  const joined = await world.chat.join(bob.session, lobby, { epoch, offset: 2 });
  expect(joined.channels[0]).toMatchObject({ offset: 2, recovered: true });
});

test("a mark may be ahead of what this node has heard of, but not of the log", async () => {
  const { world, bob } = await behind();
  await world.chat.read(bob.session, lobby, 2);
  await expect(world.chat.read(bob.session, lobby, 3)).rejects.toMatchObject({ code: "invalid_argument" });
});
