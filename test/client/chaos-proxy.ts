/**
 * ChaosProxy: a TCP proxy that treats connections as bad networks do: it cuts them in the middle of a frame, delays,
 * half-closes, stalls them without a word, and lets later ones overtake earlier ones. What it does next comes from a seed.
 * And it treats WebSockets as some networks do: refuses them, swallows them, or cuts them after a while.
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

const FAULTS = [
  "cut",
  "torn",
  "half-close-up",
  "half-close-down",
  "stall",
  "stall-up",
  "delay",
  "linger",
] as const;
type Fault = (typeof FAULTS)[number];

/** One of this many connections reaches the server only after those that were opened later. */
const OVERTAKEN_ONE_IN = 6;
const OVERTAKEN_MS_MAX = 1_500;
const LINGER_MS_MAX = 1_500;

/** What happens to a WebSocket: 403, no answer ever, a cut when it is so many milliseconds old, or nothing. */
export type WebSocketPolicy = "pass" | "refuse" | "swallow" | { readonly cutAfterMs: number };

const REFUSAL = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

export class ChaosProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pairs = new Set<Pair>();
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
  /** Connections that reached the server after ones that were opened later. */
  overtaken = 0;
  /** Asked for each WebSocket. */
  webSockets: () => WebSocketPolicy = () => "pass";
  /** WebSockets that were asked for. */
  upgrades = 0;
  #reached = 0;

  constructor(targetPort: number, random: () => number = Math.random) {
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
    this.cutAll();
  }

  /** Cuts all connections there are. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets nothing more through the connections there are, and says nothing of it. */
  stallAll(): void {
    for (const pair of this.#pairs) pair.suffer("silence", 0);
  }

  /** Cuts the streams there are for the server, and lets the clients believe that all is well. */
  orphanStreams(): void {
    for (const pair of this.#pairs) if (pair.isStream) pair.orphan();
  }

  #accept(client: Socket): void {
    this.connections += 1;
    const number = this.connections;
    this.#keep(client);
    client.on("error", () => client.destroy());
    // Who says nothing is nobody's client.
    const silent = () => void client.end();
    client.once("end", silent);
    client.once("data", (head: Buffer) => {
      client.off("end", silent);
      client.pause();
      client.unshift(head);
      const policy = this.#policyOf(head);
      if (policy === "refuse") client.end(REFUSAL);
      if (policy === "refuse" || policy === "swallow") return;
      const isLate = this.unruly && this.#random() * OVERTAKEN_ONE_IN < 1;
      const connectNow = () => this.#connect(client, number, policy);
      if (isLate) setTimeout(connectNow, this.#random() * OVERTAKEN_MS_MAX);
      else connectNow();
    });
  }

  #policyOf(head: Buffer): WebSocketPolicy {
    if (!/^upgrade: *websocket/im.test(head.toString("latin1"))) return "pass";
    this.upgrades += 1;
    return this.webSockets();
  }

  /** Also if the client has given up meanwhile: what it said is on its way. */
  #connect(client: Socket, number: number, policy: WebSocketPolicy): void {
    if (client.destroyed) return;
    const server = connect({ port: this.targetPort, host: "127.0.0.1", allowHalfOpen: true });
    this.#keep(server);
    if (number < this.#reached) this.overtaken += 1;
    this.#reached = Math.max(this.#reached, number);
    const pair = new Pair(client, server);
    this.#pairs.add(pair);
    server.on("close", () => this.#pairs.delete(pair));
    if (typeof policy === "object") pair.endAfter(policy.cutAfterMs);
    if (this.unruly) this.#misbehave(pair);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
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
  /** A Subscribe call went over it. */
  isStream = false;
  onEnd: () => void = () => {};
  /** Counts the faults. */
  #turn = 0;
  /** The side that may go without the other. */
  #outlived: Socket | undefined;

  constructor(client: Socket, server: Socket) {
    this.#client = client;
    this.#server = server;
    // pipe() waits for slow readers and passes a half-close on.
    client.pipe(server);
    server.pipe(client);
    client.on("data", (chunk: Buffer) => {
      if (chunk.includes("ChatService/Subscribe ")) this.isStream = true;
    });
    for (const socket of [client, server]) {
      const gone = () => (this.#outlived === socket ? undefined : this.#end());
      socket.on("error", gone);
      socket.on("close", gone);
    }
  }

  endAfter(delayMs: number): void {
    setTimeout(() => this.#end(), delayMs);
  }

  orphan(): void {
    this.suffer("silence", 0);
    this.#outlived = this.#server;
    this.#server.destroy();
  }

  suffer(fault: Fault | "silence", chance: number): void {
    this.#turn += 1;
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
      case "silence":
        this.#client.unpipe(this.#server).pause();
        this.#server.unpipe(this.#client).pause();
        return;
      case "stall":
        this.#client.unpipe(this.#server).pause();
        this.#server.unpipe(this.#client).pause();
        this.#late(2_000, () => this.#end());
        return;
      case "stall-up":
        // What was held back arrives when the client has long come back on another connection.
        this.#client.unpipe(this.#server).pause();
        this.#late(500 + chance * 1_000, () => this.#flow());
        return;
      case "linger":
        // Cut for the client, which comes back; the server hears the rest of what it said, and of its end, later.
        this.#client.unpipe(this.#server).pause();
        this.#server.unpipe(this.#client).resume();
        this.#outlived = this.#client;
        this.#client.once("data", (said: Buffer) => {
          this.#client.pause();
          this.#late(chance * LINGER_MS_MAX, () => this.#server.write(said, () => this.#end()));
        });
        this.#client.resume();
        this.#client.end();
        this.#late(LINGER_MS_MAX + 500, () => this.#end());
        return;
      case "delay":
        this.#client.unpipe(this.#server).pause();
        this.#server.unpipe(this.#client).pause();
        this.#late(chance * 200, () => this.#flow());
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

  /** Passes everything on again, what was held back first. */
  #flow(): void {
    this.#client.unpipe(this.#server).pipe(this.#server);
    this.#server.unpipe(this.#client).pipe(this.#client);
  }

  /** Unless another fault comes first: what that holds back must not be overtaken by what follows it. */
  #late(delayMs: number, task: () => void): void {
    const turn = this.#turn;
    setTimeout(() => this.over || turn !== this.#turn || task(), delayMs);
  }

  #end(): void {
    if (this.over) return;
    this.over = true;
    this.onEnd();
    this.#client.destroy();
    this.#server.destroy();
  }
}
