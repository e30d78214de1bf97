import { expect, test } from "bun:test";
import type { AppPlatform, ChannelId, Epoch, MessageId, UserId } from "../../src/base/ids.ts";
import { decodeFrame, encodeFault, encodePush, encodeResult } from "../../src/protocol/codec.ts";
import { CODES } from "../../src/protocol/codes.ts";
import type { Format } from "../../src/protocol/frames.ts";
import { type Mark, Marker } from "./marker.ts";
import { ProtobufWire } from "./protobuf-wire.ts";
import { type Answer, ASKED, JsonWire, type Wire } from "./wire.ts";

const WIRES: readonly [Format, Wire][] = [
  ["json", new JsonWire("prim", 101)],
  ["reference", new JsonWire("reference", 101)],
  ["protobuf", new ProtobufWire(101)],
];
const SEQ = "s12.3456789012";

/** What prim makes of a frame of ours. */
function understood(frame: Buffer) {
  const length = (frame[1] as number) & 0x7f;
  const body = frame.subarray(length === 126 ? 8 : 6);
  return decodeFrame(((frame[0] as number) & 0x0f) === 2 ? new Uint8Array(body) : body.toString());
}

function read(wire: Wire, frame: string | Uint8Array): Answer | undefined {
  const answer: Answer = { asked: 0, first: 0, second: 0, code: 0 };
  return wire.readAnswer(Buffer.from(frame as string), answer) ? answer : undefined;
}

test.each(WIRES)("%s: prim understands every request", (format, wire) => {
  const positions = [{ channel: "room:101", epoch: "abcdefgh", offset: 7 }];
  const text = "x".repeat(300);
  const requests = [
    [wire.login("l1", "ann"), "login", { userId: "ann", appPlatform: 101 }],
    [wire.login("l1", "ann", positions), "login", { userId: "ann", positions }],
    [wire.join("j1", "room:a"), "join", { channel: "room:a" }],
    [wire.heartbeat("h1", "ann"), "heartbeat", {}],
    [wire.ping("p1"), "ping", {}],
    [wire.send(SEQ, { channel: "room:a" }, text), "send", { to: { channel: "room:a" } }],
    [wire.send(SEQ, { userId: "bob" }, text), "send", { to: { userId: "bob" } }],
  ] as const;
  for (const [frame, action, part] of requests) {
    const incoming = understood(frame);
    expect(incoming).toMatchObject({ format, action });
    expect(incoming.command).toMatchObject({ action });
    if (action === "login" || action === "join") expect(incoming.command).toMatchObject(part as object);
  }
  expect(JSON.stringify(understood(wire.send(SEQ, { userId: "bob" }, text)).command)).toContain(text);
});

test.each(WIRES)("%s: readAnswer() reads prim's answers, good and bad", (format, wire) => {
  const success = encodeResult(format, "p77", { action: "ping" });
  expect(read(wire, success)).toEqual({ asked: ASKED.ping, first: 77, second: 0, code: 200 });
  const receipt = {
    id: "01a20415-6da2-7331-9f4a-53c7777244cf" as MessageId,
    channel: "room:a" as ChannelId,
    epoch: "abcdefgh" as Epoch,
    offset: 8,
    sentAt: 1_795_364_842_915,
  };
  const sent = encodeResult(format, SEQ, { action: "send", receipt });
  expect(read(wire, sent)).toEqual({ asked: ASKED.send, first: 12, second: 3_456_789_012, code: 200 });
  const refused = encodeFault(format, "h5", "heartbeat", { code: CODES.notLoggedIn, text: "Not logged in" });
  expect(read(wire, refused)).toEqual({ asked: ASKED.heartbeat, first: 5, second: 0, code: 1000 });
});

test.each(WIRES)(
  "%s: a push is no answer, though it bears the seq of a send; its mark is found",
  (format, wire) => {
    const marker = new Marker("abc123");
    const mark: Mark = { sender: 56, number: 1_999_999, dueUs: 1_799_999_999 };
    const message = {
      id: "01a20415-6da2-7331-9f4a-53c7777244cf" as MessageId,
      channel: "room:101" as ChannelId,
      epoch: "abcdefgh" as Epoch,
      offset: 8,
      from: "ann" as UserId,
      appPlatform: 101 as AppPlatform,
      type: "text" as const,
      msg: marker.text(mark, 200),
      sentAt: 1_795_364_842_915,
      seq: SEQ,
    };
    const push = encodePush(format, { kind: "msg", message });
    expect(read(wire, push)).toBeUndefined();
    const found: Mark = { sender: 0, number: 0, dueUs: 0 };
    expect(marker.find(Buffer.from(push as string), found)).toBeTrue();
    expect(found).toEqual(mark);
    expect(new Marker("abc124").find(Buffer.from(push as string), found)).toBeFalse();
    const enter = { kind: "enter", channel: message.channel, from: message.from, appPlatform: 101 } as const;
    expect(read(wire, encodePush(format, { ...enter, appPlatform: 101 as AppPlatform }))).toBeUndefined();
  },
);

test("readAnswer() takes keys in any order, and what is no JSON for no answer", () => {
  const wire = new JsonWire("reference", 101);
  const answer = '{"response":{"codeMsg":"","code":1010},"cmd":"ping","seq":"p9"}';
  expect(read(wire, answer)).toEqual({ asked: ASKED.ping, first: 9, second: 0, code: 1010 });
  for (const other of ["数据不合法", "", "{", "null", '{"seq":"', '{"seq":"x"}', "[1,2,3,4,5,6,7,8,9,10]"]) {
    expect(read(wire, other)).toBeUndefined();
  }
});

test("Marker: a mark that is cut off or garbled is none, and the text is as long as asked for", () => {
  const marker = new Marker("abc123");
  const mark: Mark = { sender: 1, number: 2, dueUs: 3 };
  const text = marker.text(mark, 100);
  expect(text.length).toBe(100);
  expect(marker.text(mark, 1)).toBe("~flood.abc123.1.2.3~");
  for (const wrong of [text.slice(0, 19), text.replace(".2.", "..2."), text.replace("3~", "3.4~"), "", "~"]) {
    expect(marker.find(Buffer.from(wrong), mark)).toBeFalse();
  }
});
