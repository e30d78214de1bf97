/**
 * The sockets of one client process, by number: connect, upgrade, write, frames in. One set of
 * handlers for all and arrays instead of objects, because a process holds 17,500 of them. Knows
 * WebSocket framing and nothing of what is said.
 */
import type { Socket } from "bun";
import {
  clientFrame,
  type FrameCount,
  FrameError,
  type FrameSink,
  OPCODE,
  scanFrames,
} from "../harness/frames.ts";
import { HANDSHAKE_BYTES_MAX, upgradeRequest } from "../harness/upgrade.ts";

/** Written and not yet taken by the kernel, per connection; beyond it the server doesn't read any more. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;

export interface SocketEvents {
  opened(at: number): void;
  /** One text or binary payload; a view that is valid during the call only. */
  payload(at: number, payload: Buffer): void;
  /** The connection ended, or never began, without our doing. */
  ended(at: number, reason: string): void;
}

export class Sockets implements FrameSink {
  readonly count: FrameCount = { frames: 0, payloadBytes: 0 };
  readonly #events: SocketEvents;
  readonly #sockets: (Socket<number> | undefined)[];
  /** 1: the upgrade is done. */
  readonly #upgraded: Uint8Array;
  /** Ends of reads that were no whole frame, or no whole head. */
  readonly #rest = new Map<number, Buffer>();
  readonly #unsent = new Map<number, Buffer>();
  readonly #localAddress: string | undefined;
  readonly #upgrades = new Map<string, Buffer>();
  readonly #handler;
  /** Whose frames are being read. */
  #reading = 0;

  /** @param localAddress the address to connect from: an address pair has only as many ports as the kernel lends out. */
  constructor(count: number, events: SocketEvents, localAddress?: string) {
    this.#events = events;
    this.#sockets = new Array<Socket<number> | undefined>(count).fill(undefined);
    this.#upgraded = new Uint8Array(count);
    this.#localAddress = localAddress;
    this.#handler = {
      open: (socket: Socket<number>) => void socket.setNoDelay(true),
      data: (socket: Socket<number>, chunk: Buffer) => this.#onData(socket, chunk),
      drain: (socket: Socket<number>) => this.#onDrain(socket),
      close: (socket: Socket<number>) => this.#onEnd(socket, "without a code"),
      error: (socket: Socket<number>) => this.#onEnd(socket, "by an error"),
      end: (socket: Socket<number>) => this.#onEnd(socket, "without a code"),
    };
  }

  connect(at: number, url: URL): void {
    const options = {
      hostname: url.hostname,
      port: Number(url.port || 80),
      data: at,
      socket: this.#handler,
      ...(this.#localAddress === undefined ? {} : { localAddress: this.#localAddress }),
    };
    Bun.connect(options).then(
      (socket) => {
        this.#sockets[at] = socket;
        this.#upgraded[at] = 0;
        this.write(at, this.#upgrade(url));
      },
      (error: unknown) => {
        const { code, message } = error as { code?: string; message?: string };
        this.#events.ended(at, `not connected: ${code ?? message ?? "unknown"}`);
      },
    );
  }

  write(at: number, bytes: Buffer): void {
    const socket = this.#sockets[at];
    if (socket === undefined) return;
    const waiting = this.#unsent.get(at);
    if (waiting !== undefined) {
      if (waiting.length + bytes.length > UNSENT_BYTES_MAX) this.#fail(at, "server does not read");
      else this.#unsent.set(at, Buffer.concat([waiting, bytes]));
      return;
    }
    const written = Math.max(0, socket.write(bytes));
    if (written < bytes.length) this.#unsent.set(at, Buffer.from(bytes.subarray(written)));
  }

  /** Ends the connection at once, and without a word to anybody. */
  drop(at: number): void {
    const socket = this.#sockets[at];
    this.#forget(at);
    socket?.terminate();
  }

  pause(at: number): void {
    this.#sockets[at]?.pause();
  }

  resume(at: number): void {
    this.#sockets[at]?.resume();
  }

  text(payload: Buffer): void {
    this.#events.payload(this.#reading, payload);
  }

  control(opcode: number, payload: Buffer): void {
    const at = this.#reading;
    if (opcode === OPCODE.ping) this.write(at, clientFrame(payload, OPCODE.pong));
    if (opcode === OPCODE.close) {
      this.#fail(at, `code ${payload.length >= 2 ? payload.readUInt16BE(0) : 1005}`);
    }
  }

  #onData(socket: Socket<number>, chunk: Buffer): void {
    const at = socket.data;
    if (this.#sockets[at] !== socket) return;
    const rest = this.#rest.get(at);
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    if (rest !== undefined) this.#rest.delete(at);
    if (this.#upgraded[at] === 0) {
      const after = this.#shake(at, bytes);
      if (after === undefined) return;
      bytes = after;
    }
    if (bytes.length === 0) return;
    this.#reading = at;
    try {
      const read = scanFrames(bytes, this, this.count);
      // Copied: the socket's buffer is not ours beyond this call.
      if (read < bytes.length && this.#sockets[at] === socket) {
        this.#rest.set(at, Buffer.from(bytes.subarray(read)));
      }
    } catch (error) {
      if (error instanceof FrameError) this.#fail(at, error.message);
      else fault(error);
    }
  }

  /** Reads the answer to the upgrade. @returns what follows it; undefined while it is not complete or if it is a refusal. */
  #shake(at: number, bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) {
      if (bytes.length > HANDSHAKE_BYTES_MAX) this.#fail(at, "upgrade answered at too great length");
      else this.#rest.set(at, Buffer.from(bytes));
      return undefined;
    }
    const status = bytes.toString("latin1", 0, bytes.indexOf("\r\n")).slice(0, 40);
    if (!status.startsWith("HTTP/1.1 101")) {
      this.#fail(at, `upgrade refused: ${status}`);
      return undefined;
    }
    this.#upgraded[at] = 1;
    this.#events.opened(at);
    return bytes.subarray(end + 4);
  }

  #onDrain(socket: Socket<number>): void {
    const at = socket.data;
    const unsent = this.#unsent.get(at);
    if (unsent === undefined || this.#sockets[at] !== socket) return;
    this.#unsent.delete(at);
    this.write(at, unsent);
  }

  #onEnd(socket: Socket<number>, how: string): void {
    if (this.#sockets[socket.data] === socket) this.#fail(socket.data, how);
  }

  #fail(at: number, reason: string): void {
    this.drop(at);
    this.#events.ended(at, reason);
  }

  #forget(at: number): void {
    this.#sockets[at] = undefined;
    this.#upgraded[at] = 0;
    this.#rest.delete(at);
    this.#unsent.delete(at);
  }

  #upgrade(url: URL): Buffer {
    let bytes = this.#upgrades.get(url.href);
    if (bytes === undefined) {
      bytes = Buffer.from(upgradeRequest(url));
      this.#upgrades.set(url.href, bytes);
    }
    return bytes;
  }
}

/** A fault of ours: the runtime would take what a handler throws for the end of that one connection. */
function fault(error: unknown): never {
  console.error(error);
  process.exit(1);
}
