import { expect, test } from "bun:test";
import { lobby, messageOf } from "../../test/cluster/messages.ts";
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, Epoch, MessageId, UserId } from "../base/ids.ts";
import type { Message } from "../core/message.ts";
import type { Push } from "../core/pushes.ts";
import { chooseVersion, decodeBatch, encodeBatch, messageText, pushText } from "./link-items.ts";

const from = "ann" as UserId;
const appPlatform = 101 as AppPlatform;
const media = {
  url: "/a.png",
  secret: "s",
  size: { width: 1, height: 2 },
  durationMs: 3,
  name: "a",
  bytes: 4,
  mimeType: "image/png",
};

test("chooseVersion() takes the newest that both understand", () => {
  expect(chooseVersion([1, 1], [1, 1])).toBe(1);
  expect(chooseVersion([1, 3], [2, 5])).toBe(3);
  expect(chooseVersion([2, 5], [1, 3])).toBe(3);
  expect(chooseVersion([1, 2], [3, 4])).toBeUndefined();
  expect(chooseVersion([3, 4], [1, 2])).toBeUndefined();
  // An impossible range of a peer is no range.
  expect(chooseVersion([1, 5], [4, 2])).toBeUndefined();
});

test("decodeBatch() gives back every message and every kind of push that is relayed", () => {
  const whole: Message = {
    ...messageOf(1),
    type: "img",
    to: "bob" as UserId,
    nickname: "",
    avatar: "/a",
    media,
  };
  const pushes: Push[] = [
    { kind: "enter", channel: lobby, from, appPlatform, nickname: "Ann", avatar: "/a" },
    { kind: "exit", channel: lobby, from, appPlatform },
    { kind: "members", channel: lobby, count: 0, newest: [from] },
    { kind: "typing", channel: lobby, from, appPlatform },
    { kind: "read", channel: lobby, from, appPlatform, epoch: "e" as Epoch, offset: 7 },
    { kind: "read", channel: lobby, from, appPlatform, id: "id" as MessageId },
    { kind: "notice", notice: "history_lost", channel: lobby },
  ];
  const texts = [
    messageText(whole),
    ...pushes.map((push) => pushText(lobby, push)),
    messageText(messageOf(2)),
  ];
  expect(decodeBatch(encodeBatch(texts))).toEqual([
    { message: whole },
    ...pushes.map((push) => ({ channel: lobby, push })),
    { message: messageOf(2) },
  ]);
  expect(decodeBatch(encodeBatch([]))).toEqual([]);
});

test("decodeBatch() passes keys that it doesn't know", () => {
  const [item] = decodeBatch(encodeBatch([messageText({ ...messageOf(1), later: true } as Message)]));
  expect(item).toEqual({ message: { ...messageOf(1), later: true } as Message });
});

test("decodeBatch() refuses whatever is not a batch, and never throws anything else", () => {
  const good = messageOf(1);
  const messages = [
    ...Object.keys(good).map((key) => ({ ...good, [key]: undefined })),
    ...Object.keys(good).map((key) => ({ ...good, [key]: null })),
    ...Object.keys(good).map((key) => ({ ...good, [key]: {} })),
    { ...good, offset: 0 },
    { ...good, offset: 1.5 },
    { ...good, offset: -1 },
    { ...good, offset: "1" },
    { ...good, appPlatform: -1 },
    { ...good, type: "unheard-of" },
    { ...good, channel: "" },
    { ...good, to: 7 },
    { ...good, media: "picture" },
    { ...good, media: {} },
    { ...good, media: { ...media, size: { width: 1 } } },
    { ...good, media: { ...media, bytes: -1 } },
    null,
    [],
    "message",
  ].map((message) => [{ message }]);
  const presence = { kind: "enter", channel: lobby, from, appPlatform };
  const pushes = [
    { ...presence, from: undefined },
    { ...presence, appPlatform: "101" },
    { ...presence, kind: "msg", message: good },
    { ...presence, kind: "later" },
    { kind: "members", channel: lobby, count: 1, newest: [1] },
    { kind: "members", channel: lobby, count: 1 },
    { kind: "notice", notice: "later" },
    null,
  ].map((push) => [{ channel: lobby, push }]);
  const others = [
    {},
    "items",
    1,
    null,
    [1],
    [null],
    [[]],
    [{}],
    [{ push: presence }],
    [{ channel: 1, push: presence }],
  ];
  for (const batch of [...messages, ...pushes, ...others]) {
    const bytes = Buffer.from(JSON.stringify(batch));
    expect(() => decodeBatch(bytes), JSON.stringify(batch)).toThrow(PrimError);
  }
  const whole = encodeBatch([messageText(good)]);
  for (const bytes of [Buffer.from("["), Buffer.alloc(0), Buffer.from([0xff, 0xfe]), whole.subarray(0, -1)]) {
    expect(() => decodeBatch(bytes)).toThrow(PrimError);
  }
});
