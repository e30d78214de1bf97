import { expect, test } from "bun:test";
import { safeUrl } from "./safe-url.ts";

const base = "https://chat.example/home/index";

test.each(["https://a.example/x.png", "http://a.example/"])("safeUrl() lets %s pass", (address) => {
  expect(safeUrl(address, base)).toBe(address);
});

test("safeUrl() resolves a path on this server", () => {
  expect(safeUrl("/media/1.png", base)).toBe("https://chat.example/media/1.png");
});

test.each([
  "javascript:alert(1)",
  " JaVaScRiPt:alert(1)",
  "java\nscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "blob:https://chat.example/1",
  "vbscript:x",
  "file:///etc/passwd",
  "http://[",
  undefined,
])("safeUrl() refuses %p", (address) => {
  expect(safeUrl(address, base)).toBeUndefined();
});
