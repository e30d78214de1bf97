import { describe, expect, test } from "bun:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, ChannelId, Epoch, MessageId, SessionId, UserId } from "../base/ids.ts";
import {
  FILE_NAME_BYTES_MAX,
  HISTORY_PAGE_MAX,
  NICKNAME_BYTES_MAX,
  POSITIONS_PER_LOGIN_MAX,
  ROOM_NAME_CHARS_MAX,
  SECRET_BYTES_MAX,
  SEQ_BYTES_MAX,
  SERVICE_TOKEN_BYTES_MAX,
  URL_BYTES_MAX,
  USER_ID_BYTES_MAX,
} from "../base/limits.ts";
import type { Message } from "../core/message.ts";
import type { Push } from "../core/pushes.ts";
import { ClientFrameSchema, ServerFrameSchema } from "../gen/prim/v1/frame_pb.ts";
import { decodeFrame, encodeFault, encodePush, encodeResult } from "./codec.ts";
import { CODES, faultOf } from "./codes.ts";
import type { Result } from "./frames.ts";

const lobby = "room:101" as ChannelId;
const epoch = "abcdefgh" as Epoch;

function json(action: string, data: unknown, seq = "1") {
  return decodeFrame(JSON.stringify({ seq, action, data }));
}

function binary(request: MessageInitShape<typeof ClientFrameSchema>["request"], seq = "1") {
  return decodeFrame(
    toBinary(ClientFrameSchema, create(ClientFrameSchema, { seq, ...(request && { request }) })),
  );
}

function codeOf(command: unknown): number {
  expect(command).toBeInstanceOf(PrimError);
  return faultOf(command).code;
}

