/**
 * WebSocket frames as a load generator needs them (RFC 6455, section 5): client frames with a
 * zero mask, which is legal and leaves the payload as it is; and a streaming reader that counts
 * server frames and hands payloads out only where somebody wants them, without copying.
 * Fragmented messages are refused: no server measured here sends them.
 */

/** Far above any frame of a bench; a longer one means that the reader lost its place. */
const FRAME_PAYLOAD_BYTES_MAX = 16 * 1024 * 1024;

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The server has broken the rules of framing. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** One final frame, masked with zeros. */
export function clientFrame(payload: string | Uint8Array, opcode: number = OPCODE.text): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload) : payload;
  const lengthBytes = body.length < 126 ? 0 : body.length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + lengthBytes + 4 + body.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? body.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) frame.writeUInt16BE(body.length, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(body.length), 2);
  frame.set(body, 2 + lengthBytes + 4);
  return frame;
}

export interface FrameSink {
  /** A text or binary frame's payload; a view that is valid during the call only. */
  text?: ((payload: Buffer) => void) | undefined;
  /** A ping, pong or close frame. */
  control(opcode: number, payload: Buffer): void;
}

/** Text and binary frames so far, and the bytes of their payloads. */
export interface FrameCount {
  frames: number;
  payloadBytes: number;
}

/**
 * Reads the complete frames at the beginning of `buffer`, counting them in `count`.
 *
 * @returns the bytes read; what is left is the beginning of a frame whose end has not come yet.
 * @throws {FrameError} on what no server may send.
 */
export function scanFrames(buffer: Buffer, sink: FrameSink, count: FrameCount): number {
  const end = buffer.length;
  let at = 0;
  while (at + 2 <= end) {
    const first = buffer[at] as number;
    const short = buffer[at + 1] as number;
    let length = short;
    let headerBytes = 2;
    if (short >= 126) {
      if (short > 127) throw new FrameError("Server frame is wrong: it is masked");
      headerBytes = short === 126 ? 4 : 10;
      if (at + headerBytes > end) break;
      length = short === 126 ? buffer.readUInt16BE(at + 2) : Number(buffer.readBigUInt64BE(at + 2));
      if (length > FRAME_PAYLOAD_BYTES_MAX) throw new FrameError(`Server frame is too long: ${length} bytes`);
    }
    const bodyAt = at + headerBytes;
    if (bodyAt + length > end) break;
    at = bodyAt + length;
    if (first === 0x81 || first === 0x82) {
      count.frames++;
      count.payloadBytes += length;
      sink.text?.(buffer.subarray(bodyAt, at));
    } else {
      if (first < 0x88 || first > 0x8a) throw new FrameError(`Server frame is wrong: first byte ${first}`);
      sink.control(first & 0x0f, buffer.subarray(bodyAt, at));
    }
  }
  return at;
}

/** scanFrames() for a connection that keeps what is left between two reads. */
export class FrameReader implements FrameCount {
  frames = 0;
  payloadBytes = 0;
  #rest: Buffer | undefined;

  /** Takes what was read from the socket. @throws {FrameError} on what no server may send. */
  read(chunk: Buffer, sink: FrameSink): void {
    const buffer = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    const at = scanFrames(buffer, sink, this);
    // Copied: the socket's buffer is not ours beyond this call.
    if (at < buffer.length) this.#rest = Buffer.from(buffer.subarray(at));
  }
}
