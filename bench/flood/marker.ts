/**
 * The mark in the text of every message of a flood: which flood, which process sent it, its number
 * there, and when it was due. It is found in the bytes of any frame, whatever the format and
 * whatever else the server puts around it.
 */

export interface Mark {
  sender: number;
  number: number;
  dueUs: number;
}

const TILDE = 0x7e;
const DOT = 0x2e;
const ZERO = 0x30;

export class Marker {
  readonly #prefix: string;
  readonly #prefixBytes: Buffer;

  constructor(runId: string) {
    this.#prefix = `~flood.${runId}.`;
    this.#prefixBytes = Buffer.from(this.#prefix);
  }

  /** A text of at least `bytes` bytes with the mark in front. */
  text(mark: Mark, bytes: number): string {
    return `${this.#prefix}${mark.sender}.${mark.number}.${mark.dueUs}~`.padEnd(bytes, "x");
  }

  /** @returns false if the payload bears no mark of this flood; else `into` is filled. */
  find(payload: Buffer, into: Mark): boolean {
    const found = payload.indexOf(this.#prefixBytes);
    if (found < 0) return false;
    let at = found + this.#prefixBytes.length;
    let number = 0;
    let field = 0;
    for (; at < payload.length; at++) {
      const byte = payload[at] as number;
      if (byte >= ZERO && byte <= ZERO + 9) {
        number = number * 10 + byte - ZERO;
        continue;
      }
      if (field === 0 && byte === DOT) into.sender = number;
      else if (field === 1 && byte === DOT) into.number = number;
      else if (field === 2 && byte === TILDE) {
        into.dueUs = number;
        return true;
      } else return false;
      field++;
      number = 0;
    }
    return false;
  }
}
