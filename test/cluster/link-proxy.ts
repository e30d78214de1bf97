/**
 * For tests: a TCP proxy before a node's RPC port, which does to connections what it is told.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class LinkProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #targetPort = 0;
  #frozen = false;
  /** Milliseconds that each chunk waits on its way to the node. */
  delayMs = 0;
  /** While true new connections are closed at once. */
  refuses = false;
  /** Connections that came, since the start. */
  accepted = 0;
  /** Bytes that came from callers, since the start. */
  bytes = 0;

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** @returns host:port. */
  async open(targetPort: number): Promise<string> {
    this.#targetPort = targetPort;
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets all connections, both ends hear of it. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** The caller's end is reset and the node's is left open without a word. */
  halfOpen(): void {
    for (const { client, server } of this.#pairs) {
      client.unpipe(server);
      client.removeAllListeners("close");
      client.resetAndDestroy();
      server.unpipe(client);
      server.resume();
    }
  }

  /** Nothing gets through any more, on old connections and on new ones, and nobody is told. */
  freeze(): void {
    this.#frozen = true;
    for (const { client, server } of this.#pairs) {
      client.unpipe(server).pause();
      server.unpipe(client).pause();
    }
  }

  /** What was held back gets through. */
  thaw(): void {
    this.#frozen = false;
    for (const pair of this.#pairs) this.#join(pair);
  }

  close(): void {
    this.#server.close();
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.refuses) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#targetPort, host: "127.0.0.1" });
    const pair = { client, server };
    this.#pairs.add(pair);
    client.on("data", (chunk) => {
      this.bytes += chunk.length;
    });
    client.pause();
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on("error", () => {}); // Its close follows.
      socket.on("close", () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    if (!this.#frozen) this.#join(pair);
  }

  #join({ client, server }: Pair): void {
    server.pipe(client);
    if (this.delayMs === 0) {
      client.pipe(server);
      return;
    }
    client.on("data", (chunk) => {
      setTimeout(() => server.destroyed || server.write(chunk), this.delayMs);
    });
    // It was held back from the start, and listening does not change that.
    client.resume();
  }
}
