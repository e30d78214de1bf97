/**
 * The fan-out load: one sender, everyone else receives, in lock step (see FanOut in commands.ts).
 * Lock step keeps the number of messages that share an event-loop turn the same for every server,
 * which is what decides the cost of a delivery.
 */
import { type ClientPool, cpuMsSince } from "./client-pool.ts";
import type { FanOut, FanOutResult } from "./commands.ts";
import { clientFrame } from "./frames.ts";
import { Latencies } from "./latencies.ts";
import type { RawClient } from "./raw-client.ts";

const BATCH_MS_MAX = 10_000;

export async function fanOut(pool: ClientPool, command: FanOut, seqPrefix: string): Promise<FanOutResult> {
  const { window, durationMs, channel, text } = command;
  const sender = pool.at(0);
  const receivers = pool.clients.slice(1);
  const payloadBytesBefore = receivers.reduce((sum, client) => sum + client.reader.payloadBytes, 0);
  let deliveries = 0;
  let answers = 0;
  let deliveriesDue = 0;
  let answersDue = 0;
  let sample = "";
  let batchDone = Promise.withResolvers<void>();
  const check = (): void => {
    if (deliveries >= deliveriesDue && answers >= answersDue) batchDone.resolve();
  };
  const counting = {
    frames: (_client: RawClient, count: number): void => {
      deliveries += count;
      check();
    },
  };
  for (const client of receivers) client.listen(counting);
  pool.at(1).listen({
    ...counting,
    text: (client, payload) => {
      sample = payload.toString();
      client.listen(counting);
    },
  });
  sender.listen({
    text: (_client, payload) => {
      // The sender is a member as well and may receive its own message: that is not an answer.
      if (!payload.includes('"action":"send"')) return;
      if (!payload.includes('"code":200'))
        batchDone.reject(new Error(`Send is refused: ${payload.toString()}`));
      answers++;
      check();
    },
  });

  const batch = new Latencies();
  const cpu = process.cpuUsage();
  const started = performance.now();
  let messages = 0;
  while (performance.now() - started < durationMs) {
    const frames = Array.from({ length: window }, (_, at) => {
      const seq = `${seqPrefix}-${messages + at}`;
      return clientFrame(JSON.stringify({ seq, action: "send", data: { channel, type: "text", msg: text } }));
    });
    messages += window;
    answersDue = messages;
    deliveriesDue = messages * receivers.length;
    batchDone = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => batchDone.reject(new Error(`Batch is late: ${deliveries} of ${deliveriesDue} delivered`)),
      BATCH_MS_MAX,
    );
    const sentAt = performance.now();
    sender.send(Buffer.concat(frames));
    try {
      await batchDone.promise;
    } finally {
      clearTimeout(timer);
    }
    batch.add((performance.now() - sentAt) * 1_000);
  }
  const wallMs = performance.now() - started;
  const clientCpuMs = cpuMsSince(cpu);
  for (const client of pool.clients) client.listen({});
  pool.assertOpen();
  if (deliveries !== deliveriesDue) {
    throw new Error(`Deliveries are wrong: ${deliveries}, expected ${deliveriesDue}`);
  }
  const payloadBytes =
    receivers.reduce((sum, client) => sum + client.reader.payloadBytes, 0) - payloadBytesBefore;
  const frameBytes = payloadBytes / deliveries;
  return { messages, deliveries, wallMs, clientCpuMs, frameBytes, sample, batch: batch.summary() };
}
