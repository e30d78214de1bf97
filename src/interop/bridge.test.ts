import { expect, test } from "bun:test";
import { FakeClock } from "../../test/fake-clock.ts";
import type { AppPlatform, ChannelId, Epoch, MessageId, UserId } from "../base/ids.ts";
import { OLD_NODES_TELLING_MAX } from "../base/limits.ts";
import { silentLogger } from "../base/logger.ts";
import { BROADCAST, platformRoom } from "../core/channel.ts";
import type { Appended } from "../core/channel-log.ts";
import type { Draft } from "../core/message.ts";
import { Bridge } from "./bridge.ts";
import { OldNodes } from "./old-nodes.ts";

const WEB = 101 as AppPlatform;
const ANN = "ann" as UserId;

/** A bridge whose list of old nodes comes when the test says so, and a sender that stores nothing. */
function open() {
  const clock = new FakeClock();
  const gate = Promise.withResolvers<ReadonlySet<string>>();
  let looks = 0;
  const oldNodes = new OldNodes({
    clock,
    log: silentLogger,
    addresses: () => {
      looks += 1;
      return gate.promise;
    },
  });
  const never = () => Promise.reject(new Error("Nobody is asked where there is no old node"));
  const redis = { keysPerRun: 1, command: never, run: never, onBack: () => () => {} };
  const bridge = new Bridge({ redis, oldNodes, platforms: [WEB], clock, log: silentLogger });
  let repeated = false;
  const appended = async (channel: ChannelId): Promise<Appended> => ({
    receipt: { id: "1" as MessageId, channel, epoch: "e" as Epoch, offset: 1, sentAt: 1 },
    repeated,
    nodes: [],
  });
  const sender = bridge.overhear({
    publish: appended,
    publishToUser: (to) => appended(`inbox:${to}` as ChannelId),
  });
  return {
    bridge,
    sender,
    gate,
    looks: () => looks,
    repeat: () => {
      repeated = true;
    },
  };
}

const draft = { id: "1", seq: "s", from: ANN, appPlatform: WEB, type: "text", msg: "hello" } as Draft;

test("overhear() passes on what goes to a platform, to all or to a user; no other rooms, no repeats", async () => {
  const { sender, looks, repeat } = open();
  await sender.publish("room:game-7" as ChannelId, draft, 0);
  await sender.publish("room:999" as ChannelId, draft, 0);
  expect(looks()).toBe(0);
  await sender.publish(platformRoom(WEB), draft, 0);
  await sender.publish(BROADCAST, draft, 0);
  await sender.publishToUser(ANN, draft, 0, true);
  expect(looks()).toBe(3);
  repeat();
  await sender.publish(platformRoom(WEB), draft, 0);
  await sender.publishToUser(ANN, draft, 0, true);
  expect(looks()).toBe(3);
});

test("overhear() waits for nobody, and lets go of what is too much", async () => {
  const { bridge, sender, gate, looks } = open();
  for (let index = 0; index <= OLD_NODES_TELLING_MAX; index++) await sender.publish(BROADCAST, draft, 0);
  expect(looks()).toBe(OLD_NODES_TELLING_MAX);
  gate.resolve(new Set());
  await bridge.settled();
  await sender.publish(BROADCAST, draft, 0);
  expect(looks()).toBe(OLD_NODES_TELLING_MAX + 1);
});

test("where there is no old node, Redis is not asked for users", async () => {
  const { bridge, gate } = open();
  gate.resolve(new Set());
  expect(await bridge.isOnline(ANN, undefined)).toBe(false);
  expect(await bridge.listUsers({})).toEqual({ answers: [], silent: [] });
});