describe("decodeFrame()", () => {
  const position = { epoch: "abcdefgh", offset: 7n };
  const same: readonly [string, ReturnType<typeof json>, ReturnType<typeof binary>][] = [
    [
      "login",
      json("login", {
        userId: "马远",
        appPlatform: 101,
        nickname: "Yuan",
        positions: [{ channel: "room:101", epoch: "abcdefgh", offset: 7 }],
      }),
      binary({
        case: "login",
        value: {
          userId: "马远",
          appPlatform: 101,
          nickname: "Yuan",
          positions: [{ channel: "room:101", ...position }],
        },
      }),
    ],
    ["heartbeat", json("heartbeat", {}), binary({ case: "heartbeat", value: {} })],
    ["ping", json("ping", undefined), binary({ case: "ping", value: {} })],
    ["logout", json("logout", null), binary({ case: "logout", value: {} })],
    [
      "send",
      json("send", { channel: "room:101", msg: "hello" }),
      binary({ case: "send", value: { to: { case: "channel", value: "room:101" }, msg: "hello" } }),
    ],
    [
      "send of a picture",
      json("send", {
        userId: "ann",
        type: "img",
        url: "http://91vh.com/images/home_logo.png",
        secret: "s",
        size: { width: 480, height: 720 },
      }),
      binary({
        case: "send",
        value: {
          to: { case: "userId", value: "ann" },
          type: "img",
          media: {
            url: "http://91vh.com/images/home_logo.png",
            secret: "s",
            size: { width: 480, height: 720 },
          },
        },
      }),
    ],
    [
      "join",
      json("join", { channel: "room:x", epoch: "abcdefgh", offset: 7 }),
      binary({ case: "join", value: { channel: "room:x", position } }),
    ],
    ["leave", json("leave", { channel: "room:x" }), binary({ case: "leave", value: { channel: "room:x" } })],
    [
      "history",
      json("history", { channel: "all", before: 9, limit: 5 }),
      binary({ case: "history", value: { channel: "all", range: { case: "before", value: 9n }, limit: 5 } }),
    ],
    [
      "read",
      json("read", { channel: "inbox:ann", offset: 3 }),
      binary({ case: "read", value: { channel: "inbox:ann", offset: 3n } }),
    ],
    [
      "typing",
      json("typing", { userId: "ann" }),
      binary({ case: "typing", value: { to: { case: "userId", value: "ann" } } }),
    ],
  ];

  for (const [name, fromJson, fromBinaryFrame] of same) {
    test(`reads the same ${name} from JSON and from protobuf`, () => {
      expect(fromJson.command).not.toBeInstanceOf(PrimError);
      const { profile, ...command } = fromJson.command as never as Record<string, unknown>;
      expect(fromBinaryFrame).toMatchObject({ seq: "1", action: fromJson.action });
      expect(fromBinaryFrame.command as never).toMatchObject(command as never);
    });
  }

  test("understands the reference system's spelling", () => {
    const incoming = decodeFrame('{"seq":"1_0","cmd":"login","data":{"userID":"ann","appID":101}}');
    expect(incoming).toMatchObject({ format: "reference", seq: "1_0", action: "login" });
    expect(incoming.command).toMatchObject({ userId: "ann", appPlatform: 101, wantsDetails: false });
  });

  const noRequests: readonly [string, string | Uint8Array][] = [
    ["no JSON", "hello"],
    ["an empty frame", ""],
    ["an array", "[]"],
    ["null", "null"],
    ["no action", '{"seq":"1"}'],
    ["an action that is no string", '{"seq":"1","action":7}'],
    ["an endless action", JSON.stringify({ seq: "1", action: "x".repeat(65) })],
    ["no seq", '{"action":"ping"}'],
    ["a seq that is a number", '{"seq":1,"action":"ping"}'],
    ["a seq one byte too long", JSON.stringify({ seq: "x".repeat(SEQ_BYTES_MAX + 1), action: "ping" })],
    ["deep nesting", `{"seq":"1","action":"ping","data":${"[".repeat(30_000)}`],
    ["protobuf garbage", new Uint8Array([0xff, 0xff, 0xff])],
    ["a truncated binary frame", new Uint8Array([0x0a, 0x05, 0x31])],
  ];
  for (const [name, frame] of noRequests) {
    test(`answers ${name} with an empty seq and code 1001`, () => {
      const incoming = decodeFrame(frame);
      expect(incoming).toMatchObject({ seq: "", action: "" });
      expect(codeOf(incoming.command)).toBe(CODES.illegalParameter);
    });
  }

  test("takes a seq of the greatest length", () => {
    expect(json("ping", {}, "x".repeat(SEQ_BYTES_MAX)).command).toEqual({ action: "ping" });
  });

  const refused: readonly [string, string, unknown, number][] = [
    ["data that is an array", "ping", [], CODES.illegalParameter],
    ["data that is text", "ping", "x", CODES.illegalParameter],
    ["an unknown action", "fly", {}, CODES.noSuchAction],
    ["an action named like a property of every object", "constructor", {}, CODES.noSuchAction],
    ["no user id", "login", { appPlatform: 101 }, CODES.illegalUserId],
    ["a user id that is a number", "login", { userId: 7 }, CODES.illegalParameter],
    [
      "a user id that is too long",
      "login",
      { userId: "é".repeat(USER_ID_BYTES_MAX / 2 + 1) },
      CODES.illegalUserId,
    ],
    ["a user id with a control character", "login", { userId: "a\u0007" }, CODES.illegalUserId],
    ["a user id of half a surrogate pair", "login", { userId: "\ud800" }, CODES.illegalUserId],
    ["a user id of white space", "login", { userId: " " }, CODES.illegalUserId],
    ["a platform that is text", "login", { userId: "a", appPlatform: "101" }, CODES.illegalParameter],
    ["a channel that is none", "join", { channel: "lobby" }, CODES.illegalParameter],
    ["a room without a name", "join", { channel: "room:" }, CODES.illegalParameter],
    ["half a position", "join", { channel: "room:x", offset: 1 }, CODES.illegalParameter],
    ["no target", "send", { msg: "x" }, CODES.illegalParameter],
    ["two targets", "send", { channel: "room:x", userId: "a", msg: "x" }, CODES.illegalParameter],
    ["an empty text", "send", { channel: "room:x", msg: "" }, CODES.illegalParameter],
    ["a type that is none", "send", { channel: "room:x", type: "html", msg: "x" }, CODES.illegalParameter],
    ["a picture without address", "send", { channel: "room:x", type: "img" }, CODES.illegalParameter],
    [
      "an address that runs",
      "send",
      { channel: "room:x", type: "img", url: "javascript:1" },
      CODES.illegalParameter,
    ],
    [
      "an address of another host",
      "send",
      { channel: "room:x", type: "img", url: "//evil" },
      CODES.illegalParameter,
    ],
    ["a file without a name", "send", { channel: "room:x", type: "file", url: "/f" }, CODES.illegalParameter],
    ["a negative offset", "history", { channel: "all", after: -1 }, CODES.illegalParameter],
    ["a page of 0", "history", { channel: "all", limit: 0 }, CODES.illegalParameter],
    ["a page of 1001", "history", { channel: "all", limit: 1001 }, CODES.illegalParameter],
    ["both ways at once", "history", { channel: "all", after: 1, before: 2 }, CODES.illegalParameter],
    ["a read mark at 0", "read", { channel: "all", offset: 0 }, CODES.illegalParameter],
    ["a fraction", "read", { channel: "all", offset: 1.5 }, CODES.illegalParameter],
  ];
  for (const [name, action, data, code] of refused) {
    test(`answers ${name} with ${code} and the seq`, () => {
      const incoming = json(action, data);
      expect(incoming).toMatchObject({ seq: "1", action });
      expect(codeOf(incoming.command)).toBe(code as never);
    });
  }

  const file = { channel: "room:x", type: "file", url: "/f", name: "f" };
  const place = { channel: "room:x", epoch: "abcdefgh", offset: 1 };
  const bounds: readonly [string, string, number, (size: number) => object][] = [
    ["a room's name", "join", ROOM_NAME_CHARS_MAX, (size) => ({ channel: `room:${"x".repeat(size)}` })],
    ["a nickname", "login", NICKNAME_BYTES_MAX, (size) => ({ userId: "a", nickname: "x".repeat(size) })],
    [
      "a token",
      "login",
      SERVICE_TOKEN_BYTES_MAX,
      (size) => ({ userId: "a", serviceToken: "x".repeat(size) }),
    ],
    [
      "positions",
      "login",
      POSITIONS_PER_LOGIN_MAX,
      (size) => ({ userId: "a", positions: Array(size).fill(place) }),
    ],
    ["an address", "send", URL_BYTES_MAX, (size) => ({ ...file, url: `/${"x".repeat(size - 1)}` })],
    ["a secret", "send", SECRET_BYTES_MAX, (size) => ({ ...file, secret: "x".repeat(size) })],
    ["a file name", "send", FILE_NAME_BYTES_MAX, (size) => ({ ...file, name: "x".repeat(size) })],
    ["a page", "history", HISTORY_PAGE_MAX, (limit) => ({ channel: "all", limit })],
  ];
  for (const [name, action, max, data] of bounds) {
    test(`takes ${name} of the greatest size, and not one more`, () => {
      expect(json(action, data(max)).command).not.toBeInstanceOf(PrimError);
      expect(codeOf(json(action, data(max + 1)).command)).toBe(CODES.illegalParameter);
    });
  }

  test("answers a send without a seq with 1001: it would have no message id", () => {
    expect(codeOf(json("send", { channel: "room:x", msg: "x" }, "").command)).toBe(CODES.illegalParameter);
  });

  test("leaves prototypes alone", () => {
    const frame =
      '{"seq":"1","action":"login","__proto__":{"x":1},"data":{"userId":"a","__proto__":{"polluted":1}}}';
    expect(decodeFrame(frame).command).toMatchObject({ userId: "a" });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("takes the last of two equal keys, as JSON.parse does", () => {
    expect(decodeFrame('{"seq":"1","seq":"2","action":"ping"}').seq).toBe("2");
  });
});

const message: Message = {
  id: "m1" as MessageId,
  seq: "1569080188418-747717",
  from: "马超" as UserId,
  appPlatform: 101 as AppPlatform,
  type: "text",
  msg: "hello",
  channel: lobby,
  epoch,
  offset: 7,
  sentAt: 1_700_000_000_000,
};

describe("encodePush()", () => {
  test("makes the seed's frame of a message, prim's keys behind it", () => {
    const literal =
      '{"seq":"1569080188418-747717","action":"msg","response":{"code":200,"codeMsg":"Ok","data":' +
      '{"target":"","type":"text","msg":"hello","from":"马超"';
    expect(encodePush("json", { kind: "msg", message })).toStartWith(literal);
    expect(encodePush("reference", { kind: "msg", message })).toStartWith(
      literal.replace('"action"', '"cmd"'),
    );
  });

  const pushes: readonly Push[] = [
    { kind: "msg", message: { ...message, to: "ann" as UserId, nickname: "Chao" } },
    {
      kind: "enter",
      channel: lobby,
      from: "ann" as UserId,
      appPlatform: 101 as AppPlatform,
      nickname: "Ann",
    },
    { kind: "exit", channel: lobby, from: "ann" as UserId, appPlatform: 101 as AppPlatform },
    { kind: "members", channel: lobby, count: 1_000, newest: ["a" as UserId, "b" as UserId] },
    { kind: "typing", channel: lobby, from: "ann" as UserId, appPlatform: 101 as AppPlatform },
    {
      kind: "read",
      channel: lobby,
      from: "ann" as UserId,
      appPlatform: 101 as AppPlatform,
      epoch,
      offset: 7,
    },
    { kind: "notice", notice: "history_lost", channel: lobby },
  ];
  for (const push of pushes) {
    test(`says the same of ${push.kind} in JSON and in protobuf`, () => {
      const text = JSON.parse(encodePush("json", push) as string);
      const frame = fromBinary(ServerFrameSchema, encodePush("protobuf", push) as Uint8Array);
      expect(frame.seq).toBe(text.seq);
      expect(text.action).toBe(push.kind);
      const event = frame.body.case === "push" ? frame.body.value.event : undefined;
      expect(event?.case).toBe(push.kind);
      const value = event?.value as unknown as Record<string, unknown>;
      for (const [name, expected] of Object.entries(text.response.data)) {
        if (["sentAt", "msg", "target", "type"].includes(name) && push.kind !== "msg") continue;
        const actual = value[name === "sentAt" ? "sentAtMs" : name];
        expect(typeof actual === "bigint" ? Number(actual) : actual).toEqual(expected as never);
      }
    });
  }
});

describe("encodeResult() and encodeFault()", () => {
  test("answer a login of the seed with null, and with details who asks for them", () => {
    const joined = { channel: lobby, epoch, offset: 0, recovered: undefined, read: 0 };
    const login = { action: "login", sessionId: "n-1" as SessionId, channels: [joined] } as const;
    expect(encodeResult("json", "1565336219141-266129", { ...login, details: false })).toBe(
      '{"seq":"1565336219141-266129","action":"login","response":{"code":200,"codeMsg":"Success","data":null}}',
    );
    expect(encodeResult("json", "1", { ...login, details: true })).toContain('"sessionId":"n-1"');
    expect(encodeResult("reference", "1", { ...login, details: true })).toContain('"data":null');
  });

  test("answer every action in every format", () => {
    const receipt = { id: message.id, channel: lobby, epoch, offset: 7, sentAt: 1 };
    const joined = { channel: lobby, epoch, offset: 7, recovered: true, read: 3 };
    const page = { head: { epoch, offset: 7 }, messages: [message], more: false };
    const results: readonly Result[] = [
      ...(["heartbeat", "logout", "leave", "read", "typing", "ping"] as const).map((action) => ({ action })),
      { action: "send", receipt },
      { action: "join", joined },
      { action: "history", channel: lobby, page },
    ];
    for (const result of results) {
      const text = JSON.parse(encodeResult("json", "s", result) as string);
      expect(text).toMatchObject({
        seq: "s",
        action: result.action,
        response: { code: 200, codeMsg: "Success" },
      });
      const frame = fromBinary(ServerFrameSchema, encodeResult("protobuf", "s", result) as Uint8Array);
      expect(frame.body).toMatchObject({
        case: "response",
        value: { code: 200, data: { case: result.action } },
      });
    }
    expect(JSON.parse(encodeResult("json", "s", { action: "ping" }) as string).response.data).toBe("pong");
  });

  test("say what was wrong, in the reference's words to those who speak its spelling", () => {
    const fault = faultOf(new PrimError("unauthenticated", "Cannot do this: the session is not logged in"));
    expect(JSON.parse(encodeFault("json", "1", "heartbeat", fault) as string)).toEqual({
      seq: "1",
      action: "heartbeat",
      response: { code: 1000, codeMsg: "Cannot do this: the session is not logged in", data: null },
    });
    expect(encodeFault("reference", "1", "heartbeat", fault)).toBe(
      '{"seq":"1","cmd":"heartbeat","response":{"code":1000,"codeMsg":"未登录","data":null}}',
    );
  });

  test("say nothing of what went wrong inside", () => {
    expect(faultOf(new Error("secret"))).toEqual({ code: 1004, text: expect.not.stringContaining("secret") });
  });
});
