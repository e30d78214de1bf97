/**
 * The connections of one client process: opens them, logs them in, and waits until they are
 * quiet. Loads (fan-out-load.ts, echo-load.ts) work on its clients.
 */
import type { Connect, JoinRooms, Login, Quiet, Results } from "./commands.ts";
import { clientFrame } from "./frames.ts";
import { RawClient } from "./raw-client.ts";
import { roomOf } from "./rooms.ts";

const ANSWER_MS_MAX = 15_000;
const QUIET_POLL_MS = 50;

export class ClientPool {
  readonly clients: RawClient[] = [];
  #loggedIn = 0;

  async connect({ url, count, inFlight }: Connect): Promise<Results["connect"]> {
    const target = new URL(url);
    const first = this.clients.length;
    const started = performance.now();
    await inParallel(count, inFlight, async (at) => {
      this.clients[first + at] = await RawClient.connect(target, first + at);
    });
    return { wallMs: performance.now() - started };
  }

  async login({ count, inFlight, appPlatform, userPrefix }: Login): Promise<Results["login"]> {
    const first = this.#loggedIn;
    const cpu = process.cpuUsage();
    const started = performance.now();
    await inParallel(count, inFlight, async (at) => {
      const index = first + at;
      const userId = `${userPrefix}${index}`;
      await askOne(this.at(index), "login", `login-${userId}`, { userId, appPlatform });
    });
    this.#loggedIn += count;
    return { wallMs: performance.now() - started, clientCpuMs: cpuMsSince(cpu) };
  }

  async joinRooms({ roomSize, roomPrefix }: JoinRooms): Promise<Results["joinRooms"]> {
    const started = performance.now();
    await inParallel(this.clients.length, 64, async (index) => {
      const channel = roomOf(roomPrefix, index, roomSize);
      await askOne(this.at(index), "join", `join-${index}`, { channel });
    });
    return { wallMs: performance.now() - started };
  }

  async quiet({ quietMs, deadlineMs }: Quiet): Promise<Results["quiet"]> {
    const started = performance.now();
    let frames = this.frames();
    let lastChange = started;
    while (performance.now() - lastChange < quietMs) {
      if (performance.now() - started > deadlineMs) {
        throw new Error(`Frames still arrive after ${deadlineMs} ms`);
      }
      await Bun.sleep(QUIET_POLL_MS);
      const now = this.frames();
      if (now !== frames) lastChange = performance.now();
      frames = now;
    }
    this.assertOpen();
    return { waitedMs: performance.now() - started };
  }

  at(index: number): RawClient {
    const client = this.clients[index];
    if (client === undefined) throw new Error(`No such connection: ${index} of ${this.clients.length}`);
    return client;
  }

  frames(): number {
    let sum = 0;
    for (const client of this.clients) sum += client.reader.frames;
    return sum;
  }

  /** @throws {Error} if a connection was lost: what follows would measure fewer than it says. */
  assertOpen(): void {
    const lost = this.clients.filter((client) => client.phase !== "open");
    const codes = [...new Set(lost.map((client) => client.closeCode))].join(", ");
    if (lost.length > 0) throw new Error(`Connections were lost: ${lost.length}, codes ${codes}`);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

export function cpuMsSince(begin: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(begin);
  return (used.user + used.system) / 1_000;
}

/** Runs `task` for 0 to `count` - 1, `width` at a time. */
async function inParallel(count: number, width: number, task: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

/** Makes one request and waits until it is answered with success. */
async function askOne(client: RawClient, action: string, seq: string, data: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Error(`Request is not answered: ${action}, close code ${client.closeCode}`)),
    ANSWER_MS_MAX,
  );
  client.listen({
    text: (_client, payload) => {
      if (!payload.includes(`"action":"${action}"`)) return;
      if (payload.includes('"code":200')) resolve();
      else reject(new Error(`Request is refused: ${payload.toString()}`));
    },
  });
  client.send(clientFrame(JSON.stringify({ seq, action, data })));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    client.listen({});
  }
}
