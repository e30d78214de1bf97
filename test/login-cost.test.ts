import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ChatClient } from "./chat-client.ts";
import { eventually } from "./deadline.ts";
import { PrimProcess } from "./prim-process.ts";

setDefaultTimeout(120_000);

const LOGINS = 10_000;
/** Default of room.announceMax. */
const ANNOUNCE_MAX = 200;
const ROOM = "room:101";

let prim: PrimProcess;
beforeAll(async () => {
  prim = await PrimProcess.start({ dataDir: "none" });
});
afterAll(async () => {
  await prim?.stop();
});

/** Pushes that were sent to members of the room, by what the server counts. */
async function counted(): Promise<{ published: number; deliveries: number }> {
  const [published = 0, deliveries = 0] = await prim.metrics(
    "prim_frames_published_total",
    "prim_deliveries_total",
  );
  return { published, deliveries };
}

function received(clients: readonly ChatClient[], action: string): number {
  let count = 0;
  for (const { events } of clients) for (const event of events) if (event.action === action) count += 1;
  return count;
}

/** 1 + 2 + ... + n. */
function sumTo(n: number): number {
  return (n * (n + 1)) / 2;
}

test("10,000 logins into one room, and the exits, push no more the bigger the room is", async () => {
  const witness = await ChatClient.login(prim.webSocketUrl, "witness");
  const clients = [witness];
  const name = (n: number) => `user-${String(n).padStart(5, "0")}`;
  let start = performance.now();
  const periods = () => Math.floor((performance.now() - start) / 1_000) + 1;

  for (let n = 1; n < LOGINS; n += 1) {
    clients.push(await ChatClient.login(prim.webSocketUrl, name(n)));
    if (n + 1 !== ANNOUNCE_MAX) continue;
    // Up to here everybody was told of everybody: 1 + 2 + ... + 199 pushes.
    expect(await counted()).toEqual({ published: ANNOUNCE_MAX - 1, deliveries: sumTo(ANNOUNCE_MAX - 1) });
    start = performance.now();
  }
  await witness.until(() => witness.events.at(-1)?.data.count === LOGINS, "the room to be told of all");
  const membersFrames = received([witness], "members");
  expect(membersFrames).toBeGreaterThan(0);
  expect(membersFrames).toBeLessThanOrEqual(periods());
  expect(received([witness], "enter")).toBe(ANNOUNCE_MAX - 1);
  const after = await counted();
  expect(after.published).toBe(ANNOUNCE_MAX - 1 + membersFrames);
  await eventually(
    () => received(clients, "members") + received(clients, "enter"),
    (count) => count === after.deliveries,
    "all that was pushed",
  );
  expect(received(clients, "enter")).toBe(sumTo(ANNOUNCE_MAX - 1));
  expect(after.deliveries).toBeLessThanOrEqual(sumTo(ANNOUNCE_MAX - 1) + periods() * LOGINS);
  const last = witness.events.at(-1)?.data;
  expect(last?.newest.length).toBe(10);
  expect(last?.newest.at(-1)).toBe(name(LOGINS - 1));

  expect(await prim.state()).toMatchObject({
    connections: LOGINS,
    sessions: LOGINS,
    users: LOGINS,
    rooms: 1,
    // The room, everybody's inbox, and the broadcast.
    channels: LOGINS + 2,
  });
  const { data } = await prim.get<{ userList: string[]; userCount: number }>(
    `/user/list?room=${ROOM}&after=${name(8_999)}`,
  );
  expect(data.userCount).toBe(LOGINS);
  expect(data.userList).toEqual(Array.from({ length: 1_000 }, (_, n) => name(9_000 + n)));

  start = performance.now();
  for (const client of clients.slice(1)) client.terminate();
  await eventually(
    () => prim.state(),
    ({ connections }) => connections === 1,
    "everybody to be gone",
  );
  const { exitFrames, atTheEnd } = await eventually(
    async () => {
      const numbers = await counted();
      await witness.settle();
      const exitFrames = received([witness], "members") - membersFrames;
      return { atTheEnd: numbers, exitFrames, exits: received([witness], "exit") };
    },
    // What was published to so many waits for the turns of its slices, and may be heard after the answer to a ping.
    ({ atTheEnd, exitFrames, exits }) =>
      exits === ANNOUNCE_MAX && atTheEnd.published - after.published === exits + exitFrames,
    "the exits to be told",
  );
  expect(exitFrames).toBeLessThanOrEqual(periods());
  expect(atTheEnd.deliveries - after.deliveries).toBeLessThanOrEqual(
    sumTo(ANNOUNCE_MAX) + exitFrames * LOGINS,
  );
  expect(await prim.state()).toMatchObject({ sessions: 1, users: 1, rooms: 1, channels: 3 });
});
