/**
 * JSON text frames, as PROTOCOL.md has them. What the server sends is taken as it is, as far as the SDK
 * itself doesn't count on it: keys it doesn't know stay in.
 */
import type { FrameCodec } from "./codec.ts";
import type { ClientRequest, Push, ServerFrame } from "./frames.ts";
import type { Message } from "./messages.ts";

const PUSHES: ReadonlySet<string> = new Set(["enter", "exit", "members", "typing", "read", "notice"]);

/** JSON text frames: the default. */
export const jsonCodec: FrameCodec = {
  encode({ seq, action, data }: ClientRequest): string {
    return JSON.stringify({ seq, action, data });
  },

  decode(frame): ServerFrame | undefined {
    if (typeof frame !== "string") return undefined;
    const parsed = parse(frame);
    if (!isObject(parsed)) return undefined;
    const { seq, action, response } = parsed;
    if (typeof seq !== "string" || typeof action !== "string" || !isObject(response)) return undefined;
    const { code, codeMsg, data } = response;
    if (action === "msg") return messageOf(seq, data);
    if (seq === "" && PUSHES.has(action)) {
      return isObject(data) ? ({ kind: action, event: data } as unknown as Push) : undefined;
    }
    if (typeof code !== "number") return undefined;
    return { kind: "answer", seq, code, text: String(codeMsg), data };
  },
};

function messageOf(seq: string, data: unknown): Push | undefined {
  if (!isObject(data) || typeof data["channel"] !== "string" || typeof data["offset"] !== "number") {
    return undefined;
  }
  return { kind: "message", event: { ...data, seq } as unknown as Message };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not prim's: the caller passes over it.
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
