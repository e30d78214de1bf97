import { expect, test } from "bun:test";
import { keepingLogger } from "../../../test/redis/redis-bed.ts";
import { silentLogger } from "../../base/logger.ts";
import { checkServer } from "./redis-server-check.ts";

const info = (version: string, more = "") => `# Server\r\nredis_version:${version}\r\n${more}`;

test.each(["6.2.14", "5.0.0", "2.8", ""])("checkServer() refuses version %p", (version) => {
  expect(() => checkServer(info(version), "h:1", silentLogger)).toThrow("needs 7.0 or newer");
});

test.each(["7.0.0", "7.2.4", "8.0.1", "10.0.0"])("checkServer() takes version %p", (version) => {
  checkServer(info(version), "h:1", silentLogger);
});

test("checkServer() warns of what loses messages, and of nothing else", () => {
  const warningsOf = (more: string) => {
    const { log, lines } = keepingLogger();
    checkServer(info("7.0.0", more), "h:1", log);
    return lines;
  };
  expect(warningsOf("maxmemory_policy:noeviction\r\naof_enabled:1\r\n")).toEqual([]);
  expect(warningsOf("maxmemory_policy:allkeys-lru\r\naof_enabled:1\r\n")).toEqual([
    expect.stringContaining("noeviction"),
  ]);
  expect(warningsOf("maxmemory_policy:noeviction\r\naof_enabled:0\r\n")).toEqual([
    expect.stringContaining("appendonly yes"),
  ]);
});
