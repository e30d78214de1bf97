/**
 * JSON text frames, exactly as in SEED.md 3.1.6 and 3.3.1; and the reference system's spelling
 * of them, which says `cmd`, `userID` and `appID` for `action`, `userId` and `appPlatform`.
 */
import { PrimError } from "../base/errors.ts";
import { SEQ_BYTES_MAX } from "../base/limits.ts";
import type { JoinedChannel } from "../core/membership.ts";
import type { Message } from "../core/message.ts";
import type { Push } from "../core/pushes.ts";
import { CODES, referenceText, type WireFault } from "./codes.ts";
import { parseCommand } from "./commands.ts";
import type { Format, Incoming, Result } from "./frames.ts";
import { illegal } from "./shapes.ts";

type JsonFormat = Exclude<Format, "protobuf">;

const ACTION_CHARS_MAX = 64;

/** Reads a text frame. A frame that is no request comes back with an empty seq and what is wrong with it. */
export function decodeJson(text: string): Incoming {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return noRequest("json", "Illegal parameter: the frame is no JSON");
  }
  if (!isObject(frame)) return noRequest("json", "Illegal parameter: the frame is no JSON object");
  const format: JsonFormat =
    typeof frame["cmd"] === "string" && frame["action"] === undefined ? "reference" : "json";
  const action = format === "reference" ? frame["cmd"] : frame["action"];
  const { seq, data } = frame;
  if (typeof action !== "string" || action.length > ACTION_CHARS_MAX) {
    return noRequest(
      format,
      `Illegal parameter: "action" must be a string of at most ${ACTION_CHARS_MAX} characters`,
    );
  }
  if (typeof seq !== "string" || seq.length > SEQ_BYTES_MAX || Buffer.byteLength(seq) > SEQ_BYTES_MAX) {
    return noRequest(format, `Illegal parameter: "seq" must be a string of at most ${SEQ_BYTES_MAX} bytes`);
  }
  return { format, seq: seq.toWellFormed(), action, command: commandOf(action, seq, data) };
}

/** Encodes the answer to a command that succeeded. */
export function encodeJsonResult(format: JsonFormat, seq: string, result: Result): string {
  const data = resultData(result, format);
  return answer(format, seq, result.action, { code: CODES.success, codeMsg: "Success", data });
}

/** Encodes the answer to a frame that was refused. */
export function encodeJsonFault(format: JsonFormat, seq: string, action: string, fault: WireFault): string {
  const codeMsg = format === "reference" ? referenceText(fault.code) : fault.text;
  return answer(format, seq, action, { code: fault.code, codeMsg, data: null });
}

/** Encodes a push. */
export function encodeJsonPush(format: JsonFormat, push: Push): string {
  const seq = push.kind === "msg" ? push.message.seq : "";
  return answer(format, seq, push.kind, { code: CODES.success, codeMsg: "Ok", data: pushData(push) });
}

/** The keys of a message: the seed's four first, then prim's own. */
export function messageData(message: Message): Record<string, unknown> {
  const { to, type, msg, from, id, channel, epoch, offset, appPlatform, sentAt, nickname, avatar } = message;
  return {
    target: to ?? "",
    type,
    msg,
    from,
    id,
    channel,
    epoch,
    offset,
    appPlatform,
    sentAt,
    nickname,
    avatar,
    ...message.media,
  };
}

function answer(format: JsonFormat, seq: string, action: string, response: object): string {
  return JSON.stringify(format === "json" ? { seq, action, response } : { seq, cmd: action, response });
}

function commandOf(action: string, seq: string, data: unknown): Incoming["command"] {
  // The seed's requests may have no data (`omitempty`).
  if (data !== undefined && data !== null && !isObject(data)) return illegal('"data" must be an object');
  try {
    if (action === "send" && seq.length === 0)
      return illegal('"seq" of a send is its message id, and is empty');
    return parseCommand(action, data === undefined || data === null ? {} : modernSpelling(data));
  } catch (error) {
    if (error instanceof PrimError) return error;
    throw error;
  }
}

/** The reference system's `userID` and `appID` under prim's names; prim's own win where both are given. */
function modernSpelling(data: Record<string, unknown>): object {
  if (!Object.hasOwn(data, "userID") && !Object.hasOwn(data, "appID")) return data;
  const { userID, appID, ...rest } = data;
  return {
    ...(userID === undefined ? {} : { userId: userID }),
    ...(appID === undefined ? {} : { appPlatform: appID }),
    ...rest,
  };
}

function resultData(result: Result, format: JsonFormat): unknown {
  switch (result.action) {
    case "ping":
      return "pong";
    case "login":
      if (format === "reference" || !result.details) return null;
      return { sessionId: result.sessionId, channels: result.channels.map(joinedData) };
    case "send": {
      const { id, channel, epoch, offset, sentAt } = result.receipt;
      return { id, channel, epoch, offset, sentAt };
    }
    case "join":
      return joinedData(result.joined);
    case "history": {
      const { head, messages, more } = result.page;
      const { epoch, offset } = head;
      return { channel: result.channel, epoch, head: offset, messages: messages.map(historyData), more };
    }
    case "heartbeat":
    case "logout":
    case "leave":
    case "read":
    case "typing":
      return null;
  }
}

function historyData(message: Message): Record<string, unknown> {
  return { ...messageData(message), seq: message.seq };
}

function joinedData({ channel, epoch, offset, recovered, read }: JoinedChannel): object {
  return { channel, epoch, offset, recovered, ...(read > 0 ? { read } : {}) };
}

function pushData(push: Push): object {
  switch (push.kind) {
    case "msg":
      return messageData(push.message);
    case "enter":
    case "exit": {
      const { kind, channel, from, appPlatform, nickname, avatar } = push;
      // The reference system's words, which its clients show as they are.
      const msg = kind === "enter" ? "哈喽~" : "用户已经离开~";
      return { target: "", type: "text", msg, from, channel, appPlatform, nickname, avatar };
    }
    case "members":
    case "typing":
    case "read":
    case "notice": {
      const { kind: _, ...data } = push;
      return data;
    }
  }
}

function noRequest(format: Format, message: string): Incoming {
  return { format, seq: "", action: "", command: new PrimError("invalid_argument", message) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
