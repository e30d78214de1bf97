import { expect, test } from "bun:test";
import { codeOnly, importsOf } from "./source-code.ts";

test("codeOnly() keeps length and lines, and blanks what is no code", () => {
  const text = 'a(); // b()\n/* c()\n */ d(\'e()\', "f\\"()");\n';
  expect(
    codeOnly(text)
      .split("\n")
      .map((line) => line.trimEnd()),
  ).toEqual(["a();", "", "    d('   ', \"     \");", ""]);
  expect(codeOnly(text)).toHaveLength(text.length);
});

test("codeOnly() keeps the code inside a template", () => {
  const code = codeOnly("`a() \u0024{b({ c: `d() \u0024{e()}` })} f()`; g()");
  for (const kept of ["b(", "e()", "g()"]) expect(code).toContain(kept);
  for (const gone of ["a()", "d()", "f()"]) expect(code).not.toContain(gone);
});

test("codeOnly() tells a pattern from a division", () => {
  expect(codeOnly("x = a() / b() / c();")).toBe("x = a() / b() / c();");
  expect(codeOnly("x = /['/[/\"`]a\\/b/g; y()")).toMatch(/^x = \/ +\/g; y\(\)$/);
  expect(codeOnly("return /'/.test(x) ? '' : y()")).toContain("y()");
});

test("importsOf() sees values, types, re-exports, side effects and dynamic imports", () => {
  const text = [
    'import { a } from "./a.ts";',
    'import type { B } from "./b.ts";',
    'export type { C } from "./c.ts";',
    'export * as d from\n  "./d.ts";',
    'import "./e.ts";',
    'const f = await import(/* why */ "./f.ts");',
    'let g: import("./g.ts").G;',
    "import(`./h.ts`);",
  ].join("\n");
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(names.map((name) => `./${name}.ts`));
});

test("importsOf() is not fooled by comments, strings and methods", () => {
  const text = `// import "./a.ts"\nconst x = 'import "./b.ts"'; Array.from("c"); const from = "d";`;
  expect(importsOf(text)).toEqual([]);
});
