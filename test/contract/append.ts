/** What append() promises of offsets, order, times and fields. */
import { expect, test } from "bun:test";
import type { AppPlatform } from "../../src/base/ids.ts";
import type { Draft, Message } from "../../src/core/message.ts";
import {
  ann,
  bob,
  channel,
  draft,
  lobby,
  offsetsOf,
  readAll,
  type StoreBed,
  send,
  textsOf,
  upTo,
} from "./store-bed.ts";

export function testAppend(bed: StoreBed): void {
  test("append() gives offsets from 1 without holes on 10 channels at once", async () => {
    const { store } = await bed.open();
    const rooms = upTo(10).map((n) => channel(`room:${n}`));
    const sends = upTo(1_000).map((n) =>
      send(store, rooms[n % 10] ?? lobby, { msg: String(n), seq: `s${n}` }),
    );
    const answers = await Promise.all(sends);
    for (const room of rooms) {
      const given = answers
        .filter(({ receipt }) => receipt.channel === room)
        .map(({ receipt }) => receipt.offset);
      expect(given).toEqual(upTo(100));
      expect(offsetsOf(await readAll(store, room))).toEqual(upTo(100));
    }
  });

  test("append() resolves in the order of the calls, over several turns", async () => {
    const { store } = await bed.open();
    const order: number[] = [];
    const sends: Promise<unknown>[] = [];
    for (let n = 1; n <= 300; n++) {
      sends.push(send(store, lobby, { msg: String(n) }).then(({ receipt }) => order.push(receipt.offset)));
      if (n % 50 === 0) await new Promise(setImmediate);
    }
    await Promise.all(sends);
    expect(order).toEqual(upTo(300));
    expect(textsOf(await readAll(store, lobby))).toEqual(upTo(300).map(String));
  });

  test("append() answers with the message's id, place and time, and no nodes on a single node", async () => {
    const { store, clock } = await bed.open();
    const written = draft({ msg: "hi" });
    const { receipt, repeated, nodes } = await store.append({ channel: lobby, draft: written, windowMs: 0 });
    const { epoch } = await store.join(lobby);
    expect(receipt).toEqual({ channel: lobby, epoch, offset: 1, id: written.id, sentAt: clock.now() });
    expect(repeated).toBe(false);
    expect(nodes).toEqual([]);
  });

  test("append() never lets sentAt decrease within a channel when the clock is set back", async () => {
    const { store, clock } = await bed.open();
    const start = clock.now();
    await send(store, lobby);
    clock.set(start - 5_000);
    const { receipt } = await send(store, lobby);
    expect(receipt.sentAt).toBe(start);
    expect((await send(store, channel("room:other"))).receipt.sentAt).toBe(start - 5_000);
    clock.set(start + 7);
    expect((await send(store, lobby)).receipt.sentAt).toBe(start + 7);
    expect((await readAll(store, lobby)).map(({ sentAt }) => sentAt)).toEqual([start, start, start + 7]);
  });

  test("channels whose names share a prefix or have odd characters stay apart", async () => {
    const { store } = await bed.open();
    const names = [
      "all",
      "room:1",
      "room:10",
      "room:1_",
      "room:%",
      "room:_",
      "room:1%",
      "inbox:a",
      "inbox:a|j",
    ];
    names.push(
      "inbox:a|p",
      "inbox:'",
      'inbox:"',
      "inbox:`",
      "inbox:a;--",
      "inbox:A",
      "inbox:马远",
      "inbox:é",
      "inbox:e\u0301",
    );
    names.push(
      "inbox:{a}",
      "inbox:👩‍👩‍👧",
      "inbox:__proto__",
      "inbox:a:b",
      "inbox:a b",
      "inbox:\\",
      "inbox:*",
    );
    await Promise.all(names.map((name) => send(store, channel(name), { msg: name })));
    for (const name of names) {
      const messages = await readAll(store, channel(name));
      expect(messages.map(({ channel, msg, offset }) => [channel as string, msg, offset])).toEqual([
        [name, name, 1],
      ]);
      expect((await store.join(channel(name))).offset).toBe(1);
    }
    expect((await store.join(channel("room:"))).offset).toBe(0);
    expect((await store.join(channel("room:100"))).offset).toBe(0);
  });

  for (const [what, written] of Object.entries(drafts())) {
    test(`read() gives back ${what} as it was appended`, async () => {
      const { store } = await bed.open();
      const before = structuredClone(written);
      const { receipt } = await store.append({ channel: lobby, draft: written, windowMs: 1_000 });
      const expected: Message = { ...before, ...receipt };
      const { messages } = await store.read(lobby, { before: undefined, limit: 1 });
      // Strict: a field that was absent must not come back as undefined.
      expect(messages).toStrictEqual([expected]);
      expect(written).toStrictEqual(before);
    });
  }
}

function drafts(): Record<string, Draft> {
  const url = "https://example.com/a?b=%20&c='\"";
  return {
    "the smallest message": draft({ msg: "", seq: "" }),
    "a message with every field": draft({
      seq: "1569080188418-747717",
      from: bob,
      appPlatform: 0 as AppPlatform,
      to: ann,
      nickname: "马远 👋",
      avatar: url,
      type: "img",
      media: {
        url,
        secret: "s\\e'cret",
        size: { width: 1, height: 2_147_483_648 },
        durationMs: 0,
        name: "文件.png",
        bytes: Number.MAX_SAFE_INTEGER,
        mimeType: "image/png",
      },
    }),
    "a message with only a media url": draft({ type: "file", media: { url } }),
    "each odd character": draft({
      msg: "👩‍👩‍👧 \u2028 \ufeff e\u0301 \u202e ' \" ` \\ % _ \n\r\t \u007f \u0001 {} $1 ?",
      seq: "'%_\\",
    }),
    "half a surrogate pair": draft({ msg: "\ud800 and \udc00", seq: "\ud800" }),
    "text that looks like code": draft({
      msg: '{"__proto__":{"admin":true},"constructor":1}',
      seq: "__proto__",
    }),
    "a message of 64 KiB": draft({ msg: "马".repeat(65_536 / 2) + "x".repeat(65_536 / 2) }),
  };
}
