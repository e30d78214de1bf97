/**
 * Envelopes: the framing of Connect streams (https://connectrpc.com/docs/protocol, "Streaming RPCs"). Each message has one byte of
 * flags and four of length before it; the last one says how the stream ended. It knows nothing of what is in them.
 */

export interface Envelope {
  /** The last of its stream: its JSON says how that ended. */
  readonly isEnd: boolean;
  readonly json: string;
}

const HEAD_BYTES = 5;
const FLAG_COMPRESSED = 1;
const FLAG_END = 2;

/** Puts a request into an envelope of its own. */
export function enveloped(json: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(json);
  const envelope = new Uint8Array(HEAD_BYTES + body.length);
  new DataView(envelope.buffer).setUint32(1, body.length);
  envelope.set(body, HEAD_BYTES);
  return envelope;
}

/** Finds the envelopes in a stream of bytes, however that was cut into chunks. */
export class EnvelopeReader {
  readonly #bytesMax: number;
  #chunks: Uint8Array[] = [];
  #held = 0;
  /** How many bytes to wait for before looking again. */
  #wanted = HEAD_BYTES;

  /** @param bytesMax of one message. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @throws {Error} if it is no Connect stream, is compressed though nobody asked for that, or a message is too large. */
  take(chunk: Uint8Array): Envelope[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const envelopes: Envelope[] = [];
    if (this.#held < this.#wanted) return envelopes;
    let bytes = joined(this.#chunks, this.#held);
    for (;;) {
      this.#wanted = HEAD_BYTES;
      if (bytes.length < HEAD_BYTES) break;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const flags = view.getUint8(0);
      const length = view.getUint32(1);
      if ((flags & FLAG_COMPRESSED) !== 0) throw new Error("Cannot read the stream: it is compressed");
      if (length > this.#bytesMax) throw new Error(`Cannot read the stream: a message of ${length} bytes`);
      this.#wanted = HEAD_BYTES + length;
      if (bytes.length < this.#wanted) break;
      const json = new TextDecoder().decode(bytes.subarray(HEAD_BYTES, this.#wanted));
      envelopes.push({ isEnd: (flags & FLAG_END) !== 0, json });
      bytes = bytes.subarray(this.#wanted);
    }
    this.#chunks = [bytes];
    this.#held = bytes.length;
    return envelopes;
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
