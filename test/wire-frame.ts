/**
 * Frames as the tests see them: one form, whichever of the three spellings they came in. Written from
 * the documents, not with the server's own codecs.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema, ServerFrameSchema } from "../src/gen/prim/v1/frame_pb.ts";

export type WireFormat = "json" | "reference" | "protobuf";

/** All that the data of answers and pushes may hold; each action has some of it. */
export interface FrameData {
  readonly id: string;
  readonly seq: string;
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly sentAt: number;
  readonly from: string;
  readonly appPlatform: number;
  readonly target: string;
  readonly type: string;
  readonly msg: string;
  readonly url: string;
  readonly nickname: string;
  readonly head: number;
  readonly messages: readonly FrameData[];
  readonly more: boolean;
  readonly sessionId: string;
  readonly channels: readonly FrameData[];
  readonly recovered: boolean | undefined;
  readonly read: number;
  readonly count: number;
  readonly newest: readonly string[];
  readonly notice: string;
}

export interface WireFrame {
  readonly seq: string;
  readonly action: string;
  /** True if it came by itself. */
  readonly isPush: boolean;
  readonly code: number;
  readonly codeMsg: string;
  readonly data: FrameData;
  /** A text that is no JSON. */
  readonly plain?: string;
}

interface JsonFrame {
  readonly seq: string;
  readonly action?: string;
  readonly cmd?: string;
  readonly response: { readonly code: number; readonly codeMsg: string; readonly data: FrameData };
}

/** What the reference system answers to a text that is no JSON. */
export const NO_JSON = "数据不合法";

export function readFrame(frame: string | Uint8Array): WireFrame {
  return typeof frame === "string" ? readJson(frame) : readProtobuf(frame);
}

export function writeFrame(
  format: WireFormat,
  seq: string,
  action: string,
  data: object,
): string | Uint8Array {
  if (format === "protobuf") return writeProtobuf(seq, action, data);
  if (format === "json") return JSON.stringify({ seq, action, data });
  const { userId, appPlatform, ...rest } = data as Record<string, unknown>;
  return JSON.stringify({ seq, cmd: action, data: { ...rest, userID: userId, appID: appPlatform } });
}

function readJson(text: string): WireFrame {
  if (text === NO_JSON) {
    return { seq: "", action: "", isPush: false, code: 0, codeMsg: "", data: NO_DATA, plain: text };
  }
  const frame = JSON.parse(text) as JsonFrame;
  const { code, codeMsg, data } = frame.response;
  const isPush = code === 200 && codeMsg === "Ok";
  return { seq: frame.seq, action: frame.action ?? frame.cmd ?? "", isPush, code, codeMsg, data };
}

function readProtobuf(bytes: Uint8Array): WireFrame {
  const { seq, body } = fromBinary(ServerFrameSchema, bytes);
  if (body.case === "push") {
    const { event } = body.value;
    const data = plainData(event.value ?? {});
    return { seq, action: event.case ?? "", isPush: true, code: 200, codeMsg: "Ok", data };
  }
  if (body.case === undefined) throw new Error("A frame of the server is empty");
  const { code, codeMsg, data } = body.value;
  return { seq, action: data.case ?? "", isPush: false, code, codeMsg, data: plainData(data.value ?? {}) };
}

const NO_DATA = {} as FrameData;

/** Protobuf's numbers and nesting as JSON has them. */
function plainData(value: object): FrameData {
  const { sentAtMs, media, channel, ...rest } = plain(value) as Record<string, unknown>;
  return {
    ...(typeof channel === "object" ? channel : { channel }),
    ...rest,
    ...(media as object | undefined),
    ...(Array.isArray(rest["messages"]) ? { messages: rest["messages"].map(plainData) } : {}),
    ...(sentAtMs === undefined ? {} : { sentAt: sentAtMs }),
  } as unknown as FrameData;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => !name.startsWith("$"));
  return Object.fromEntries(entries.map(([name, part]) => [name, plain(part)]));
}

/** The request of an action, from the data that the JSON spelling has. */
function writeProtobuf(seq: string, action: string, data: object): Uint8Array {
  const request = { case: action, value: requestOf(action, data as Record<string, unknown>) };
  const init = { seq, request } as unknown as MessageInitShape<typeof ClientFrameSchema>;
  return toBinary(ClientFrameSchema, create(ClientFrameSchema, init));
}

function requestOf(action: string, data: Record<string, unknown>): object {
  const { channel, userId, epoch, offset, after, before, positions, ...rest } = data;
  const big = (value: unknown) => BigInt(value as number);
  switch (action) {
    case "login":
      return {
        userId,
        ...rest,
        positions: ((positions ?? []) as { offset: number }[]).map((place) => ({
          ...place,
          offset: big(place.offset),
        })),
      };
    case "send": {
      const { url, secret, size, durationMs, name, bytes, mimeType, ...text } = rest;
      const media = { url, secret, size, durationMs, name, bytes: big(bytes ?? 0), mimeType };
      return {
        ...text,
        to: targetOf(channel, userId),
        ...(url === undefined ? {} : { media: withoutGaps(media) }),
      };
    }
    case "typing":
      return { to: targetOf(channel, userId) };
    case "join":
      return { channel, ...(epoch === undefined ? {} : { position: { epoch, offset: big(offset) } }) };
    case "history": {
      if (after !== undefined) return { channel, ...rest, range: { case: "after", value: big(after) } };
      if (before !== undefined) return { channel, ...rest, range: { case: "before", value: big(before) } };
      return { channel, ...rest };
    }
    case "read":
      return { channel, offset: big(offset) };
    default:
      return withoutGaps({ channel });
  }
}

function targetOf(channel: unknown, userId: unknown): object {
  return channel === undefined ? { case: "userId", value: userId } : { case: "channel", value: channel };
}

function withoutGaps(fields: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
