import { expect, test } from "bun:test";
import { FakeClock } from "../../../test/fake-clock.ts";
import type { AppPlatform, ChannelId, UserId } from "../../base/ids.ts";
import { inboxOf } from "../../core/channel.ts";
import { Hub } from "../../core/hub.ts";
import type { Push } from "../../core/pushes.ts";
import { encodePush } from "../../protocol/codec.ts";
import type { Format, Frame } from "../../protocol/frames.ts";
import { SlicedTopics } from "./sliced-topics.ts";
import { TopicFanout } from "./topic-fanout.ts";
import { type PrimSocket, WebSocketConnection } from "./websocket-connection.ts";

const ann = "ann" as UserId;
const web = 101 as AppPlatform;
const inbox = inboxOf(ann);

/** A write is what one cork, or one send outside of it, brings to the socket. */
function bed() {
  const clock = new FakeClock();
  const hub = new Hub();
  const fanout = new TopicFanout(hub, clock);
  const topics = new SlicedTopics({ publish: () => 0, subscriberCount: () => 0 }, clock);
  const client = (format: Format, appPlatform = web, userId = ann) => {
    const writes: Frame[][] = [];
    let corked: Frame[] | undefined;
    const socket = {
      send: (frame: Frame) => void (corked === undefined ? writes.push([frame]) : corked.push(frame)),
      cork: (write: (socket: unknown) => void) => {
        corked = [];
        write(socket);
        writes.push(corked);
        corked = undefined;
      },
      close: () => writes.push(["closed"]),
      getBufferedAmount: () => 0,
    };
    const connection = new WebSocketConnection(topics, 1_024);
    connection.format = format;
    const session = hub.add(connection, clock.now());
    connection.attach(socket as unknown as PrimSocket, session);
    hub.bind(session, appPlatform, userId);
    return { connection, session, writes };
  };
  const endTurn = () => new Promise<void>((resolve) => clock.soon(resolve));
  return { hub, fanout, client, endTurn };
}

function typing(from: string): Push {
  return { kind: "typing", channel: inbox as ChannelId, from: from as UserId, appPlatform: web };
}

const json = (from: string) => encodePush("json", typing(from));

test("TopicFanout brings an inbox to each subscribed session in its format, once", async () => {
  const { fanout, client, endTurn } = bed();
  const phone = client("protobuf", 102 as AppPlatform);
  const tabs = [client("json"), client("json"), client("reference")];
  const stranger = client("json", web, "bob" as UserId);
  const notSubscribed = client("json");
  for (const { connection } of [phone, ...tabs]) connection.subscribe(inbox);
  stranger.connection.subscribe(inboxOf("bob" as UserId));
  fanout.publish(inbox, typing("bob"));
  await endTurn();
  expect(phone.writes).toEqual([[encodePush("protobuf", typing("bob"))]]);
  expect(tabs.map(({ writes }) => writes)).toEqual([
    [[json("bob")]],
    [[json("bob")]],
    [[encodePush("reference", typing("bob"))]],
  ]);
  expect([stranger.writes, notSubscribed.writes]).toEqual([[], []]);
  expect([fanout.published, fanout.deliveries]).toEqual([3, 4]);
});

test("TopicFanout writes what a turn brings to an inbox together, in order", async () => {
  const { fanout, client, endTurn } = bed();
  const { connection, writes } = client("json");
  connection.subscribe(inbox);
  for (const from of ["b", "c", "d"]) fanout.publish(inbox, typing(from));
  expect(writes).toEqual([]);
  await endTurn();
  fanout.publish(inbox, typing("e"));
  await endTurn();
  expect(writes).toEqual([[json("b"), json("c"), json("d")], [json("e")]]);
});

test("WebSocketConnection sends what was published to the inbox before what is sent, closed or unsubscribed after it", async () => {
  const { fanout, client, endTurn } = bed();
  const { connection, writes } = client("json");
  connection.subscribe(inbox);
  fanout.publish(inbox, typing("b"));
  connection.send("answer");
  fanout.publish(inbox, typing("c"));
  connection.push(typing("own"));
  fanout.publish(inbox, typing("d"));
  connection.unsubscribe(inbox);
  fanout.publish(inbox, typing("not heard"));
  connection.subscribe(inbox);
  fanout.publish(inbox, typing("e"));
  connection.close("draining");
  await endTurn();
  expect(writes).toEqual([
    [json("b")],
    ["answer"],
    [json("c")],
    [json("own")],
    [json("d")],
    [json("e")],
    ["closed"],
  ]);
});

test("TopicFanout forgets what a connection that is gone had waiting", async () => {
  const { fanout, client, endTurn } = bed();
  const { connection, writes } = client("json");
  connection.subscribe(inbox);
  fanout.publish(inbox, typing("b"));
  connection.detach();
  await endTurn();
  expect(writes).toEqual([]);
});
