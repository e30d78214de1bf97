/**
 * The paced load: so many messages a second to one room, whether or not the ones before have arrived, each from another
 * connection. So they reach the server one by one, as they do from many people, and how many share a turn of its
 * event loop is the server's own doing.
 */
import { type ClientPool, cpuMsSince } from "./client-pool.ts";
import type { Paced, PacedResult } from "./commands.ts";
import { clientFrame } from "./frames.ts";
import { Latencies } from "./latencies.ts";
import type { RawClient } from "./raw-client.ts";

const LAST_FRAME_MS_MAX = 20_000;
/** Receivers whose deliveries are timed, evenly spread: timing all of them would cost the client more than reading. */
const OBSERVERS = 16;

export async function paced(pool: ClientPool, command: Paced, seqPrefix: string): Promise<PacedResult> {
  const { perSecond, durationMs, senders, channel, text } = command;
  const count = Math.max(1, Math.round((perSecond * durationMs) / 1_000));
  const members = pool.clients.length;
  const framesDue = count * (members + 1);
  const sentAt = new Float64Array(count);
  const latency = new Latencies();
  const drained = Promise.withResolvers<void>();
  let frames = 0;
  const counting = {
    frames: (_client: RawClient, read: number): void => {
      frames += read;
      if (frames === framesDue) drained.resolve();
    },
  };
  for (const client of pool.clients) client.listen(counting);
  for (const observer of observersOf(pool, senders)) {
    let seen = 0;
    observer.listen({
      // All senders' messages reach everybody, in nearly the order they were sent in.
      frames: (client, read) => {
        const now = performance.now();
        for (let left = read; left > 0; left--) latency.add((now - (sentAt[seen++] as number)) * 1_000);
        counting.frames(client, read);
      },
    });
  }

  const cpu = process.cpuUsage();
  const started = performance.now();
  const timer = setTimeout(
    () => drained.reject(new Error(`Frames are missing: ${frames} of ${framesDue} arrived`)),
    durationMs + LAST_FRAME_MS_MAX,
  );
  try {
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, Math.floor(((performance.now() - started) * perSecond) / 1_000) + 1);
      for (; sent < due; sent++) {
        const seq = `${seqPrefix}-${sent}`;
        const data = { channel, type: "text", msg: text };
        const frame = clientFrame(JSON.stringify({ seq, action: "send", data }));
        sentAt[sent] = performance.now();
        pool.at(sent % senders).send(frame);
      }
      const waitMs = (sent * 1_000) / perSecond - (performance.now() - started);
      if (waitMs > 2) await Bun.sleep(waitMs - 1);
      else await new Promise((resolve) => setImmediate(resolve));
    }
    await drained.promise;
  } finally {
    clearTimeout(timer);
    for (const client of pool.clients) client.listen({});
  }
  const wallMs = performance.now() - started;
  pool.assertOpen();
  const deliveries = count * members;
  return { messages: count, deliveries, wallMs, clientCpuMs: cpuMsSince(cpu), latency: latency.summary() };
}

function observersOf(pool: ClientPool, senders: number): RawClient[] {
  const receivers = pool.clients.slice(senders);
  const step = Math.max(1, Math.floor(receivers.length / OBSERVERS));
  return receivers.filter((_, at) => at % step === 0);
}
