/**
 * Frames that no sane client sends, and sane ones in mad order: the same ones for the same seed.
 */
import { type WireFormat, writeFrame } from "./wire-frame.ts";

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ACTIONS = [
  "login",
  "heartbeat",
  "ping",
  "logout",
  "send",
  "join",
  "leave",
  "history",
  "read",
  "typing",
];
const KEYS = [
  ...[
    "seq",
    "action",
    "cmd",
    "data",
    "userId",
    "userID",
    "appPlatform",
    "appID",
    "channel",
    "offset",
    "epoch",
  ],
  ...["msg", "type", "url", "size", "width", "positions", "limit", "after", "before", "serviceToken"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "length", ""],
];
const TEXTS = [
  ...[
    "",
    "x",
    "马远",
    "room:101",
    "room:fuzz",
    "inbox:fuzz-1",
    "all",
    "text",
    "img",
    "\u0000",
    "\u202e",
    "🙂",
  ],
  ...["1_0", "\ud800", "/a.png", "http://x/y", "null", "-1", "NaN", "a".repeat(65), "s".repeat(129)],
];
const NUMBERS = [0, 1, -1, 0.5, 101, 102, 105, 1e9, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -0, 1_000, 1_001];
const BYTES = [0, 1, 0x0a, 0x12, 0x32, 0x7f, 0x80, 0xff];

export class FuzzFrames {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** One frame; a connection that gets it stays open and answers it once. */
  next(): string | Uint8Array {
    const dice = this.#random();
    if (dice < 0.35) return this.#valid(this.#pick(["json", "json", "reference", "protobuf"] as const));
    if (dice < 0.45) return this.#mixedSpelling();
    if (dice < 0.6) return this.#mutatedText();
    if (dice < 0.7) return JSON.stringify(this.#structure(4)) ?? "";
    if (dice < 0.75) return this.#randomText();
    if (dice < 0.92) return this.#mutatedBytes(this.#valid("protobuf") as Uint8Array);
    return Uint8Array.from({ length: this.#below(60) }, () => this.#below(256));
  }

  /** Bytes for a connection of its own, which may well be closed for them. */
  rawBytes(): Uint8Array {
    const bytes = Uint8Array.from({ length: 1 + this.#below(200) }, () => this.#below(256));
    // More often than by chance: the beginning of a masked text or binary frame.
    if (this.chance(0.7)) bytes.set([0x80 | this.#below(16), 0x80 | this.#below(128)].slice(0, bytes.length));
    return bytes;
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #valid(format: WireFormat): string | Uint8Array {
    const action = this.#pick(ACTIONS);
    return writeFrame(format, this.#seq(), action, this.#data(action));
  }

  #data(action: string): object {
    const channel = this.#pick(["room:101", "room:102", "room:fuzz", "room:other", "all", "inbox:fuzz-1"]);
    const userId = `fuzz-${this.#below(6)}`;
    switch (action) {
      case "login":
        return this.chance(0.2)
          ? {
              userId,
              appPlatform: 101 + this.#below(5),
              positions: [{ channel, epoch: "x", offset: this.#below(9) }],
            }
          : { userId, appPlatform: 101 + this.#below(4) };
      case "send":
        return this.chance(0.3)
          ? { userId, msg: "hello" }
          : {
              channel,
              msg: "x".repeat(this.#below(200)),
              ...(this.chance(0.2) ? { type: "img", url: "/a" } : {}),
            };
      case "typing":
        return this.chance(0.5) ? { userId } : { channel };
      case "join":
        return this.chance(0.5) ? { channel, epoch: "x", offset: this.#below(9) } : { channel };
      case "history":
        return {
          channel,
          limit: 1 + this.#below(10),
          ...(this.chance(0.5) ? { after: this.#below(99) } : {}),
        };
      case "read":
        return { channel, offset: 1 + this.#below(9) };
      case "leave":
        return { channel };
      default:
        return {};
    }
  }

  #mixedSpelling(): string {
    const action = this.#pick(ACTIONS);
    const { userId, appPlatform, ...rest } = this.#data(action) as Record<string, unknown>;
    const frame: Record<string, unknown> = { seq: this.#seq() };
    if (this.chance(0.7)) frame["cmd"] = action;
    if (this.chance(0.7)) frame["action"] = action;
    const data = { ...rest, userID: userId, appID: appPlatform, [this.#pick(KEYS)]: this.#pick(TEXTS) };
    frame["data"] = this.chance(0.9) ? data : this.#structure(2);
    return JSON.stringify(frame);
  }

  #mutatedText(): string {
    let text = String(this.#valid(this.#pick(["json", "reference"] as const)));
    for (let times = 1 + this.#below(4); times > 0; times -= 1) {
      const at = this.#below(text.length + 1);
      const to = at + this.#below(6);
      const dice = this.#below(5);
      if (dice === 0) text = text.slice(0, at);
      else if (dice === 1) text = text.slice(0, at) + text.slice(to);
      else if (dice === 2) text = text.slice(0, to) + text.slice(at);
      else if (dice === 3) text = text.slice(0, at) + this.#pick(TEXTS) + text.slice(at);
      else text = text.slice(0, at) + String.fromCharCode(this.#below(0x80)) + text.slice(at + 1);
    }
    return text;
  }

  #mutatedBytes(bytes: Uint8Array): Uint8Array {
    const changed = [...bytes];
    for (let times = this.#below(4); times > 0; times -= 1) {
      const at = this.#below(changed.length + 1);
      const dice = this.#below(4);
      if (dice === 0) changed.length = Math.min(at, changed.length);
      else if (dice === 1) changed.splice(at, 1 + this.#below(3));
      else if (dice === 2) changed.splice(at, 0, this.#pick(BYTES));
      else changed[at] = this.#below(256);
    }
    return new Uint8Array(changed);
  }

  #structure(depth: number): unknown {
    const dice = this.#below(depth > 0 ? 7 : 5);
    if (dice === 0) return this.#pick(TEXTS);
    if (dice === 1) return this.#pick(NUMBERS);
    if (dice === 2) return this.chance(0.5);
    if (dice === 3) return null;
    if (dice === 4) return this.#pick(ACTIONS);
    const parts = Array.from({ length: this.#below(6) }, () => this.#structure(depth - 1));
    if (dice === 5) return parts;
    const object: Record<string, unknown> = {};
    for (const part of parts) {
      Object.defineProperty(object, this.#pick(KEYS), { value: part, enumerable: true, configurable: true });
    }
    return object;
  }

  #randomText(): string {
    const length = this.chance(0.02) ? 5_000 : 40;
    const codes = Array.from({ length: this.#below(length) }, () =>
      this.#below(this.chance(0.5) ? 0x80 : 0x1_0000),
    );
    return String.fromCharCode(...codes);
  }

  #seq(): string {
    return this.chance(0.1) ? this.#pick(TEXTS) : `f-${this.#below(1e6)}`;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)] as T;
  }
}
