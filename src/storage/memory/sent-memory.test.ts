import { expect, test } from "bun:test";
import type { AppPlatform, ChannelId, Epoch, MessageId, UserId } from "../../base/ids.ts";
import type { AppendRequest } from "../../core/channel-log.ts";
import { type SentKey, SentMemory } from "./sent-memory.ts";

const now = 1_000;

function request(seq: string, channel = "room:1", from = "ann"): AppendRequest {
  const draft = { id: "" as MessageId, seq, from: from as UserId, type: "text", msg: "x" } as const;
  return {
    channel: channel as ChannelId,
    draft: { ...draft, appPlatform: 101 as AppPlatform },
    windowMs: 60_000,
  };
}

function keyOf(memory: SentMemory, ...parts: Parameters<typeof request>): SentKey {
  const key = memory.keyOf(request(...parts));
  if (key === undefined) throw new Error("Every request here may be a repeat");
  return key;
}

function remember(memory: SentMemory, key: SentKey, offset: number): void {
  const { channel } = key;
  memory.remember(
    key,
    { channel, id: "" as MessageId, epoch: "e" as Epoch, offset, sentAt: now },
    now + 60_000,
  );
}

test("two sends whose hashes are the same are two sends", () => {
  const memory = new SentMemory(1_000, () => 0.5);
  const byHash = new Map<number, SentKey>();
  let [one, other]: (SentKey | undefined)[] = [];
  for (let n = 0; one === undefined; n++) {
    other = keyOf(memory, `seq-${n}`);
    one = byHash.get(other.hash);
    byHash.set(other.hash, other);
  }
  remember(memory, one, 1);
  expect(memory.find(other as SentKey, now)).toBeUndefined();
  remember(memory, other as SentKey, 2);
  expect(memory.find(one, now)?.offset).toBe(1);
  expect(memory.find(other as SentKey, now)?.offset).toBe(2);
});

test("the same seq of another user, or in another channel, is another send", () => {
  const memory = new SentMemory(1_000);
  remember(memory, keyOf(memory, "1"), 1);
  const others: Parameters<typeof request>[] = [
    ["1", "room:2"],
    ["1", "room:1", "bob"],
    ["11"],
    ["1", "room:1a", "nn"],
  ];
  for (const parts of others) {
    expect(memory.find(keyOf(memory, ...parts), now)).toBeUndefined();
  }
  expect(memory.find(keyOf(memory, "1"), now)?.offset).toBe(1);
  expect(memory.find(keyOf(memory, "1"), now + 60_000)).toBeUndefined();
});

test("of two with the same seq the newer counts, when the first was over", () => {
  const memory = new SentMemory(1_000);
  const key = keyOf(memory, "1");
  remember(memory, key, 1);
  remember(memory, key, 2);
  expect(memory.find(key, now)?.offset).toBe(2);
});
