/**
 * One WebSocket connection on a raw `Bun.connect` socket: the handshake is written by hand and
 * frames are only counted, so that thousands of clients cost less than the server they measure.
 * Knows no chat protocol.
 */
import type { Socket } from "bun";
import { clientFrame, FrameReader, type FrameSink, OPCODE } from "./frames.ts";
import { HANDSHAKE_BYTES_MAX, upgradeRequest } from "./upgrade.ts";

const HANDSHAKE_MS_MAX = 15_000;

export interface ClientListener {
  /** After each read that completed text or binary frames; `count` of them. */
  frames?: ((client: RawClient, count: number) => void) | undefined;
  /** Each payload, as a view that is valid during the call only. Leave it out where counting is enough. */
  text?: ((client: RawClient, payload: Buffer) => void) | undefined;
}

type Phase = "connecting" | "open" | "closed";

export class RawClient implements FrameSink {
  readonly reader = new FrameReader();
  /** Place in its pool, for the arrays of a load. */
  readonly index: number;
  phase: Phase = "connecting";
  /** Why it was closed: the server's code, 1006 if it sent none. */
  closeCode = 0;
  #listener: ClientListener = {};
  #socket: Socket<RawClient> | undefined;
  #head = "";
  #unsent: Buffer | undefined;
  #settle: ((error?: Error) => void) | undefined;
  text: ((payload: Buffer) => void) | undefined;

  private constructor(index: number) {
    this.index = index;
  }

  /** @throws {Error} if the server refuses the connection or the upgrade, or takes more than 15 s. */
  static async connect(url: URL, index: number): Promise<RawClient> {
    const client = new RawClient(index);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    client.#settle = (error) => (error === undefined ? resolve() : reject(error));
    const timer = setTimeout(() => client.#fail(new Error("Handshake takes too long")), HANDSHAKE_MS_MAX);
    try {
      client.#socket = await Bun.connect({
        hostname: url.hostname,
        port: Number(url.port),
        data: client,
        socket: HANDLER,
      });
      client.#socket.setNoDelay(true);
      client.#write(Buffer.from(upgradeRequest(url)));
      await promise;
    } finally {
      clearTimeout(timer);
      client.#settle = undefined;
    }
    return client;
  }

  listen(listener: ClientListener): void {
    this.#listener = listener;
    const { text } = listener;
    this.text = text === undefined ? undefined : (payload) => text(this, payload);
  }

  /** Sends bytes that are frames already, one or many. */
  send(frames: Buffer): void {
    this.#write(frames);
  }

  close(): void {
    this.#fail(new Error("Client is closed"));
  }

  control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.#write(clientFrame(payload, OPCODE.pong));
    if (opcode === OPCODE.close) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#fail(new Error(`Server closed the connection: code ${this.closeCode}`));
    }
  }

  onData(chunk: Buffer): void {
    const bytes = this.phase === "open" ? chunk : this.#shake(chunk);
    if (bytes === undefined || bytes.length === 0) return;
    const before = this.reader.frames;
    try {
      this.reader.read(bytes, this);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const count = this.reader.frames - before;
    if (count > 0) this.#listener.frames?.(this, count);
  }

  onDrain(): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    if (unsent !== undefined) this.#write(unsent);
  }

  onClose(): void {
    this.#fail(new Error("Server closed the connection without a code"));
  }

  /** Reads the answer to the upgrade. @returns what follows it, undefined while it is not complete. */
  #shake(chunk: Buffer): Buffer | undefined {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#head.length > HANDSHAKE_BYTES_MAX) this.#fail(new Error("Handshake is too long"));
      return undefined;
    }
    if (!this.#head.startsWith("HTTP/1.1 101")) {
      this.#fail(new Error(`Upgrade is refused: "${this.#head.slice(0, this.#head.indexOf("\r\n"))}"`));
      return undefined;
    }
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    this.phase = "open";
    this.#settle?.();
    return rest;
  }

  #write(bytes: Buffer): void {
    if (this.phase === "closed" || this.#socket === undefined) return;
    if (this.#unsent !== undefined) {
      this.#unsent = Buffer.concat([this.#unsent, bytes]);
      return;
    }
    const written = this.#socket.write(bytes);
    if (written < bytes.length) this.#unsent = Buffer.from(bytes.subarray(Math.max(written, 0)));
  }

  #fail(error: Error): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    if (this.closeCode === 0) this.closeCode = 1006;
    this.#unsent = undefined;
    this.#socket?.terminate();
    this.#settle?.(error);
  }
}

/** Shared by all sockets of the process: a handler per socket would cost memory. */
const HANDLER = {
  data(socket: Socket<RawClient>, chunk: Buffer): void {
    socket.data.onData(chunk);
  },
  drain(socket: Socket<RawClient>): void {
    socket.data.onDrain();
  },
  close(socket: Socket<RawClient>): void {
    socket.data.onClose();
  },
  error(socket: Socket<RawClient>): void {
    socket.data.onClose();
  },
};
