/**
 * Requests and answers as bytes. A request's seq says all that is needed to understand its answer
 * (what it was, when it was due), so that nothing is kept per request.
 */
import { clientFrame } from "../harness/frames.ts";
import type { Plan, Spelling } from "./plan.ts";

/** What a seq begins with: the first letter of the action. */
export const ASKED = { login: 0x6c, join: 0x6a, heartbeat: 0x68, ping: 0x70, send: 0x73 } as const;

export interface Position {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** An answer to one of our requests. */
export interface Answer {
  /** One of ASKED. */
  asked: number;
  /** The numbers of its seq; what they mean depends on what was asked. */
  first: number;
  second: number;
  /** 200 for success. */
  code: number;
}

/** Each request is returned as a whole frame. */
export interface Wire {
  login(seq: string, userId: string, positions?: readonly Position[]): Buffer;
  join(seq: string, channel: string): Buffer;
  heartbeat(seq: string, userId: string): Buffer;
  ping(seq: string): Buffer;
  send(seq: string, to: { readonly channel: string } | { readonly userId: string }, text: string): Buffer;
  /** @returns false if the payload is no answer to one of our requests; else `into` is filled. */
  readAnswer(payload: Buffer, into: Answer): boolean;
}

/** The wire of a plan. Only who speaks protobuf loads its library. */
export async function wireOf(plan: Plan): Promise<Wire> {
  if (plan.format === "json") return new JsonWire(plan.spelling, plan.appPlatform);
  const { ProtobufWire } = await import("./protobuf-wire.ts");
  return new ProtobufWire(plan.appPlatform);
}

const QUOTE = 0x22;
const DOT = 0x2e;
const ZERO = 0x30;
const SEQ_AT = '{"seq":"'.length;
const CODE = Buffer.from('"code":');

/** The seed's protocol, in its own spelling or the reference system's. */
export class JsonWire implements Wire {
  readonly #spelling: Spelling;
  readonly #appPlatform: number;

  constructor(spelling: Spelling, appPlatform: number) {
    this.#spelling = spelling;
    this.#appPlatform = appPlatform;
  }

  login(seq: string, userId: string, positions?: readonly Position[]): Buffer {
    const data =
      this.#spelling === "prim"
        ? { userId, appPlatform: this.#appPlatform, positions }
        : { serviceToken: "", appID: this.#appPlatform, userID: userId, positions };
    return this.#frame(seq, "login", JSON.stringify(data));
  }

  join(seq: string, channel: string): Buffer {
    return this.#frame(seq, "join", JSON.stringify({ channel }));
  }

  heartbeat(seq: string, userId: string): Buffer {
    return this.#frame(seq, "heartbeat", this.#spelling === "prim" ? "{}" : `{"userID":"${userId}"}`);
  }

  ping(seq: string): Buffer {
    return this.#frame(seq, "ping", "{}");
  }

  send(seq: string, to: { readonly channel: string } | { readonly userId: string }, text: string): Buffer {
    const named = this.#spelling === "reference" && "userId" in to ? { userID: to.userId } : to;
    return this.#frame(seq, "send", JSON.stringify({ ...named, type: "text", msg: text }));
  }

  readAnswer(payload: Buffer, into: Answer): boolean {
    // `{"seq":"p123","action":"ping","response":{"code":200,...`, keys in this order as prim and the reference write them.
    if (payload.length < SEQ_AT + 2 || payload[SEQ_AT - 1] !== QUOTE || payload[2] !== 0x73) {
      return this.#readAnyOrder(payload, into);
    }
    const end = readSeq(payload, SEQ_AT, payload.length, into);
    if (end < 0 || payload[end] !== QUOTE) return false;
    // From the seq's closing quote: `","action":"p` or `","cmd":"p`. A push may bear the seq of a send.
    const action = payload[end + 3] === 0x61 ? end + 12 : end + 9;
    if (payload[action] !== into.asked) return false;
    const code = payload.indexOf(CODE, action);
    if (code < 0) return false;
    into.code = readNumber(payload, code + CODE.length);
    return true;
  }

  #readAnyOrder(payload: Buffer, into: Answer): boolean {
    let frame: { seq?: unknown; action?: unknown; cmd?: unknown; response?: { code?: unknown } } | null;
    try {
      frame = JSON.parse(payload.toString());
    } catch {
      return false; // Such as the reference's plain text for what is no JSON.
    }
    const seq = Buffer.from(String(frame?.seq ?? ""));
    const action = String(frame?.action ?? frame?.cmd ?? "");
    if (readSeq(seq, 0, seq.length, into) !== seq.length || action.charCodeAt(0) !== into.asked) return false;
    into.code = Number(frame?.response?.code);
    return true;
  }

  #frame(seq: string, action: string, data: string): Buffer {
    const key = this.#spelling === "prim" ? "action" : "cmd";
    return clientFrame(`{"seq":"${seq}","${key}":"${action}","data":${data}}`);
  }
}

/** Reads a letter, a number and perhaps a dot and another number. @returns where they end, -1 if that is no seq of ours. */
export function readSeq(bytes: Buffer, start: number, end: number, into: Answer): number {
  into.asked = bytes[start] ?? 0;
  into.first = 0;
  into.second = 0;
  let dots = 0;
  let at = start + 1;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= ZERO && byte <= ZERO + 9) {
      if (dots === 0) into.first = into.first * 10 + byte - ZERO;
      else into.second = into.second * 10 + byte - ZERO;
    } else if (byte === DOT && dots === 0) dots++;
    else break;
  }
  return at === start + 1 ? -1 : at;
}

function readNumber(bytes: Buffer, start: number): number {
  let number = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > ZERO + 9) break;
    number = number * 10 + byte - ZERO;
  }
  return number;
}
