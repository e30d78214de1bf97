import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ChatClient } from "./chat-client.ts";
import { eventually, within } from "./deadline.ts";
import { FuzzFrames } from "./fuzz-frames.ts";
import { PrimProcess } from "./prim-process.ts";
import { RawClient } from "./raw-client.ts";
import { NO_JSON, readFrame } from "./wire-frame.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env["PRIM_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const FRAMES = Number(process.env["PRIM_FUZZ_FRAMES"] ?? 300_000);
const FRAMES_PER_CONNECTION = 250;
const CONNECTIONS_AT_ONCE = 8;
const RAW_CONNECTIONS = 200;
/** Growth of the process by the second half of the frames; the first half warms it up. */
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;

let prim: PrimProcess;
beforeAll(async () => {
  process.stdout.write(`fuzz: PRIM_FUZZ_SEED=${SEED} PRIM_FUZZ_FRAMES=${FRAMES}\n`);
  const roomy = ["--frames-per-second", "1000000", "--backlog-bytes-max", "1000000000"];
  prim = await PrimProcess.start({ args: [...roomy, "--log-level", "warn"] });
});
afterAll(async () => {
  await prim?.stop();
});

/** A connection that only counts: every frame is answered once, pushes aside. */
class CountingClient {
  readonly closed: Promise<void>;
  answers = 0;
  sent = 0;
  internalErrors = 0;
  readonly #socket: WebSocket;
  #check = () => {};

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#take(typeof data === "string" ? data : new Uint8Array(data));
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = () => resolve();
    });
  }

  async open(): Promise<void> {
    const open = new Promise((resolve) => {
      this.#socket.onopen = resolve;
    });
    await within(open, "a connection for fuzzing");
  }

  send(frame: string | Uint8Array): void {
    this.sent += 1;
    this.#socket.send(frame as string);
  }

  /** Waits until there are as many answers as frames, and makes sure that there are no more. */
  async untilAnswered(last: readonly (string | Uint8Array)[]): Promise<void> {
    await this.#until(() => this.answers >= this.sent, last);
    this.send('{"seq":"the-end","action":"ping"}');
    await this.#until(() => this.answers >= this.sent, ["the last ping"]);
    if (this.answers !== this.sent) throw new Error(`${this.sent} frames had ${this.answers} answers`);
  }

  end(): void {
    (this.#socket as unknown as { terminate(): void }).terminate();
  }

  async #until(isSo: () => boolean, last: readonly (string | Uint8Array)[]): Promise<void> {
    const coming = new Promise<void>((resolve, reject) => {
      this.#check = () => {
        if (isSo()) resolve();
      };
      void this.closed.then(() =>
        reject(new Error(`Closed by the server, after ${JSON.stringify(last.slice(-300))}`)),
      );
      this.#check();
    });
    const frames = () =>
      `answers: ${this.answers} of ${this.sent}, frames ${JSON.stringify(last).slice(0, 20_000)}`;
    await within(coming, frames, 30_000);
  }

  #take(raw: string | Uint8Array): void {
    // Cheaper than to read each push: what is pushed says "Ok", answers never do.
    const isPush =
      typeof raw === "string"
        ? raw !== NO_JSON && raw.includes('"response":{"code":200,"codeMsg":"Ok"')
        : readFrame(raw).isPush;
    if (isPush) return;
    this.answers += 1;
    const isInternal = typeof raw === "string" ? raw.includes('"code":1004') : readFrame(raw).code === 1004;
    if (isInternal) this.internalErrors += 1;
    this.#check();
  }
}

interface Tally {
  frames: number;
  internalErrors: number;
}

let connections = 0;

/** Each connection has frames of its own, which follow from the seed and the connection's number. */
function newFrames(): FuzzFrames {
  connections += 1;
  return new FuzzFrames(SEED + connections * 1_000_003);
}

async function fuzz(count: number): Promise<Tally> {
  const tally: Tally = { frames: 0, internalErrors: 0 };
  const worker = async () => {
    while (tally.frames < count) {
      const frames = newFrames();
      const batch = Array.from({ length: FRAMES_PER_CONNECTION }, () => frames.next());
      const isCut = frames.chance(0.1);
      tally.frames += batch.length;
      const client = new CountingClient(prim.webSocketUrl);
      await client.open();
      for (const frame of batch) client.send(frame);
      if (!isCut) await client.untilAnswered(batch);
      client.end();
      tally.internalErrors += client.internalErrors;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, worker));
  return tally;
}

async function fuzzRaw(): Promise<void> {
  const frames = newFrames();
  for (let n = 0; n < RAW_CONNECTIONS; n += 1) {
    const client = await RawClient.open(prim.webSocketUrl);
    client.write(frames.rawBytes());
    client.terminate();
  }
}

/** Two who chat while the rest goes mad; ends when told to, and has then missed nothing. */
async function chatOn(ann: ChatClient, bob: ChatClient, isOver: () => boolean): Promise<number> {
  const room = "room:sane";
  for (const client of [ann, bob]) await client.ok("join", { channel: room });
  let said = 0;
  while (!isOver()) {
    said += 1;
    await (said % 2 === 0 ? ann : bob).ok("send", { channel: room, msg: `${said}` });
  }
  for (const client of [ann, bob]) {
    await client.until(() => client.messagesIn(room).length >= said, "the whole conversation");
    expect(client.messagesIn(room).map(({ msg, offset }) => [msg, offset])).toEqual(
      Array.from({ length: said }, (_, index) => [`${index + 1}`, index + 1]),
    );
  }
  return said;
}

test(`${FRAMES} frames harm nobody, and leave nothing behind (seed ${SEED})`, async () => {
  const ann = await ChatClient.login(prim.webSocketUrl, "ann", { appPlatform: 104 });
  const bob = await ChatClient.login(prim.webSocketUrl, "bob", { appPlatform: 104, format: "protobuf" });
  await Promise.all([ann, bob].map((client) => client.ok("leave", { channel: "room:104" })));
  const start = await prim.state();
  let isOver = false;
  const chat = chatOn(ann, bob, () => isOver);
  const settled = async () => {
    const isBack = ({ connections, sessions, sendsUnderWay }: typeof start) =>
      connections === start.connections && sessions === start.sessions && sendsUnderWay <= 1;
    return eventually(() => prim.state(), isBack, "the sessions to be gone");
  };

  try {
    const first = await fuzz(FRAMES / 2);
    await fuzzRaw();
    const warm = await settled();
    const second = await fuzz(FRAMES / 2);
    await fuzzRaw();
    const cold = await eventually(
      settled,
      ({ memory }) => memory.rssBytes - warm.memory.rssBytes < GROWTH_BYTES_MAX,
      "the memory to be where it was",
    );
    process.stdout.write(
      `fuzz: RSS in MB ${[start, warm, cold].map(({ memory }) => Math.round(memory.rssBytes / 2 ** 20))}\n`,
    );
    // Some of the frames of connections that were cut never arrived.
    expect(await prim.metric("prim_frames_received_total")).toBeGreaterThan(FRAMES * 0.85);
    expect(await prim.metric("prim_messages_stored_total")).toBeGreaterThan(FRAMES / 200);
    expect(first.frames + second.frames).toBeGreaterThanOrEqual(FRAMES);
    expect(first.internalErrors + second.internalErrors).toBe(0);
  } finally {
    isOver = true;
  }
  expect(await chat).toBeGreaterThan(10);
  expect(await settled()).toMatchObject({
    users: start.users,
    rooms: start.rooms + 1,
    channels: start.channels + 1,
  });
  expect(prim.hasExited).toBe(false);
  expect(prim.stderr).toEqual([]);
});
