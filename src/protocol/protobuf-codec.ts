/**
 * Binary frames: protobuf messages of proto/prim/v1/frame.proto, with the same meaning as the JSON frames.
 *
 * A request is brought into the shape of the JSON data and checked there, so that the two
 * wires can't differ in what they allow. Absent and empty are the same on this wire.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { PrimError } from "../base/errors.ts";
import { SEQ_BYTES_MAX } from "../base/limits.ts";
import type { JoinedChannel } from "../core/membership.ts";
import type { Content, Message } from "../core/message.ts";
import type { Push } from "../core/pushes.ts";
import type { JoinedChannelSchema } from "../gen/prim/v1/chat_pb.ts";
import {
  type ClientFrame,
  ClientFrameSchema,
  type PushSchema,
  type ResponseSchema,
  ServerFrameSchema,
} from "../gen/prim/v1/frame_pb.ts";
import type { Media, MessageSchema } from "../gen/prim/v1/message_pb.ts";
import { CODES, type WireFault } from "./codes.ts";
import { type Command, parseCommand } from "./commands.ts";
import { contentOf, contentShape } from "./content.ts";
import type { Frame, Incoming, Result } from "./frames.ts";
import { check, illegal } from "./shapes.ts";

/** What a sender writes, as the requests of both interfaces have it. */
interface ContentFields {
  readonly type: string;
  readonly msg: string;
  readonly media?: Media | undefined;
}

const contentObject = z.object(contentShape);

/** Reads a binary frame. A frame that is no request comes back with an empty seq and what is wrong with it. */
export function decodeProtobuf(bytes: Uint8Array): Incoming {
  let frame: ClientFrame;
  try {
    frame = fromBinary(ClientFrameSchema, bytes, { readUnknownFields: false });
  } catch {
    return noRequest("the frame is no ClientFrame");
  }
  if (Buffer.byteLength(frame.seq) > SEQ_BYTES_MAX) {
    return noRequest(`"seq" must be at most ${SEQ_BYTES_MAX} bytes`);
  }
  const action = frame.request.case ?? "";
  return { format: "protobuf", seq: frame.seq, action, command: commandOf(action, frame) };
}

export function encodeProtobufResult(seq: string, result: Result): Frame {
  return response(seq, { code: CODES.success, codeMsg: "Success", data: resultData(result) });
}

export function encodeProtobufFault(seq: string, fault: WireFault): Frame {
  return response(seq, { code: fault.code, codeMsg: fault.text });
}

export function encodeProtobufPush(push: Push): Frame {
  const seq = push.kind === "msg" ? push.message.seq : "";
  const frame = create(ServerFrameSchema, { seq, body: { case: "push", value: { event: eventOf(push) } } });
  return toBinary(ServerFrameSchema, frame);
}

/** A message in its protobuf shape; the RPC services use it too. */
export function messageInit(message: Message): MessageInitShape<typeof MessageSchema> {
  const { id, channel, epoch, offset, from, appPlatform, to, type, msg, media, sentAt, seq } = message;
  return {
    id,
    channel,
    epoch,
    offset: BigInt(offset),
    from,
    appPlatform,
    target: to ?? "",
    type,
    msg,
    ...(media === undefined ? {} : { media: mediaInit(media) }),
    sentAtMs: BigInt(sentAt),
    seq,
    nickname: message.nickname ?? "",
    avatar: message.avatar ?? "",
  };
}

/** A joined channel in its protobuf shape; the RPC services use it too. */
export function joinedInit(joined: JoinedChannel): MessageInitShape<typeof JoinedChannelSchema> {
  const { channel, epoch, offset, recovered, read } = joined;
  return {
    channel,
    epoch,
    offset: BigInt(offset),
    ...(recovered === undefined ? {} : { recovered }),
    read: BigInt(read),
  };
}

/** The event of a push in its protobuf shape; the RPC services use it too. */
export function eventOf(push: Push): NonNullable<MessageInitShape<typeof PushSchema>["event"]> {
  switch (push.kind) {
    case "msg":
      return { case: "msg", value: messageInit(push.message) };
    case "enter":
    case "exit": {
      const { kind, channel, from, appPlatform, nickname, avatar } = push;
      return {
        case: kind,
        value: { channel, from, appPlatform, nickname: nickname ?? "", avatar: avatar ?? "" },
      };
    }
    case "members":
      return {
        case: "members",
        value: { channel: push.channel, count: BigInt(push.count), newest: [...push.newest] },
      };
    case "typing": {
      const { channel, from, appPlatform } = push;
      return { case: "typing", value: { channel, from, appPlatform } };
    }
    case "read": {
      const { channel, from, appPlatform, epoch, offset, id } = push;
      const place = { epoch: epoch ?? "", offset: BigInt(offset ?? 0), id: id ?? "" };
      return { case: "read", value: { channel, from, appPlatform, ...place } };
    }
    case "notice":
      return { case: "notice", value: { notice: push.notice, channel: push.channel ?? "" } };
  }
}

