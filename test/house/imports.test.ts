import { describe, expect, test } from "bun:test";
import { importsNameFiles, importsPointDown, pageStandsOnTheSdk } from "./import-rules.ts";
import { faultsOf, readTree } from "./source-file.ts";

const tree = readTree();

test("imports point down", () => {
  expect(faultsOf(tree, importsPointDown)).toEqual([]);
});

test("relative imports name the file they mean", () => {
  expect(faultsOf(tree, importsNameFiles)).toEqual([]);
});

describe("importsPointDown", () => {
  const faults = (path: string, specifier: string): number =>
    importsPointDown({ path, text: `import type { X } from "${specifier}";` }).length;

  test.each([
    ["src/base/clock.ts", "../core/user.ts"],
    ["src/base/clock.ts", "../config/config.ts"],
    ["src/config/config.ts", "../core/user.ts"],
    ["src/core/user.ts", "../storage/memory/memory-channel-log.ts"],
    ["src/core/user.ts", "../gen/prim/v1/chat_pb.ts"],
    ["src/core/user.ts", "../observe/metrics.ts"],
    ["src/core/user.ts", "../app.ts"],
    ["src/core/user.ts", "@bufbuild/protobuf"],
    ["src/core/user.ts", "bun:sqlite"],
    ["src/core/user.ts", "../../test/parts.ts"],
    ["src/protocol/json-codec.ts", "../transport/http/http-server.ts"],
    ["src/storage/redis/redis-channel-log.ts", "../memory/memory-channel-log.ts"],
    ["src/storage/redis/scripts/append.ts", "../../memory/memory-channel-log.ts"],
    ["src/transport/http/http-server.ts", "../websocket/gateway.ts"],
    ["src/transport/http/http-server.ts", "../../config/config.ts"],
    ["src/transport/http/http-server.ts", "../../cluster/link.ts"],
    ["src/cluster/link.ts", "../transport/rpc/rpc-server.ts"],
    ["src/client/client.ts", "../core/message.ts"],
    ["src/client/client.ts", "../../web/page.ts"],
    ["src/client/client.ts", "node:crypto"],
    ["src/app.ts", "./main.ts"],
    ["src/unheard-of/x.ts", "../base/ids.ts"],
  ])("catches %s -> %s", (path, specifier) => {
    expect(faults(path, specifier)).toBe(1);
  });

  test.each([
    ["src/main.ts", "./app.ts"],
    ["src/main.ts", "./config/config.ts"],
    ["src/app.ts", "./transport/http/http-server.ts"],
    ["src/app.ts", "./observe/metrics.ts"],
    ["src/core/user.ts", "./session.ts"],
    ["src/core/user.ts", "../base/errors.ts"],
    ["src/core/user.ts", "node:crypto"],
    ["src/core/user.test.ts", "../storage/memory/memory-channel-log.ts"],
    ["src/transport/http/http-server.ts", "../../protocol/json-codec.ts"],
    ["src/transport/http/http-server.ts", "../origin.ts"],
    ["src/transport/http/http-server.ts", "../../../web/index.html"],
    ["src/transport/http/http-server.ts", "hono"],
    ["src/storage/redis/redis-channel-log.ts", "./scripts/append.ts"],
    ["src/client/client.ts", "../gen/prim/v1/chat_pb.ts"],
    ["src/client/client.ts", "@bufbuild/protobuf"],
  ])("lets %s -> %s pass", (path, specifier) => {
    expect(faults(path, specifier)).toBe(0);
  });
});

test("importsNameFiles catches a missing ending and .js, in tests too", () => {
  const text = `import "./a"; import type { B } from "../b.js"; import ".."; import "./c.ts"; import "d";`;
  expect(importsNameFiles({ path: "src/core/x.ts", text })).toHaveLength(3);
  expect(importsNameFiles({ path: "test/x.test.ts", text })).toHaveLength(3);
});

describe("pageStandsOnTheSdk", () => {
  const faults = (path: string, specifier: string): number =>
    pageStandsOnTheSdk({ path, text: `import { x } from "${specifier}";` }).length;

  test("holds for the page", () => {
    expect(faultsOf(readTree(), pageStandsOnTheSdk)).toEqual([]);
  });

  test.each([
    ["web/chat/chat.ts", "../../src/client/session.ts"],
    ["web/chat/chat.ts", "../../src/base/ids.ts"],
    ["web/chat/chat.ts", "react"],
    ["web/chat/chat.ts", "../view/page.tsx"],
    ["web/words/english.ts", "../chat/chat.ts"],
    ["web/view/page.tsx", "lodash"],
    ["web/wire/x.ts", "./y.ts"],
  ])("catches %s -> %s", (path, specifier) => {
    expect(faults(path, specifier)).toBe(1);
  });

  test.each([
    ["web/chat/chat.ts", "../../src/client/index.ts"],
    ["web/view/page.tsx", "../chat/chat.ts"],
    ["web/view/page.tsx", "react"],
    ["web/view/x.test.ts", "bun:test"],
  ])("lets %s -> %s pass", (path, specifier) => {
    expect(faults(path, specifier)).toBe(0);
  });
});
