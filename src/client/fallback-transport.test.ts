import { expect, test } from "bun:test";
import { FakeTransport } from "../../test/client/fake-transport.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { FallbackTransport } from "./fallback-transport.ts";
import type { Link, LinkEnd } from "./transport.ts";

/** With waits that are always the longest possible. */
function fixture() {
  const clock = new FakeClock();
  const [webSocket, stream] = [new FakeTransport(), new FakeTransport()];
  const random = () => 1;
  const transport = new FallbackTransport(webSocket, stream, {
    clock,
    random,
    probeMinMs: 1_000,
    probeMaxMs: 4_000,
  });
  const told: string[] = [];
  let link: Link | undefined;
  const open = () => {
    link = transport.open({
      opened: () => told.push("opened"),
      frame: (frame) => told.push(frame.kind),
      ended: ({ code, atOnce }: LinkEnd) => {
        told.push(`ended ${code}`);
        if (atOnce) open();
      },
    });
    return link;
  };
  const via = () => link?.via;
  return { clock, webSocket, stream, told, open, via, link: () => link };
}

type Fixture = ReturnType<typeof fixture>;

/** To where the stream is open. */
function fallBack({ webSocket, stream, open }: Fixture): void {
  for (let failure = 0; failure < 2; failure++) {
    open();
    webSocket.link.end(1006);
  }
  open();
  stream.link.events.opened();
  stream.link.answer("login", {});
}

/** A probe that the network lets live. */
function prove({ clock, webSocket }: Fixture): void {
  webSocket.link.events.opened();
  webSocket.link.answer(webSocket.link.asked("ping")[0]?.seq, "pong");
  clock.advance(3_000);
}

test("open() takes WebSocket until two in a row have failed", () => {
  const bed = fixture();
  bed.open();
  bed.webSocket.link.end(1006);
  bed.open();
  expect(bed.via()).toBe("websocket");
  bed.webSocket.link.end(1006);
  bed.open();
  expect(bed.via()).toBe("stream");
  expect(bed.told).toEqual(["ended 1006", "ended 1006"]);
});

test("open() takes the stream after one WebSocket that never opened in time", () => {
  const bed = fixture();
  bed.open();
  bed.clock.advance(4_999);
  expect(bed.told).toEqual([]);
  bed.clock.advance(1);
  expect(bed.told).toEqual(["ended 1006"]);
  expect(bed.webSocket.link.closed).toBe(true);
  bed.open();
  expect(bed.via()).toBe("stream");
});

test("a WebSocket counts as failed when it breaks off young, and as good when it is told why or is old", () => {
  for (const [ageMs, code, wanted] of [
    [29_999, 1006, "stream"],
    [30_000, 1006, "websocket"],
    [10, 1012, "websocket"],
  ] as const) {
    const bed = fixture();
    for (let life = 0; life < 2; life++) {
      bed.open();
      bed.webSocket.link.events.opened();
      bed.webSocket.link.answer("login", {});
      bed.clock.advance(ageMs);
      bed.webSocket.link.end(code);
    }
    bed.open();
    expect(bed.via()).toBe(wanted);
  }
});

test("a WebSocket that opens and then brings nothing counts as failed when it is given up", async () => {
  const bed = fixture();
  for (let life = 0; life < 2; life++) {
    const link = bed.open();
    bed.webSocket.link.events.opened();
    await link.close();
  }
  bed.open();
  expect(bed.via()).toBe("stream");
});

test("beside the stream WebSocket is tried after waits that grow up to a bound", () => {
  const bed = fixture();
  fallBack(bed);
  const tried = bed.webSocket.links.length;
  for (const [count, waitMs] of [1_000, 2_000, 4_000, 4_000].entries()) {
    bed.clock.advance(waitMs - 1);
    expect(bed.webSocket.links.length).toBe(tried + count);
    bed.clock.advance(1);
    expect(bed.webSocket.links.length).toBe(tried + count + 1);
    bed.webSocket.link.end(1006);
  }
  expect(bed.via()).toBe("stream");
  expect(bed.told.at(-1)).toBe("answer");
});

test("a WebSocket that opened, answered and lived becomes the next link", async () => {
  const bed = fixture();
  fallBack(bed);
  bed.clock.advance(1_000);
  bed.webSocket.link.events.opened();
  bed.clock.advance(4_999);
  expect(bed.webSocket.link.closed).toBe(false);
  bed.clock.advance(1);
  expect(bed.webSocket.link.closed).toBe(true); // It never answered.

  bed.clock.advance(2_000);
  const count = bed.webSocket.links.length;
  prove(bed);
  expect(bed.via()).toBe("websocket");
  expect(bed.stream.link.closed).toBe(true);
  expect(bed.webSocket.links.length).toBe(count);
  await Promise.resolve();
  expect(bed.told.slice(-2)).toEqual(["ended 1006", "opened"]);
  bed.webSocket.link.message("room:a", 1);
  expect(bed.told.at(-1)).toBe("message");
  // It did not last: the stream is next, without a second WebSocket.
  bed.webSocket.link.end(1006);
  bed.open();
  expect(bed.via()).toBe("stream");
});

test("closing the link ends the trying, and a WebSocket that was being tried", async () => {
  const bed = fixture();
  fallBack(bed);
  bed.clock.advance(1_000);
  const probe = bed.webSocket.link;
  probe.events.opened();
  await bed.link()?.close();
  expect(probe.closed).toBe(true);
  expect(bed.stream.link.closed).toBe(true);
  const count = bed.webSocket.links.length;
  bed.clock.advance(100_000);
  expect(bed.webSocket.links.length).toBe(count);
});

test("when the stream does not get through either, they take turns, and WebSocket is first when the server is back", () => {
  const bed = fixture();
  for (const wanted of ["websocket", "websocket", "stream", "websocket", "stream", "websocket"]) {
    bed.open();
    expect(bed.via()).toBe(wanted);
    (wanted === "stream" ? bed.stream : bed.webSocket).link.end(1006);
  }
  bed.open();
  expect(bed.via()).toBe("stream");
  bed.stream.link.events.opened();
  expect(bed.via()).toBe("websocket");
  expect(bed.told).not.toContain("opened");
  // It is WebSocket alone that is blocked, then.
  bed.webSocket.link.end(1006);
  bed.open();
  bed.stream.link.events.opened();
  expect(bed.via()).toBe("stream");
  expect(bed.told.at(-1)).toBe("opened");
});
