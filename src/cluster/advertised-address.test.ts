import { expect, test } from "bun:test";
import { advertisedAddress } from "./advertised-address.ts";

const loopback = { address: "127.0.0.1", family: "IPv4", internal: true };
const outward = { address: "10.0.0.7", family: "IPv4", internal: false };
const outward6 = { address: "fe80::7", family: "IPv6", internal: false };
const machine = { lo: [loopback], eth0: [outward6, outward], eth1: [{ ...outward, address: "10.0.0.8" }] };

function address(advertise: string, host: string, interfaces = machine as object): string {
  return advertisedAddress({ advertise, host, rpcPort: 9001 }, interfaces as typeof machine);
}

test("what is advertised wins; the real port is added where there is none", () => {
  expect(address("node-1:7000", "0.0.0.0")).toBe("node-1:7000");
  expect(address("node-1", "127.0.0.1")).toBe("node-1:9001");
  expect(address("[::1]", "0.0.0.0")).toBe("[::1]:9001");
  expect(address("[::1]:7000", "0.0.0.0")).toBe("[::1]:7000");
});

test("a concrete host is the address, in brackets if it is IPv6", () => {
  expect(address("", "192.168.1.5")).toBe("192.168.1.5:9001");
  expect(address("", "localhost")).toBe("localhost:9001");
  expect(address("", "::1")).toBe("[::1]:9001");
});

test("for any address it is the first IPv4 address that others may reach, or this machine alone", () => {
  expect(address("", "0.0.0.0")).toBe("10.0.0.7:9001");
  expect(address("", "::")).toBe("10.0.0.7:9001");
  expect(address("", "0.0.0.0", { lo: [loopback], eth0: [outward6], gone: undefined })).toBe(
    "127.0.0.1:9001",
  );
  expect(address("", "0.0.0.0", {})).toBe("127.0.0.1:9001");
});
