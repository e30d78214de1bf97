import { describe, expect, test } from "bun:test";
import { filesAreShort, modulesIntroduceThemselves, testsRun, timeIsInjected } from "./code-rules.ts";
import { faultsOf, readTree } from "./source-file.ts";

const tree = readTree();

test("time and chance are injected", () => {
  expect(faultsOf(tree, timeIsInjected)).toEqual([]);
});

test("files in src/ and web/ are short", () => {
  expect(faultsOf(tree, filesAreShort)).toEqual([]);
});

test("modules open with a doc comment", () => {
  expect(faultsOf(tree, modulesIntroduceThemselves)).toEqual([]);
});

test("every test runs", () => {
  expect(faultsOf(tree, testsRun)).toEqual([]);
});

describe("timeIsInjected", () => {
  const faults = (text: string, path = "src/core/x.ts"): number => timeIsInjected({ path, text }).length;

  test.each([
    "const now = Date.now();",
    "const now = globalThis.Date.now();",
    "const now = new Date();",
    "const now = new Date;",
    "setTimeout(() => {}, 5);",
    "globalThis.setInterval(f, 5);",
    "const later = setImmediate;",
    "`\u0024{Math.random()}`;",
    "performance.now();",
    "process.hrtime.bigint();",
    "await Bun.sleep(5);",
    'import { scheduler } from "node:timers/promises";',
  ])("catches %s", (text) => {
    expect(faults(text)).toBe(1);
    expect(faults(text, "src/main.ts")).toBe(1);
    expect(faults(text, "src/base/clock.ts")).toBe(0);
    expect(faults(text, "src/client/client.ts")).toBe(0);
    expect(faults(text, "src/core/x.test.ts")).toBe(0);
  });

  test.each([
    "clock.now(); clock.setTimeout(f, 5);",
    "new Date(sentAt); new Date(\n  sentAt,\n);",
    "// Date.now() is not for here\nconst text = 'Math.random()';",
  ])("lets %s pass", (text) => expect(faults(text)).toBe(0));
});

test("filesAreShort catches line 401, outside src/gen", () => {
  const lines = (count: number): string => "x;\n".repeat(count);
  expect(filesAreShort({ path: "src/core/x.ts", text: lines(400) })).toEqual([]);
  expect(filesAreShort({ path: "src/core/x.ts", text: lines(401) })).toHaveLength(1);
  expect(filesAreShort({ path: "web/chat/x.ts", text: lines(401) })).toHaveLength(1);
  expect(filesAreShort({ path: "src/gen/x_pb.ts", text: lines(401) })).toEqual([]);
});

test("modulesIntroduceThemselves catches a module that opens with something else", () => {
  const faults = (path: string, text: string): number => modulesIntroduceThemselves({ path, text }).length;
  expect(faults("src/core/x.ts", "import x from 'x';\n/** Late. */")).toBe(1);
  expect(faults("scripts/x.ts", "// Plain.\n")).toBe(1);
  expect(faults("src/core/x.ts", "/** X. */\n")).toBe(0);
  expect(faults("src/main.ts", "#!/usr/bin/env bun\n/** The process. */\n")).toBe(0);
  expect(faults("src/core/x.test.ts", "import x from 'x';")).toBe(0);
});

describe("testsRun", () => {
  const faults = (text: string, path = "src/core/x.test.ts"): number => testsRun({ path, text }).length;

  test.each([
    "test.only('a', f);",
    "describe.skip('a', f);",
    "test.concurrent.skip('a', f);",
    "test.todo('a');",
    "test.skipIf(x)('a', f);",
    "it.if(x)('a', f);",
    "test.failing('a', f);",
    "xtest('a', f);",
  ])("catches %s", (text) => {
    expect(faults(text)).toBe(1);
    expect(faults(text, "test/contract/channel-log.ts")).toBe(1);
    expect(faults(text, "test/parts.ts")).toBe(0);
  });

  test.each(["test.each([1])('a', f); describe('b', f);", "rows.skip(1); plan.only();", "// test.only"])(
    "lets %s pass",
    (text) => expect(faults(text)).toBe(0),
  );
});
