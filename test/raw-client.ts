/**
 * A TCP connection for what no well-behaved client would send: half frames, wrong lengths, headers without
 * end. It shakes hands by itself if asked to, and reads the server's frames.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "bun";
import { within } from "./deadline.ts";

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export interface RawFrameOptions {
  readonly opcode?: number;
  /** False if more of the message follows. */
  readonly isLast?: boolean;
  /** A length that is not the payload's. */
  readonly claimedBytes?: number;
  readonly masked?: boolean;
  /** Bits of extensions nobody agreed on. */
  readonly reserved?: number;
}

/** A client's frame. The mask is zero, which the protocol allows and which keeps payloads readable. */
export function rawFrame(payload: string | Uint8Array, options: RawFrameOptions = {}): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload) : payload;
  const { opcode = OPCODES.text, isLast = true, claimedBytes = body.length, masked = true } = options;
  const first = (isLast ? 0x80 : 0) | ((options.reserved ?? 0) << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  const key = masked ? Buffer.alloc(4) : Buffer.alloc(0);
  if (claimedBytes < 126) return Buffer.concat([Buffer.from([first, mask | claimedBytes]), key, body]);
  if (claimedBytes < 65_536) {
    const head = Buffer.from([first, mask | 126, claimedBytes >> 8, claimedBytes & 0xff]);
    return Buffer.concat([head, key, body]);
  }
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = mask | 127;
  head.writeBigUInt64BE(BigInt(claimedBytes), 2);
  return Buffer.concat([head, key, body]);
}

export class RawClient {
  /** Frames of the server, after the handshake. */
  readonly frames: RawFrame[] = [];
  /** Head and body of the server's HTTP answer. */
  head = "";
  bytesRead = 0;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  #socket: Socket | undefined;
  #waitingToWrite: Buffer[] = [];
  #unparsed: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #checks: (() => void)[] = [];
  #onClosed: () => void = () => {};

  private constructor() {
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  /** Connects and says nothing. */
  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const client = new RawClient();
    const connecting = Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_, bytes) => client.#take(Buffer.from(bytes)),
        drain: () => client.#flush(),
        close: () => client.#end(),
        error: () => client.#end(),
        end: (socket) => void socket.end(),
      },
    });
    client.#socket = await within(connecting, `a connection to ${url}`);
    return client;
  }

  /** Connects and becomes a WebSocket. */
  static async open(url: string): Promise<RawClient> {
    const client = await RawClient.connect(url);
    const key = randomBytes(16).toString("base64");
    client.write(handshake(url, key));
    await client.until(() => client.#upgraded, "the handshake");
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    if (!client.head.includes(accept)) throw new Error(`The handshake is wrong: ${client.head}`);
    return client;
  }

  write(data: string | Uint8Array): void {
    this.#waitingToWrite.push(Buffer.from(data as Uint8Array));
    this.#flush();
  }

  /** Sends a text frame and returns at once. */
  say(text: string): void {
    this.write(rawFrame(text));
  }

  /** Stops reading: what the server sends stays in the kernel, and then with the server. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  terminate(): void {
    this.#socket?.terminate();
  }

  /** Texts of the server that are frames. */
  get texts(): string[] {
    return this.frames
      .filter(({ opcode }) => opcode === OPCODES.text)
      .map(({ payload }) => payload.toString());
  }

  /** The code of the server's close frame; undefined while there is none. */
  get closeCode(): number | undefined {
    const frame = this.frames.find(({ opcode }) => opcode === OPCODES.close);
    return frame === undefined || frame.payload.length < 2 ? undefined : frame.payload.readUInt16BE();
  }

  /** Waits for a text of the server. */
  async next(wanted: (text: string) => boolean, what = "a text"): Promise<string> {
    let found: string | undefined;
    await this.until(() => {
      found = this.texts.find(wanted);
      return found !== undefined;
    }, what);
    return found ?? "";
  }

  /** Waits until something is so, looking whenever bytes come. */
  async until(isSo: () => boolean, what: string, deadlineMs?: number): Promise<void> {
    if (isSo()) return;
    let check = () => {};
    const coming = new Promise<void>((resolve) => {
      check = () => {
        if (isSo()) resolve();
      };
      this.#checks.push(check);
    });
    const state = () => `${what}; got ${this.head.slice(0, 200)} ${this.texts.slice(-3).join(" ")}`;
    await within(coming, state, deadlineMs).finally(() => {
      this.#checks = this.#checks.filter((other) => other !== check);
    });
  }

  #flush(): void {
    for (let next = this.#waitingToWrite[0]; next !== undefined; next = this.#waitingToWrite[0]) {
      const written = this.#socket?.write(next) ?? -1;
      if (written < 0) {
        this.#waitingToWrite = [];
        return;
      }
      if (written < next.length) {
        this.#waitingToWrite[0] = next.subarray(written);
        return;
      }
      this.#waitingToWrite.shift();
    }
  }

  #take(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    this.#unparsed = this.#unparsed.length === 0 ? bytes : Buffer.concat([this.#unparsed, bytes]);
    if (!this.#upgraded) this.#readHead();
    if (this.#upgraded) this.#readFrames();
    for (const check of this.#checks) check();
  }

  #readHead(): void {
    const end = this.#unparsed.indexOf("\r\n\r\n");
    this.head = this.#unparsed.toString();
    if (end < 0 || !this.head.startsWith("HTTP/1.1 101 ")) return;
    this.head = this.#unparsed.toString("utf8", 0, end);
    this.#unparsed = this.#unparsed.subarray(end + 4);
    this.#upgraded = true;
  }

  #readFrames(): void {
    for (;;) {
      const bytes = this.#unparsed;
      if (bytes.length < 2) return;
      const short = (bytes[1] ?? 0) & 0x7f;
      const headBytes = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (bytes.length < headBytes) return;
      const length =
        short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
      if (bytes.length < headBytes + length) return;
      this.frames.push({
        opcode: (bytes[0] ?? 0) & 0x0f,
        payload: Buffer.from(bytes.subarray(headBytes, headBytes + length)),
      });
      this.#unparsed = bytes.subarray(headBytes + length);
    }
  }

  #end(): void {
    this.#socket = undefined;
    this.#onClosed();
    for (const check of this.#checks) check();
  }
}

function handshake(url: string, key: string): string {
  const { host, pathname } = new URL(url);
  return [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    "\r\n",
  ].join("\r\n");
}
