/**
 * ChatCalls: requests and pushes of the SDK as ChatService has them in JSON (proto/prim/v1, mapped by the rules of protobuf's JSON:
 * camelCase, 64-bit numbers as strings, what is empty left out). It owns this mapping and calls nobody.
 */
import type { Json } from "./connect-client.ts";
import type { ClientRequest, LoginData, Push } from "./frames.ts";
import type {
  ChannelPosition,
  Draft,
  HistoryPage,
  JoinedChannel,
  LoginResult,
  Message,
  MessageType,
  Receipt,
} from "./messages.ts";

const SERVICE = "prim.v1.ChatService/";
export const LOGIN = `${SERVICE}Login`;
export const SUBSCRIBE = `${SERVICE}Subscribe`;
/** Asked to find out whether the server is there and takes calls: a ping, and before a login. */
export const HEALTH = { method: "grpc.health.v1.Health/Check", body: { service: "prim.v1.ChatService" } };

/** Requests that are one call each. */
export type CallRequest = Exclude<ClientRequest, { readonly action: "login" | "logout" }>;

/** A call: its method, its request, and how its answer becomes that of the action. */
export interface ChatCall {
  readonly method: string;
  readonly body: Json;
  readonly answer: (json: Json) => unknown;
}

const NOTHING = () => null;

export function chatCall({ seq, action, data }: CallRequest): ChatCall {
  switch (action) {
    case "ping":
      return { ...HEALTH, answer: NOTHING };
    case "send": {
      const { channel, userId, type, msg, ...media } = data;
      const body = { channel, userId, type, msg, media: mediaBody(media), clientMessageId: seq };
      return { method: `${SERVICE}Send`, body, answer: receiptOf };
    }
    case "join": {
      const { channel, epoch, offset } = data;
      const position = epoch === undefined ? undefined : { epoch, offset: int64(offset ?? 0) };
      const body = { channel, position };
      return { method: `${SERVICE}Join`, body, answer: (json) => joinedOf(json["channel"] as Json) };
    }
    case "leave":
      return { method: `${SERVICE}Leave`, body: { channel: data.channel }, answer: NOTHING };
    case "history": {
      const { channel, after, before, limit } = data;
      const body = { channel, after: int64(after), before: int64(before), limit };
      return { method: `${SERVICE}History`, body, answer: pageOf };
    }
    case "read": {
      const body = { channel: data.channel, offset: int64(data.offset) };
      return { method: `${SERVICE}MarkRead`, body, answer: NOTHING };
    }
    case "typing": {
      const { channel, userId } = data;
      return { method: `${SERVICE}SetTyping`, body: { channel, userId }, answer: NOTHING };
    }
  }
}

/** Login's request. The positions are Subscribe's. */
export function loginBody({ userId, appPlatform, serviceToken, nickname, avatar }: LoginData): Json {
  return { userId, appPlatform, serviceToken, nickname, avatar };
}

export function subscribeBody(positions: readonly ChannelPosition[]): Json {
  return { positions: positions.map((position) => ({ ...position, offset: int64(position.offset) })) };
}

/** SubscribedEvent. */
export function loginResultOf(json: Json): LoginResult {
  return { sessionId: text(json["sessionId"]), channels: list(json["channels"]).map(joinedOf) };
}

/** @returns undefined for a push that this version does not know. */
export function pushOf({ msg, enter, exit, members, typing, read, notice }: Json): Push | undefined {
  if (isJson(msg)) return { kind: "message", event: messageOf(msg) };
  if (isJson(enter)) return { kind: "enter", event: presenceOf(enter) };
  if (isJson(exit)) return { kind: "exit", event: presenceOf(exit) };
  if (isJson(members)) {
    const newest = Array.isArray(members["newest"]) ? members["newest"].map(String) : [];
    return { kind: "members", event: { ...place(members), count: number(members["count"]), newest } };
  }
  if (isJson(typing)) return { kind: "typing", event: presenceOf(typing) };
  if (isJson(read)) {
    const { epoch, offset, id } = read;
    const more = { ...filled({ epoch, id }), ...(offset === undefined ? {} : { offset: number(offset) }) };
    return { kind: "read", event: { ...presenceOf(read), ...more } };
  }
  if (isJson(notice)) {
    const { channel } = notice;
    return { kind: "notice", event: { notice: text(notice["notice"]), ...filled({ channel }) } };
  }
  return undefined;
}

/** What is asked and shows up in the pushes of a SubscribeResponse. */
export function pushesOf(json: Json): Push[] {
  return list(json["pushes"])
    .map(pushOf)
    .filter((push) => push !== undefined);
}

function mediaBody({ url, bytes, ...rest }: Omit<Draft, "channel" | "userId" | "type" | "msg">) {
  return url === undefined ? undefined : { url, bytes: int64(bytes), ...rest };
}

function receiptOf(json: Json): Receipt {
  const { channel, epoch, offset } = positionOf(json);
  return { id: text(json["id"]), channel, epoch, offset, sentAt: number(json["sentAtMs"]) };
}

function joinedOf(json: Json): JoinedChannel {
  const { recovered, read } = json;
  return {
    ...positionOf(json),
    ...(typeof recovered === "boolean" ? { recovered } : {}),
    ...(read === undefined ? {} : { read: number(read) }),
  };
}

function pageOf(json: Json): HistoryPage {
  const { channel, epoch } = positionOf(json);
  const messages = list(json["messages"]).map(messageOf);
  return { channel, epoch, head: number(json["head"]), messages, more: json["more"] === true };
}

function messageOf(json: Json): Message {
  const { id, seq, from, appPlatform, target, type, msg, media, nickname, avatar, sentAtMs } = json;
  return {
    ...positionOf(json),
    ...{ id: text(id), seq: text(seq), from: text(from), appPlatform: number(appPlatform) },
    ...{ target: text(target), type: text(type) as MessageType, msg: text(msg), sentAt: number(sentAtMs) },
    ...filled({ nickname, avatar }),
    ...(isJson(media) ? mediaOf(media) : {}),
  };
}

function mediaOf({ url, secret, size, durationMs, name, bytes, mimeType }: Json) {
  return {
    ...filled({ url, secret, name, mimeType }),
    ...(isJson(size) ? { size: { width: number(size["width"]), height: number(size["height"]) } } : {}),
    ...(durationMs === undefined ? {} : { durationMs: number(durationMs) }),
    ...(bytes === undefined ? {} : { bytes: number(bytes) }),
  };
}

function presenceOf(json: Json) {
  const { from, appPlatform, nickname, avatar } = json;
  return {
    ...place(json),
    from: text(from),
    appPlatform: number(appPlatform),
    ...filled({ nickname, avatar }),
  };
}

function positionOf(json: Json): ChannelPosition {
  return { ...place(json), epoch: text(json["epoch"]), offset: number(json["offset"]) };
}

function place({ channel }: Json) {
  return { channel: text(channel) };
}

/** The texts that are not empty, which on this wire means absent. */
function filled<Name extends string>(fields: Readonly<Record<Name, unknown>>): Partial<Record<Name, string>> {
  const entries = Object.entries(fields).filter(([, value]) => typeof value === "string" && value !== "");
  return Object.fromEntries(entries) as Partial<Record<Name, string>>;
}

function int64(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function number(value: unknown): number {
  return Number(value ?? 0);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
