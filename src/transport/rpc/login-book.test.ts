import { expect, test } from "bun:test";
import { FakeClock } from "../../../test/fake-clock.ts";
import type { LoginToken, NodeId } from "../../base/ids.ts";
import { Login, LoginBook } from "./login-book.ts";
import { StreamConnection } from "./stream-connection.ts";
import { StreamFanout } from "./stream-fanout.ts";

const nobody = { user: undefined, profile: undefined, rooms: undefined };

function bookOf(loginsMax: number) {
  const clock = new FakeClock();
  const book = new LoginBook({ clock, nodeId: "node" as NodeId, loginsMax, lifeMs: 1_000 });
  const stream = () =>
    new StreamConnection({
      remoteAddress: "",
      backlogBytesMax: 1,
      heartbeatMs: 1,
      fanout: new StreamFanout(),
      clock,
      onEnded() {},
    });
  return { clock, book, stream };
}

test("LoginBook finds a login by its token until it expires or is closed", () => {
  const { clock, book } = bookOf(10);
  const first = book.open(nobody);
  const second = book.open(nobody);
  expect(first.token).not.toBe(second.token);
  expect(book.find(first.token)).toBe(first);
  expect(book.find("")).toBeUndefined();
  clock.advance(999);
  expect(book.find(first.token)).toBe(first);
  book.close(first);
  book.close(first);
  expect(book.find(first.token)).toBeUndefined();
  clock.advance(1);
  expect(book.find(second.token)).toBeUndefined();
  expect(book.size).toBe(0);
});

test("LoginBook forgets the login idle longest when it is full, and none with a stream", () => {
  const { book, stream } = bookOf(2);
  const first = book.open(nobody);
  const second = book.open(nobody);
  book.find(first.token);
  const third = book.open(nobody);
  expect(book.find(second.token)).toBeUndefined();
  const streams = [stream(), stream()] as const;
  expect(book.startStream(first, streams[0])).toBeUndefined();
  book.startStream(third, streams[1]);
  expect(() => book.open(nobody)).toThrow("as many logins");
  book.endStream(first, streams[1]);
  expect(() => book.open(nobody)).toThrow("as many logins");
  book.endStream(first, streams[0]);
  book.open(nobody);
  expect(book.find(first.token)).toBeUndefined();
  expect(book.find(third.token)).toBe(third);
});

test("LoginBook gives back the stream that another one replaces, whose end changes nothing", () => {
  const { book, stream } = bookOf(2);
  const login = book.open(nobody);
  const [before, after] = [stream(), stream()];
  book.startStream(login, before);
  expect(book.startStream(login, after)).toBe(before);
  book.endStream(login, before);
  expect(login.stream).toBe(after);
});

test("Login.countCall() counts by the second, and survives a clock that steps back", () => {
  const login = new Login("token" as LoginToken, nobody, 0);
  expect([login.countCall(0, 2), login.countCall(999, 2), login.countCall(999, 2)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(login.countCall(1_000, 2)).toBe(true);
  expect(login.countCall(5, 2)).toBe(true);
});

test("Login.inTurn() runs one task after the other, also after a failure", async () => {
  const login = new Login("token" as LoginToken, nobody, 0);
  const order: string[] = [];
  const slow = login.inTurn(async () => {
    await Promise.resolve();
    order.push("slow");
    throw new Error("no");
  });
  const quick = login.inTurn(async () => order.push("quick"));
  await expect(slow).rejects.toThrow("no");
  await quick;
  expect(order).toEqual(["slow", "quick"]);
});
