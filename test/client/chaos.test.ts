/**
 * Five clients behind a bad network talk while their server is killed and started again. What must hold: every message
 * reaches everybody once, in the order of the room; what one person sends arrives in the order it was sent. Once over
 * WebSockets, and once where most WebSockets are refused or cut, so that the clients change between them and the stream.
 *
 * PRIM_CHAOS_SEED repeats a run's faults, PRIM_CHAOS_MESSAGES sets the number of messages over WebSockets.
 */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  FallbackTransport,
  jsonCodec,
  type Message,
  PrimClient,
  type ResumedEvent,
  StreamTransport,
  type WebSocketConstructor,
  WebSocketTransport,
} from "../../src/client/index.ts";
import { protobufCodec } from "../../src/client/protobuf.ts";
import { ChaosProxy, seededRandom, type WebSocketPolicy } from "./chaos-proxy.ts";
import { type PrimProcess, startPrim } from "./prim-process.ts";

const CLIENTS = 5;
const MESSAGES = Number(process.env["PRIM_CHAOS_MESSAGES"] ?? 10_000);
/** By the stream a person sends one message per round trip. */
const FALLBACK_MESSAGES = Math.min(MESSAGES, 2_000);
const SEED = Number(process.env["PRIM_CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const DEADLINE_MS = 60_000;
const ROOM = "room:chaos";
/** Every tenth message goes to the next person instead of the room. */
const DIRECT_EVERY = 10;
/** Messages that a person has under way, at most. */
const UNDER_WAY_MAX = 40;
/** After every fourth message. */
const PAUSE_MS_MAX = 60;

interface Person {
  readonly name: string;
  readonly client: PrimClient;
  readonly heard: Message[];
  readonly resumed: ResumedEvent[];
  /** What each login went over. */
  readonly logins: (string | undefined)[];
}

interface Chaos {
  readonly messages: number;
  readonly fallback: boolean;
}

test(
  `${CLIENTS} clients exchange ${MESSAGES} messages over a bad network: nothing lost, nothing twice, all in order`,
  () => exchange({ messages: MESSAGES, fallback: false }),
  DEADLINE_MS,
);

test(
  `${CLIENTS} clients that fall back at times exchange ${FALLBACK_MESSAGES} messages: the same holds`,
  () => exchange({ messages: FALLBACK_MESSAGES, fallback: true }),
  DEADLINE_MS,
);

async function exchange(chaos: Chaos): Promise<void> {
  process.stderr.write(`chaos: PRIM_CHAOS_SEED=${SEED} PRIM_CHAOS_MESSAGES=${chaos.messages}\n`);
  const startedAt = performance.now();
  const random = seededRandom(SEED);
  const dataDir = await mkdtemp(join(tmpdir(), "prim-chaos-"));
  let prim: PrimProcess = await startPrim(dataDir);
  const proxy = new ChaosProxy(portOf(prim), random);
  const address = `127.0.0.1:${await proxy.listen()}`;
  if (chaos.fallback) proxy.webSockets = () => policyOf(random());
  const people = Array.from({ length: CLIENTS }, (_, index) =>
    newPerson(`p${index}`, address, index % 2 === 1, chaos.fallback),
  );
  try {
    await Promise.all(
      people.map(({ name, client }) => client.login({ userId: name }, { deadlineMs: 20_000 })),
    );
    await Promise.all(people.map(({ client }) => client.join(ROOM, { deadlineMs: 20_000 })));

    const talking = Promise.all(people.map((_, index) => talk(people, index, chaos.messages, random)));
    await until("half of it was heard", () => roomOf(people[0]).length >= chaos.messages / 2.5);
    await prim.kill("SIGKILL");
    prim = await startPrim(dataDir);
    proxy.targetPort = portOf(prim);
    const receipts = (await talking).flat();
    const inRoom = receipts.filter(({ channel }) => channel === ROOM).length;
    const direct = (chaos.messages - inRoom) / people.length;
    // Room messages, one's own 1:1 messages, and those of the person before.
    const everything = () => people.every(({ heard }) => heard.length >= inRoom + 2 * direct);
    await until("everybody has heard everything", everything);

    expect(receipts.length).toBe(chaos.messages);
    for (const person of people) checkPerson(person, inRoom);
    expect(proxy.connections).toBeGreaterThan(CLIENTS);
    expect(proxy.overtaken).toBeGreaterThan(0);
    expect(sum(people, "websocket")).toBeGreaterThan(0);
    if (chaos.fallback) expect(sum(people, "stream")).toBeGreaterThan(0);
    const faults = JSON.stringify({ ...proxy.faults, overtaken: proxy.overtaken });
    const logins = `${sum(people, "websocket")} logins by WebSocket, ${sum(people, "stream")} by stream`;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    process.stderr.write(`chaos: ${seconds} s, ${proxy.connections} connections, ${logins}, ${faults}\n`);
  } catch (error) {
    const state = people.map(
      ({ name, client, heard }) =>
        `${name} ${client.status} ${client.via} ${heard.length} heard ${client.unsent} unsent`,
    );
    throw new Error(`chaos: PRIM_CHAOS_SEED=${SEED}: ${state.join(", ")}`, { cause: error });
  } finally {
    await Promise.all(people.map(({ client }) => client.close()));
    proxy.close();
    await prim.kill();
    await rm(dataDir, { recursive: true });
  }
}

/** Mostly bad, in every way. */
function policyOf(chance: number): WebSocketPolicy {
  if (chance < 0.3) return "pass";
  if (chance < 0.6) return "refuse";
  return chance < 0.7 ? "swallow" : { cutAfterMs: 200 };
}

function newPerson(name: string, address: string, binary: boolean, fallback: boolean): Person {
  const webSocket = new WebSocketTransport(
    `ws://${address}/acc`,
    binary ? protobufCodec : jsonCodec,
    WebSocket as unknown as WebSocketConstructor,
  );
  const stream = new StreamTransport(`http://${address}`);
  const times = { openMsMax: 500, provenMs: 1_000, probeMinMs: 500, probeMaxMs: 1_000, probeHoldMs: 300 };
  const client = new PrimClient({
    url: "",
    transport: fallback ? new FallbackTransport(webSocket, stream, times) : webSocket,
    ...{ backoffMinMs: 20, backoffMaxMs: 300, stableMs: 200 },
    ...{ heartbeatMs: 300, deadAfterMs: 400, openMsMax: 1_000 },
  });
  const person: Person = { name, client, heard: [], resumed: [], logins: [] };
  client.on("message", (message) => person.heard.push(message));
  client.on("resumed", (event) => person.resumed.push(event));
  client.on("status", ({ status }) => status === "online" && person.logins.push(client.via));
  return person;
}

function sum(people: readonly Person[], via: string): number {
  return people.flatMap(({ logins }) => logins).filter((login) => login === via).length;
}

async function talk(people: readonly Person[], index: number, messages: number, random: () => number) {
  const { name, client } = people[index] as Person;
  const next = people[(index + 1) % people.length]?.name ?? name;
  const underWay = new Set<Promise<unknown>>();
  const receipts = [];
  for (let n = 1; n <= messages / CLIENTS; n++) {
    const msg = `${name} ${n}`;
    const sent = client.send(n % DIRECT_EVERY === 0 ? { userId: next, msg } : { channel: ROOM, msg });
    receipts.push(sent);
    underWay.add(sent);
    void sent.finally(() => underWay.delete(sent)).catch(() => {});
    if (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
    // Spreads the messages over enough time for the network to misbehave in.
    if (n % 4 === 0) await Bun.sleep(random() * PAUSE_MS_MAX);
  }
  return Promise.all(receipts);
}

function checkPerson({ name, heard, resumed }: Person, inRoom: number): void {
  expect(resumed.filter(({ recovered }) => !recovered)).toEqual([]);
  for (const channel of [ROOM, `inbox:${name}`]) {
    const messages = heard.filter((message) => message.channel === channel);
    expect(messages.map(({ offset }) => offset)).toEqual(messages.map((_, index) => index + 1));
    expect(new Set(messages.map(({ epoch }) => epoch)).size).toBe(1);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
    for (const sender of new Set(messages.map(({ from }) => from))) {
      const numbers = messages
        .filter(({ from }) => from === sender)
        .map(({ msg }) => Number(msg.split(" ")[1]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  }
  expect(heard.filter(({ channel }) => channel === ROOM).length).toBe(inRoom);
}

function roomOf(person: Person | undefined): Message[] {
  return person?.heard.filter(({ channel }) => channel === ROOM) ?? [];
}

function portOf({ httpUrl }: PrimProcess): number {
  return Number(new URL(httpUrl).port);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endsAt = performance.now() + DEADLINE_MS - 10_000;
  while (!holds()) {
    if (performance.now() > endsAt) throw new Error(`Waited too long: ${what}`);
    await Bun.sleep(20);
  }
}
