import { expect, test } from "bun:test";
import { homedir } from "node:os";
import { ROOT } from "../../scripts/command.ts";
import { lockHoldsNoAddress, namesNoMachine, versionsAreExact } from "./project-rules.ts";
import { faultsOf, readTree } from "./source-file.ts";

const tree = readTree();

test("package.json pins every version", () => {
  expect(tree.some(({ path }) => path === "package.json")).toBe(true);
  expect(faultsOf(tree, versionsAreExact)).toEqual([]);
});

test("bun.lock holds no address", () => {
  expect(tree.some(({ path }) => path === "bun.lock")).toBe(true);
  expect(faultsOf(tree, lockHoldsNoAddress)).toEqual([]);
});

test("no file names a path of this machine", () => {
  expect(faultsOf(tree, namesNoMachine(ROOT, homedir()))).toEqual([]);
});

test.each(["^1.2.3", "~1.2.3", "1.2", "*", "latest", ">=1.2.3", "1.2.x", "file:../x"])(
  "versionsAreExact catches %s",
  (version) => {
    const text = JSON.stringify({ dependencies: { good: "1.2.3-rc.1" }, devDependencies: { bad: version } });
    expect(versionsAreExact({ path: "package.json", text })).toHaveLength(1);
  },
);

test("lockHoldsNoAddress catches a tarball's address", () => {
  const text = `{\n "packages": { "a": ["a@1.0.0", "https://registry.example/a.tgz", {}, "sha512-x=="] }\n}`;
  expect(lockHoldsNoAddress({ path: "bun.lock", text })).toEqual([
    'bun.lock:2: "https://registry.example/a.tgz" in the lock file',
  ]);
  expect(lockHoldsNoAddress({ path: "bun.lock", text: `"a": ["a@1.0.0", "", {}, "sha512-x//y=="]` })).toEqual(
    [],
  );
});

test("namesNoMachine() catches the checkout, what lies beside it, and anybody's home", () => {
  const path = (...parts: string[]): string => ["", ...parts].join("/"); // Put together, or this file would be caught.
  const faults = (text: string, root = path("ourplace", "prim"), home = path("root")): number =>
    namesNoMachine(root, home)({ path: "README.md", text }).length;
  expect(faults(`see ${path("ourplace", "prim")} for it`)).toBe(1);
  expect(faults(`"${path("ourplace", "notes", "x.md")}"`)).toBe(1);
  expect(faults(`cp ${path("root", "x")} y`)).toBe(1);
  expect(faults(path("home", "ann", "prim"))).toBe(1);
  expect(faults(path("Users", "ann", "prim"))).toBe(1);
  expect(faults(path("tmp", "ours", "x"), path("tmp", "ours"))).toBe(1);

  expect(faults("GET /home/index, src/root/x, http://x.example/ourplace/y, ourplace")).toBe(0);
  expect(faults("WORKDIR /app/prim", "/app")).toBe(0);
  expect(faults("/tmp/other", path("tmp", "ours"))).toBe(0);
});
