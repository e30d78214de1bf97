import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/command.ts";
import { folderFaults, namesAreKebabCase, namesSaySomething } from "./naming-rules.ts";
import { faultsOf, type Rule, readTree } from "./source-file.ts";

const caught = (rule: Rule, path: string): boolean => rule({ path, text: "" }).length > 0;

test("files and folders are named in kebab-case", () => {
  expect(faultsOf(readTree(), namesAreKebabCase)).toEqual([]);
});

test("files and folders have names that say something", () => {
  expect(faultsOf(readTree(), namesSaySomething)).toEqual([]);
});

test("every folder of src/ has a line in ARCHITECTURE.md", () => {
  const entries = readdirSync(join(ROOT, "src"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  expect(folderFaults(folders, readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8"))).toEqual([]);
});

test.each([
  "src/core/sessionHub.ts",
  "src/core/Session.ts",
  "src/fanOut/a.ts",
  "test/a_b.test.ts",
  "web/Page.css",
])("namesAreKebabCase catches %s", (path) => expect(caught(namesAreKebabCase, path)).toBe(true));

test.each([
  "src/core/session-hub.test.ts",
  "src/gen/prim/v1/chat_pb.ts",
  "README.zh-CN.md",
  "bench/README.md",
])("namesAreKebabCase lets %s pass", (path) => expect(caught(namesAreKebabCase, path)).toBe(false));

test.each([
  "src/core/utils.ts",
  "src/common/a.ts",
  "test/helpers/a.ts",
  "src/core/session-manager.ts",
  "web/lib/a.js",
])("namesSaySomething catches %s", (path) => expect(caught(namesSaySomething, path)).toBe(true));

test.each(["src/core/library-card.ts", "docs/common.md"])("namesSaySomething lets %s pass", (path) =>
  expect(caught(namesSaySomething, path)).toBe(false),
);

test("folderFaults() catches a folder without a line or a place, and a line that is behind or ahead", () => {
  const table = "| `src/base/` | floor |\n| `src/auth/` | (planned) who |\n| `src/media/` | files |\n";
  expect(folderFaults(["base", "media"], table)).toEqual([]);
  expect(folderFaults(["base", "media", "core"], table)).toEqual(["src/core: no line in ARCHITECTURE.md"]);
  expect(folderFaults(["base", "media", "auth"], table)[0]).toContain("(planned)");
  expect(folderFaults(["base", "media", "stuff"], table)[0]).toContain("table");
  expect(folderFaults(["base"], table)).toEqual(["src/media: in ARCHITECTURE.md only"]);
});
