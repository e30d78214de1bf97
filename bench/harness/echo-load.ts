/**
 * The echo load: every connection keeps a number of requests unanswered and follows each answer
 * with the next request. Answers that arrive in one read are followed by one write.
 */
import { type ClientPool, cpuMsSince } from "./client-pool.ts";
import type { Echo, EchoResult } from "./commands.ts";
import { clientFrame } from "./frames.ts";
import { Latencies } from "./latencies.ts";
import type { RawClient } from "./raw-client.ts";

const LAST_ANSWER_MS_MAX = 10_000;

export async function echo(pool: ClientPool, command: Echo): Promise<EchoResult> {
  const { window, durationMs, request } = command;
  const frame = clientFrame(request);
  const burst = Buffer.concat(Array.from({ length: window }, () => frame));
  const latency = new Latencies();
  // One ring of send times per connection: a session's answers come in the order of its requests.
  const sentAt = pool.clients.map(() => new Float64Array(window));
  const answered = pool.clients.map(() => 0);
  const payloadBytesBefore = totalPayloadBytes(pool);
  const drained = Promise.withResolvers<void>();
  let sent = 0;
  let messages = 0;
  let sample = "";

  const cpu = process.cpuUsage();
  const started = performance.now();
  const listener = {
    frames: (client: RawClient, count: number): void => {
      const now = performance.now();
      const ring = sentAt[client.index] as Float64Array;
      let at = answered[client.index] as number;
      messages += count;
      for (let left = count; left > 0; left--) {
        const slot = at++ % window;
        latency.add((now - (ring[slot] as number)) * 1_000);
        ring[slot] = now;
      }
      answered[client.index] = at;
      if (now - started < durationMs) {
        sent += count;
        client.send(burst.subarray(0, count * frame.length));
      } else if (messages === sent) drained.resolve();
    },
  };
  for (const client of pool.clients) client.listen(listener);
  pool.at(0).listen({
    ...listener,
    text: (client, payload) => {
      sample = payload.toString();
      client.listen(listener);
    },
  });
  for (const client of pool.clients) {
    sent += window;
    (sentAt[client.index] as Float64Array).fill(performance.now());
    client.send(burst);
  }
  const timer = setTimeout(
    () => drained.reject(new Error(`Answers are missing: ${messages} of ${sent} arrived`)),
    durationMs + LAST_ANSWER_MS_MAX,
  );
  try {
    await drained.promise;
  } finally {
    clearTimeout(timer);
    for (const client of pool.clients) client.listen({});
  }
  const wallMs = performance.now() - started;
  const clientCpuMs = cpuMsSince(cpu);
  pool.assertOpen();
  const payloadBytes = totalPayloadBytes(pool) - payloadBytesBefore;
  // Equal requests have equal answers; a refusal among them would have another length.
  if (payloadBytes !== messages * Buffer.byteLength(sample)) {
    throw new Error(`Answers differ: ${payloadBytes} bytes in ${messages} answers, the first was ${sample}`);
  }
  return { messages, wallMs, clientCpuMs, sample, latency: latency.summary() };
}

function totalPayloadBytes(pool: ClientPool): number {
  return pool.clients.reduce((sum, client) => sum + client.reader.payloadBytes, 0);
}
