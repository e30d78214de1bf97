/**
 * ChaosProxy: a TCP proxy that treats connections as bad networks do: it cuts them in the middle of a frame, delays,
 * half-closes, and stalls them without a word. What it does next comes from a seed.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** mulberry32: small, and the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FAULTS = ["cut", "torn", "half-close-up", "half-close-down", "stall", "stall-up", "delay"] as const;
type Fault = (typeof FAULTS)[number];

export class ChaosProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #random: () => number;
  readonly faults: Record<Fault, number> = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<
    Fault,
    number
  >;
  /** False: connections are passed on as they are. */
  unruly = true;
  /** Where new connections go. */
  targetPort: number;
  connections = 0;

  constructor(targetPort: number, random: () => number) {
    this.targetPort = targetPort;
    this.#random = random;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    this.connections += 1;
    const server = connect({ port: this.targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const pair = new Pair(client, server);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    }
    if (this.unruly) this.#misbehave(pair);
  }

  #misbehave(pair: Pair): void {
    const afterMs = 30 + this.#random() * 700;
    const fault = FAULTS[Math.floor(this.#random() * FAULTS.length)] ?? "cut";
    const timer = setTimeout(() => {
      if (!this.unruly || pair.over) return;
      this.faults[fault] += 1;
      pair.suffer(fault, this.#random());
      // These are no end of the connection: the next fault follows.
      if (fault === "delay" || fault === "stall-up") this.#misbehave(pair);
    }, afterMs);
    pair.onEnd = () => clearTimeout(timer);
  }
}

/** Two sockets and what flows between them. */
class Pair {
  readonly #client: Socket;
  readonly #server: Socket;
  over = false;
  onEnd: () => void = () => {};

  constructor(client: Socket, server: Socket) {
    this.#client = client;
    this.#server = server;
    // pipe() waits for slow readers and passes a half-close on.
    client.pipe(server);
    server.pipe(client);
    for (const socket of [client, server]) {
      socket.on("error", () => this.#end());
      socket.on("close", () => this.#end());
    }
  }

  suffer(fault: Fault, chance: number): void {
    switch (fault) {
      case "cut":
        this.#end();
        return;
      case "torn":
        this.#tear(chance);
        return;
      case "half-close-up":
        this.#client.unpipe(this.#server);
        this.#client.resume();
        this.#server.end();
        return;
      case "half-close-down":
        this.#server.unpipe(this.#client);
        this.#server.resume();
        this.#client.end();
        return;
      case "stall":
        this.#client.unpipe(this.#server).pause();
        this.#server.unpipe(this.#client).pause();
        this.#late(2_000, () => this.#end());
        return;
      case "stall-up":
        // What was held back arrives when the client has long come back on another connection.
        this.#client.unpipe(this.#server).pause();
        this.#late(500 + chance * 1_000, () => this.#client.pipe(this.#server));
        return;
      case "delay":
        this.#client.unpipe(this.#server).pause();
        this.#server.unpipe(this.#client).pause();
        this.#late(chance * 200, () => {
          this.#client.pipe(this.#server);
          this.#server.pipe(this.#client);
        });
    }
  }

  /** Lets a few bytes of the next chunk through, then cuts. */
  #tear(chance: number): void {
    const [from, to] = chance < 0.5 ? [this.#client, this.#server] : [this.#server, this.#client];
    from.unpipe(to);
    from.once("data", (chunk: Buffer) => {
      const bytes = Math.max(1, Math.floor(chunk.length * chance));
      to.write(chunk.subarray(0, bytes), () => this.#end());
    });
    from.resume();
  }

  #late(delayMs: number, task: () => void): void {
    setTimeout(() => this.over || task(), delayMs);
  }

  #end(): void {
    if (this.over) return;
    this.over = true;
    this.onEnd();
    this.#client.destroy();
    this.#server.destroy();
  }
}
