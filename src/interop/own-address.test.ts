import { expect, test } from "bun:test";
import { ownAddress } from "./own-address.ts";

test("ownAddress() is an IPv4 address, resolved if it has to be", async () => {
  expect(await ownAddress("10.0.0.1:9001")).toBe("10.0.0.1:9001");
  expect(await ownAddress("localhost:9002")).toBe("127.0.0.1:9002");
});

test("ownAddress() refuses what leads to none", async () => {
  for (const address of ["[2001:db8::1]:9001", "2001:db8::1:9001", "no-such-host.invalid:9001"]) {
    await expect(ownAddress(address)).rejects.toMatchObject({ code: "failed_precondition" });
  }
});
