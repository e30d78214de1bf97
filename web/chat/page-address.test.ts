import { expect, test } from "bun:test";
import { platformOf, webSocketAddress } from "./page-address.ts";

test("platformOf() takes either spelling, and 101 without or instead of nonsense", () => {
  expect(platformOf("?appPlatform=102")).toBe(102);
  expect(platformOf("?appID=103")).toBe(103);
  expect(platformOf("?appPlatform=102&appID=103")).toBe(102);
  for (const search of ["", "?appPlatform=", "?appPlatform=0", "?appID=-1", "?appID=1e3", "?appID=<b>"]) {
    expect(platformOf(search)).toBe(101);
  }
});

test("webSocketAddress() is the page's origin unless the server names another", () => {
  const page = "https://chat.example/home/index?appID=101";
  expect(webSocketAddress("", page)).toBe("wss://chat.example/acc");
  expect(webSocketAddress("", "http://127.0.0.1:8080/home/index")).toBe("ws://127.0.0.1:8080/acc");
  expect(webSocketAddress("ws://im.example:8089/acc", page)).toBe("ws://im.example:8089/acc");
});
