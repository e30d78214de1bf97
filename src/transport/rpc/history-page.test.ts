import { expect, test } from "bun:test";
import type { AppPlatform, ChannelId, Epoch, MessageId, UserId } from "../../base/ids.ts";
import type { HistoryPage } from "../../core/channel-log.ts";
import { historyInit, rangeOf } from "./history-page.ts";

const channel = "room:101" as ChannelId;
const epoch = "epoch" as Epoch;

function pageOf(count: number): HistoryPage {
  const messages = Array.from({ length: count }, (_, index) => ({
    id: `m${index}` as MessageId,
    seq: "",
    from: "ann" as UserId,
    appPlatform: 101 as AppPlatform,
    type: "text" as const,
    msg: "x".repeat(1_000),
    channel,
    epoch,
    offset: index + 1,
    sentAt: 1,
  }));
  return { head: { epoch, offset: count }, messages, more: false };
}

test("historyInit() cuts from the end that is read last, and says that there is more", () => {
  const upwards = historyInit(channel, { after: 0, limit: 10 }, pageOf(10), 3_500);
  expect(upwards.messages.map(({ offset }) => offset)).toEqual([1n, 2n, 3n]);
  expect(upwards.more).toBe(true);
  const downwards = historyInit(channel, { before: undefined, limit: 10 }, pageOf(10), 3_500);
  expect(downwards.messages.map(({ offset }) => offset)).toEqual([8n, 9n, 10n]);
  expect(downwards.head).toBe(10n);
});

test("historyInit() keeps one message however long it is, and a page that fits as it is", () => {
  expect(historyInit(channel, { after: 0, limit: 10 }, pageOf(2), 1).messages).toHaveLength(1);
  expect(historyInit(channel, { after: 0, limit: 10 }, pageOf(0), 1).messages).toEqual([]);
  const whole = historyInit(channel, { after: 0, limit: 10 }, pageOf(10));
  expect([whole.messages.length, whole.more]).toEqual([10, false]);
});

test("rangeOf() takes either bound, or none, and 100 messages by default", () => {
  expect(rangeOf({ range: { case: "after", value: 0n }, limit: 1 })).toEqual({ after: 0, limit: 1 });
  expect(rangeOf({ range: { case: "before", value: 7n }, limit: 0 })).toEqual({ before: 7, limit: 100 });
  expect(rangeOf({ range: { case: undefined }, limit: 0 })).toEqual({ before: undefined, limit: 100 });
});
