/**
 * The send load: every connection keeps a number of sends to its own room unanswered and follows each answer with the
 * next send. Everybody in the room gets every message, so answers and pushes come mixed.
 */
import { type ClientPool, cpuMsSince } from "./client-pool.ts";
import type { SendLoad, SendResult } from "./commands.ts";
import { clientFrame } from "./frames.ts";
import { Latencies } from "./latencies.ts";
import type { RawClient } from "./raw-client.ts";
import { roomOf } from "./rooms.ts";

const LAST_FRAME_MS_MAX = 10_000;
const SEQ_DIGITS = 20;
const SEQ_AT = '{"seq":"'.length;
/** The first letter of an action behind a seq of SEQ_DIGITS: answers say "send", pushes "msg". */
const ACTION_AT = SEQ_AT + SEQ_DIGITS + '","action":"'.length;
const ANSWER = "s".charCodeAt(0);
const CODE = '"code":200';

export async function send(pool: ClientPool, command: SendLoad, runId: number): Promise<SendResult> {
  const { window, durationMs, roomSize, roomPrefix, text } = command;
  const latency = new Latencies();
  const senders = pool.clients.map((client) => {
    const channel = roomOf(roomPrefix, client.index, roomSize);
    return new Sender(client, channel, text, window, runId * 1_000_000 + client.index);
  });
  const drained = Promise.withResolvers<void>();
  const cpu = process.cpuUsage();
  const started = performance.now();
  let messages = 0;
  let frames = 0;
  let framesDue = 0;
  for (const sender of senders) {
    sender.client.listen({
      text: (_client, payload) => {
        frames++;
        if (payload[ACTION_AT] !== ANSWER) return;
        if (!payload.includes(CODE)) drained.reject(new Error(`Send is refused: ${payload.toString()}`));
        sender.owed++;
      },
      frames: () => {
        const now = performance.now();
        const count = sender.owed;
        if (count > 0) sender.answered(count, now, latency);
        if (count > 0 && now - started < durationMs) {
          messages += count;
          framesDue += count * (1 + roomSize);
          sender.send(count, now);
        }
        if (frames === framesDue) drained.resolve();
      },
    });
  }
  messages = senders.length * window;
  framesDue = messages * (1 + roomSize);
  for (const sender of senders) sender.send(window, performance.now());
  const timer = setTimeout(
    () => drained.reject(new Error(`Frames are missing: ${frames} of ${framesDue} arrived`)),
    durationMs + LAST_FRAME_MS_MAX,
  );
  try {
    await drained.promise;
  } finally {
    clearTimeout(timer);
    for (const client of pool.clients) client.listen({});
  }
  const wallMs = performance.now() - started;
  pool.assertOpen();
  return { messages, wallMs, clientCpuMs: cpuMsSince(cpu), latency: latency.summary() };
}

/** One connection's messages: one prepared frame, of which only the seq changes. */
class Sender {
  readonly client: RawClient;
  /** Answers that came and were not followed by a send yet. */
  owed = 0;
  readonly #frame: Buffer;
  readonly #seqAt: number;
  readonly #sentAt: Float64Array;
  readonly #firstSeq: number;
  #sent = 0;
  #answered = 0;

  constructor(client: RawClient, channel: string, text: string, window: number, firstSeq: number) {
    this.client = client;
    this.#firstSeq = firstSeq;
    const data = { channel, type: "text", msg: text };
    this.#frame = clientFrame(JSON.stringify({ seq: "0".repeat(SEQ_DIGITS), action: "send", data }));
    this.#seqAt = this.#frame.indexOf('{"seq":"') + SEQ_AT;
    this.#sentAt = new Float64Array(window);
  }

  send(count: number, now: number): void {
    const burst = Buffer.alloc(this.#frame.length * count);
    for (let at = 0; at < count; at++) {
      const seq = `${this.#firstSeq}-${this.#sent}`.padStart(SEQ_DIGITS, "0");
      this.#frame.write(seq, this.#seqAt, "latin1");
      burst.set(this.#frame, at * this.#frame.length);
      this.#sentAt[this.#sent++ % this.#sentAt.length] = now;
    }
    this.client.send(burst);
  }

  /** A session's sends to one room are answered in their order. */
  answered(count: number, now: number, latency: Latencies): void {
    for (let left = count; left > 0; left--) {
      latency.add((now - (this.#sentAt[this.#answered++ % this.#sentAt.length] as number)) * 1_000);
    }
    this.owed = 0;
  }
}
