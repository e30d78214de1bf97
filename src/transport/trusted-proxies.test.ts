import { expect, test } from "bun:test";
import { FORWARDED_HOPS_MAX } from "../base/limits.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8"]);
const forwarded = (value: string) => new Headers({ "x-forwarded-for": value });
const from = (peer: string, value: string, trusted = proxies) =>
  trusted.clientAddress(peer, forwarded(value));

test("clientAddress() is the peer's, unless the peer is a trusted proxy", () => {
  for (const peer of ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9", "127.0.0.2", "fe80::1%eth0", ""]) {
    expect(from(peer, "198.51.100.7")).toBe(peer);
  }
  expect(from("127.0.0.1", "198.51.100.7", new TrustedProxies([]))).toBe("127.0.0.1");
  for (const peer of ["127.0.0.1", "::ffff:127.0.0.1", "10.255.255.255", "::1", "fdff::1"]) {
    expect(from(peer, "198.51.100.7")).toBe("198.51.100.7");
  }
});

test("clientAddress() holds the borders of a network", () => {
  const narrow = new TrustedProxies(["10.0.0.128/25", "2001:db8:0:8000::/49", "192.0.2.1/32", "128.0.0.0/1"]);
  const trusted = (peer: string) => from(peer, "1.2.3.4", narrow) === "1.2.3.4";
  const inside = ["10.0.0.128", "10.0.0.255", "2001:db8:0:8000::", "2001:db8:0:ffff:ffff:ffff:ffff:ffff"];
  expect([...inside, "192.0.2.1", "128.0.0.0", "255.255.255.255"].filter((peer) => !trusted(peer))).toEqual(
    [],
  );
  const outside = ["10.0.0.127", "10.0.1.0", "2001:db8:0:7fff::", "2001:db8:1::", "127.255.255.255"];
  expect(outside.filter(trusted)).toEqual([]);
});

test("clientAddress() is the rightmost address that is no proxy: what a client claims stands left of it", () => {
  expect(from("127.0.0.1", "198.51.100.7, 192.0.2.1")).toBe("192.0.2.1");
  expect(from("127.0.0.1", "198.51.100.7, 192.0.2.1, 10.1.1.1,fd00::2")).toBe("192.0.2.1");
  expect(from("127.0.0.1", "not an address, 192.0.2.1 , ::ffff:10.1.1.1")).toBe("192.0.2.1");
  expect(from("127.0.0.1", ",,192.0.2.1")).toBe("192.0.2.1");
});

test("clientAddress() is the farthest hop if all of them are proxies", () => {
  expect(from("127.0.0.1", "10.0.0.9, 10.0.0.8")).toBe("10.0.0.9");
  expect(from("127.0.0.1", "127.0.0.1")).toBe("127.0.0.1");
});

test("clientAddress() reads IPv6, mapped addresses and ports, and gives the shortest form", () => {
  const read = [
    ["2001:DB8:0:0:0:0:0:7", "2001:db8::7"],
    ["[2001:db8::7]:443", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["192.0.2.1:65535", "192.0.2.1"],
  ] as const;
  for (const [written, address] of read) expect(from("::1", written)).toBe(address);
});

test("clientAddress() ignores a header that makes no sense where it must be read", () => {
  const garbage = [
    "",
    " ",
    ",",
    "unknown",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3.4:x",
    "_hidden",
  ];
  const more = ["2001:db8::7:x", "[2001:db8::7", "[1.2.3.4]x", "fe80::1%eth0", "<script>", "1.2.3.4 5.6.7.8"];
  for (const value of [...garbage, ...more]) expect(from("127.0.0.1", value)).toBe("127.0.0.1");
  expect(from("127.0.0.1", "198.51.100.7, unknown, 10.0.0.1")).toBe("127.0.0.1");
  expect(from("127.0.0.1", "198.51.100.7,")).toBe("127.0.0.1");
});

test("clientAddress() reads no more hops than the bound", () => {
  const hops = (count: number) => ["192.0.2.1", ...Array<string>(count - 1).fill("10.0.0.1")].join(",");
  expect(from("127.0.0.1", hops(FORWARDED_HOPS_MAX))).toBe("192.0.2.1");
  expect(from("127.0.0.1", hops(FORWARDED_HOPS_MAX + 1))).toBe("127.0.0.1");
});

test("clientAddress() takes X-Real-IP only where there is no X-Forwarded-For", () => {
  const real = { "x-real-ip": "198.51.100.7" };
  expect(proxies.clientAddress("127.0.0.1", new Headers(real))).toBe("198.51.100.7");
  expect(proxies.clientAddress("192.0.2.9", new Headers(real))).toBe("192.0.2.9");
  const both = new Headers({ ...real, "x-forwarded-for": "192.0.2.1" });
  expect(proxies.clientAddress("127.0.0.1", both)).toBe("192.0.2.1");
  expect(proxies.clientAddress("127.0.0.1", new Headers())).toBe("127.0.0.1");
  expect(proxies.clientAddress("127.0.0.1", { get: () => undefined })).toBe("127.0.0.1");
});