/**
 * The command that a request stands for, checked as frames are.
 *
 * @throws {PrimError} `invalid_argument`.
 */
export function toCommand<A extends Exclude<ClientFrame["request"]["case"], undefined>>(
  action: A,
  value: Extract<ClientFrame["request"], { case: A }>["value"],
): Extract<Command, { action: A }> {
  const request = { case: action, value } as ClientFrame["request"];
  // parseCommand() gives the command of the action it is asked for.
  return parseCommand(action, dataOf(request)) as Extract<Command, { action: A }>;
}

/**
 * The content of a message from a back end, checked as that of a frame is.
 *
 * @throws {PrimError} `invalid_argument`.
 */
export function toContent({ type, msg, media }: ContentFields): Content {
  return contentOf(check(contentObject, contentData({ type, msg, media })));
}

function response(seq: string, value: MessageInitShape<typeof ResponseSchema>): Frame {
  return toBinary(ServerFrameSchema, create(ServerFrameSchema, { seq, body: { case: "response", value } }));
}

function commandOf(action: string, frame: ClientFrame): Incoming["command"] {
  try {
    if (action === "send" && frame.seq.length === 0) {
      return illegal('"seq" of a send is its message id, and is empty');
    }
    return parseCommand(action, dataOf(frame.request));
  } catch (error) {
    if (error instanceof PrimError) return error;
    throw error;
  }
}

/** The request's data as the JSON wire would have it. */
function dataOf(request: ClientFrame["request"]): object {
  switch (request.case) {
    case "login": {
      const { userId, appPlatform, serviceToken, nickname, avatar, positions } = request.value;
      const plain = positions.map(({ channel, epoch, offset }) => ({
        channel,
        epoch,
        offset: Number(offset),
      }));
      return { userId, appPlatform, serviceToken, nickname, avatar, positions: plain };
    }
    case "send": {
      return { ...targetOf(request.value.to), ...contentData(request.value) };
    }
    case "typing":
      return targetOf(request.value.to);
    case "join": {
      const { channel, position } = request.value;
      return { channel, ...(position && { epoch: position.epoch, offset: Number(position.offset) }) };
    }
    case "history": {
      const { channel, range, limit } = request.value;
      const bound = range.case === undefined ? {} : { [range.case]: Number(range.value) };
      return { channel, ...bound, ...(limit === 0 ? {} : { limit }) };
    }
    case "read":
      return { channel: request.value.channel, offset: Number(request.value.offset) };
    case "leave":
      return { channel: request.value.channel };
    case "heartbeat":
    case "ping":
    case "logout":
    case undefined:
      return {};
  }
}

function contentData({ type, msg, media }: ContentFields): object {
  return { ...(type === "" ? {} : { type }), msg, ...(media ? mediaFields(media) : {}) };
}

function targetOf(
  to: { case: "channel" | "userId"; value: string } | { case: undefined; value?: undefined },
): object {
  return to.case === undefined ? {} : { [to.case]: to.value };
}

function mediaFields({ url, secret, size, durationMs, name, bytes, mimeType }: Media): object {
  const fields = { url, secret, durationMs, name, bytes: Number(bytes), mimeType };
  return size === undefined ? fields : { ...fields, size: { width: size.width, height: size.height } };
}

function mediaInit({ url, secret, size, durationMs, name, bytes, mimeType }: NonNullable<Message["media"]>) {
  return {
    url,
    secret: secret ?? "",
    ...(size === undefined ? {} : { size: { width: size.width, height: size.height } }),
    durationMs: durationMs ?? 0,
    name: name ?? "",
    bytes: BigInt(bytes ?? 0),
    mimeType: mimeType ?? "",
  };
}

function resultData(result: Result): NonNullable<MessageInitShape<typeof ResponseSchema>["data"]> {
  switch (result.action) {
    case "login":
      return {
        case: "login",
        value: { sessionId: result.sessionId, channels: result.channels.map(joinedInit) },
      };
    case "send": {
      const { id, channel, epoch, offset, sentAt } = result.receipt;
      return {
        case: "send",
        value: { id, channel, epoch, offset: BigInt(offset), sentAtMs: BigInt(sentAt) },
      };
    }
    case "join":
      return { case: "join", value: { channel: joinedInit(result.joined) } };
    case "history": {
      const { head, messages, more } = result.page;
      const value = { channel: result.channel, epoch: head.epoch, head: BigInt(head.offset), more };
      return { case: "history", value: { ...value, messages: messages.map(messageInit) } };
    }
    case "heartbeat":
    case "ping":
    case "logout":
    case "leave":
    case "read":
    case "typing":
      return { case: result.action, value: {} };
  }
}

function noRequest(what: string): Incoming {
  return { format: "protobuf", seq: "", action: "", command: illegal(what) };
}
