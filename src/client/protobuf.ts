/**
 * Protobuf frames for the SDK: an entry of its own, since it brings the protobuf runtime along. Both codecs give the
 * same frames to the rest: absent and empty are the same here, so what is empty is left out.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { JoinedChannel as WireChannel } from "../gen/prim/v1/chat_pb.ts";
import {
  ClientFrameSchema,
  type Response,
  type ServerFrame as ServerFrameMessage,
  ServerFrameSchema,
  type Push as WirePush,
} from "../gen/prim/v1/frame_pb.ts";
import type { Media, Message as WireMessage } from "../gen/prim/v1/message_pb.ts";
import type { FrameCodec } from "./codec.ts";
import type { Answer, ClientRequest, Push, ServerFrame } from "./frames.ts";
import type { Draft, JoinedChannel, MediaFields, Message, MessageType, Target } from "./messages.ts";

type WireRequest = NonNullable<MessageInitShape<typeof ClientFrameSchema>["request"]>;

export const protobufCodec: FrameCodec = {
  encode(request: ClientRequest): Uint8Array<ArrayBuffer> {
    const frame = create(ClientFrameSchema, { seq: request.seq, request: wireRequest(request) });
    return toBinary(ClientFrameSchema, frame);
  },

  decode(frame): ServerFrame | undefined {
    if (typeof frame === "string") return undefined;
    const { seq = "", body } = parse(frame) ?? {};
    if (body?.case === "response") return answerOf(seq, body.value);
    return body?.case === "push" ? pushOf(body.value) : undefined;
  },
};

function parse(frame: ArrayBuffer): ServerFrameMessage | undefined {
  try {
    return fromBinary(ServerFrameSchema, new Uint8Array(frame));
  } catch {
    return undefined; // Not prim's: the caller passes over it.
  }
}

function wireRequest({ action, data }: ClientRequest): WireRequest {
  switch (action) {
    case "login": {
      const { positions, ...rest } = data;
      const wire = positions.map((position) => ({ ...position, offset: BigInt(position.offset) }));
      return { case: action, value: { ...defined(rest), positions: wire } };
    }
    case "send": {
      const { type = "text", msg = "" } = data;
      return { case: action, value: { to: wireTarget(data), type, msg, ...wireMedia(data) } };
    }
    case "join": {
      const { channel, epoch, offset } = data;
      if (epoch === undefined || offset === undefined) return { case: action, value: { channel } };
      return { case: action, value: { channel, position: { epoch, offset: BigInt(offset) } } };
    }
    case "history": {
      const { channel, after, before, limit = 0 } = data;
      if (after !== undefined) {
        return { case: action, value: { channel, limit, range: { case: "after", value: BigInt(after) } } };
      }
      if (before === undefined) return { case: action, value: { channel, limit } };
      return { case: action, value: { channel, limit, range: { case: "before", value: BigInt(before) } } };
    }
    case "read":
      return { case: action, value: { channel: data.channel, offset: BigInt(data.offset) } };
    case "typing":
      return { case: action, value: { to: wireTarget(data) } };
    case "leave":
      return { case: action, value: { channel: data.channel } };
    case "ping":
    case "logout":
      return { case: action, value: {} };
  }
}

function wireTarget(target: Target) {
  if (target.channel !== undefined) return { case: "channel", value: target.channel } as const;
  return { case: "userId", value: target.userId } as const;
}

function wireMedia(draft: Draft) {
  const { url, secret, size, durationMs, name, bytes, mimeType } = draft;
  if (url === undefined) return {};
  const media = defined({ url, secret, durationMs, name, mimeType });
  return {
    media: {
      ...media,
      ...(size === undefined ? {} : { size: { width: size.width, height: size.height } }),
      ...(bytes === undefined ? {} : { bytes: BigInt(bytes) }),
    },
  };
}

function answerOf(seq: string, { code, codeMsg, data }: Response): Answer {
  return { kind: "answer", seq, code, text: codeMsg, data: answerData(data) };
}

function answerData(data: Response["data"]): unknown {
  switch (data.case) {
    case "login":
      return { sessionId: data.value.sessionId, channels: data.value.channels.map(joinedOf) };
    case "send": {
      const { id, channel, epoch, offset, sentAtMs } = data.value;
      return { id, channel, epoch, offset: Number(offset), sentAt: Number(sentAtMs) };
    }
    case "join":
      return data.value.channel === undefined ? null : joinedOf(data.value.channel);
    case "history": {
      const { channel, epoch, head, messages, more } = data.value;
      return { channel, epoch, head: Number(head), messages: messages.map(messageOf), more };
    }
    case "heartbeat":
    case "ping":
    case "logout":
    case "leave":
    case "read":
    case "typing":
    case undefined:
      return null;
  }
}

function joinedOf({ channel, epoch, offset, recovered, read }: WireChannel): JoinedChannel {
  const place = { channel, epoch, offset: Number(offset), recovered };
  return read === 0n ? place : { ...place, read: Number(read) };
}

function pushOf({ event }: WirePush): Push | undefined {
  switch (event.case) {
    case "msg":
      return { kind: "message", event: messageOf(event.value) };
    case "enter":
    case "exit": {
      const { channel, from, appPlatform, nickname, avatar } = event.value;
      return { kind: event.case, event: { channel, from, appPlatform, ...filled({ nickname, avatar }) } };
    }
    case "members": {
      const { channel, count, newest } = event.value;
      return { kind: "members", event: { channel, count: Number(count), newest } };
    }
    case "typing": {
      const { channel, from, appPlatform } = event.value;
      return { kind: "typing", event: { channel, from, appPlatform } };
    }
    case "read": {
      const { channel, from, appPlatform, epoch, offset, id } = event.value;
      const place = filled({ epoch, offset: Number(offset), id });
      return { kind: "read", event: { channel, from, appPlatform, ...place } };
    }
    case "notice": {
      const { notice, channel } = event.value;
      return { kind: "notice", event: { notice, ...filled({ channel }) } };
    }
    case undefined:
      return undefined; // Of a newer server.
  }
}

function messageOf(wire: WireMessage): Message {
  const { id, seq, channel, epoch, offset, from, appPlatform, target, type, msg, media } = wire;
  const { nickname, avatar, sentAtMs } = wire;
  return {
    ...{ id, seq, channel, epoch, offset: Number(offset), from, appPlatform, target, msg },
    type: type as MessageType,
    sentAt: Number(sentAtMs),
    ...filled({ nickname, avatar }),
    ...(media === undefined ? {} : mediaOf(media)),
  };
}

function mediaOf({ url, secret, size, durationMs, name, bytes, mimeType }: Media): MediaFields {
  return {
    ...filled({ url, secret, durationMs, name, bytes: Number(bytes), mimeType }),
    ...(size === undefined ? {} : { size: { width: size.width, height: size.height } }),
  };
}

/** Without what is undefined, which protobuf would refuse. */
function defined<Fields extends object>(fields: Fields) {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Fields]: Exclude<Fields[Name], undefined> };
}

/** Without what is empty, which on this wire means absent. */
function filled<Fields extends object>(fields: Fields): Partial<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== "" && value !== 0);
  return Object.fromEntries(entries) as Partial<Fields>;
}
