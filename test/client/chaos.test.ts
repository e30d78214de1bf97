/**
 * Five clients behind a bad network talk while their server is killed and started again. What must hold: every message
 * reaches everybody once, in the order of the room; what one person sends arrives in the order it was sent.
 *
 * PRIM_CHAOS_SEED repeats a run's faults, PRIM_CHAOS_MESSAGES=10000 is the full run.
 */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Message, PrimClient, type ResumedEvent } from "../../src/client/index.ts";
import { protobufCodec } from "../../src/client/protobuf.ts";
import { ChaosProxy, seededRandom } from "./chaos-proxy.ts";
import { type PrimProcess, startPrim } from "./prim-process.ts";

const CLIENTS = 5;
const MESSAGES = Number(process.env["PRIM_CHAOS_MESSAGES"] ?? 2_000);
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
}

test(
  `${CLIENTS} clients exchange ${MESSAGES} messages over a bad network: nothing lost, nothing twice, all in order`,
  async () => {
    process.stderr.write(`chaos: PRIM_CHAOS_SEED=${SEED} PRIM_CHAOS_MESSAGES=${MESSAGES}\n`);
    const startedAt = performance.now();
    const random = seededRandom(SEED);
    const dataDir = await mkdtemp(join(tmpdir(), "prim-chaos-"));
    let prim: PrimProcess = await startPrim(dataDir);
    const proxy = new ChaosProxy(portOf(prim), random);
    const url = `ws://127.0.0.1:${await proxy.listen()}/acc`;
    const people = Array.from({ length: CLIENTS }, (_, index) =>
      newPerson(`p${index}`, url, index % 2 === 1),
    );
    try {
      await Promise.all(
        people.map(({ name, client }) => client.login({ userId: name }, { deadlineMs: 20_000 })),
      );
      await Promise.all(people.map(({ client }) => client.join(ROOM, { deadlineMs: 20_000 })));

      const talking = Promise.all(people.map((_, index) => talk(people, index, random)));
      await until("half of it was heard", () => roomOf(people[0]).length >= MESSAGES / 2.5);
      await prim.kill("SIGKILL");
      prim = await startPrim(dataDir);
      proxy.targetPort = portOf(prim);
      const receipts = (await talking).flat();
      const inRoom = receipts.filter(({ channel }) => channel === ROOM).length;
      const everything = () => people.every((person) => heardAll(person, people, inRoom));
      await until("everybody has heard everything", everything);

      expect(receipts.length).toBe(MESSAGES);
      for (const person of people) checkPerson(person, inRoom);
      const faults = JSON.stringify(proxy.faults);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stderr.write(`chaos: ${seconds} s, ${proxy.connections} connections, ${faults}\n`);
      expect(proxy.connections).toBeGreaterThan(CLIENTS);
    } catch (error) {
      const state = people.map(({ name, client, heard }) => `${name} ${client.status} ${heard.length} heard`);
      throw new Error(`chaos: PRIM_CHAOS_SEED=${SEED}: ${state.join(", ")}`, { cause: error });
    } finally {
      await Promise.all(people.map(({ client }) => client.close()));
      proxy.close();
      await prim.kill();
      await rm(dataDir, { recursive: true });
    }
  },
  DEADLINE_MS,
);

function newPerson(name: string, url: string, binary: boolean): Person {
  const client = new PrimClient({
    url,
    ...(binary ? { codec: protobufCodec } : {}),
    ...{ backoffMinMs: 20, backoffMaxMs: 300, stableMs: 200 },
    ...{ heartbeatMs: 300, deadAfterMs: 400, openMsMax: 1_000 },
  });
  const person: Person = { name, client, heard: [], resumed: [] };
  client.on("message", (message) => person.heard.push(message));
  client.on("resumed", (event) => person.resumed.push(event));
  return person;
}

async function talk(people: readonly Person[], index: number, random: () => number) {
  const { name, client } = people[index] as Person;
  const next = people[(index + 1) % people.length]?.name ?? name;
  const underWay = new Set<Promise<unknown>>();
  const receipts = [];
  for (let n = 1; n <= MESSAGES / CLIENTS; n++) {
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

/** Room messages, one's own 1:1 messages, and those of the person before. */
function heardAll({ heard }: Person, people: readonly Person[], inRoom: number): boolean {
  const direct = (MESSAGES - inRoom) / people.length;
  return heard.length >= inRoom + 2 * direct;
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

function portOf({ webSocketUrl }: PrimProcess): number {
  return Number(new URL(webSocketUrl).port);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endsAt = performance.now() + DEADLINE_MS - 10_000;
  while (!holds()) {
    if (performance.now() > endsAt) throw new Error(`Waited too long: ${what}`);
    await Bun.sleep(20);
  }
}
