/**
 * What must hold for the repository as others get it: pinned packages, and no trace of the machine it was made on.
 */
import { dirname } from "node:path";
import { z } from "zod";
import { locate, type Rule } from "./source-file.ts";

const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

const versions = z.record(z.string(), z.string()).optional();

const manifest = z.object({
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  overrides: versions,
});

/** Where checkouts lie on many machines, and what documents may name: one level, and the well-known ones below. */
const ORDINARY =
  /^\/(?:app|builds?|code|data|home|mnt|opt|repo|root|src|srv|tmp|workspaces?)?$|^\/(?:usr|var)\/\w+$/;

/** package.json asks for versions, not for ranges. */
export const versionsAreExact: Rule = ({ path, text }) => {
  if (path !== "package.json") return [];
  return Object.entries(manifest.parse(JSON.parse(text))).flatMap(([list, packages]) =>
    Object.entries(packages ?? {})
      .filter(([, version]) => !EXACT_VERSION.test(version))
      .map(([name, version]) => `${path}: ${list} asks for "${name}" in "${version}"`),
  );
};

/** bun.lock must work with whatever registry a machine uses. */
export const lockHoldsNoAddress: Rule = (file) => {
  if (file.path !== "bun.lock") return [];
  return [...file.text.matchAll(/\b[a-z+]+:\/\/[^"\s]*/g)].map(
    (match) => `${locate(file, match.index)}: "${match[0]}" in the lock file`,
  );
};

/** No file names a path of the machine whose checkout is `root` and whose home folder is `home`. */
export function namesNoMachine(root: string, home: string): Rule {
  // A route like /home/index is a path too: somebody's home has a slash behind the name.
  const traces = [String.raw`/(?:home|Users)/[\w.-]+/`];
  if (home !== "/") traces.push(`${RegExp.escape(home)}/`);
  if (!ORDINARY.test(root)) traces.push(String.raw`${RegExp.escape(root)}\b`);
  if (!ORDINARY.test(dirname(root))) traces.push(`${RegExp.escape(dirname(root))}/`);
  const pattern = new RegExp(String.raw`(?<![\w.:/-])(?:${traces.join("|")})`, "g");
  return (file) =>
    [...file.text.matchAll(pattern)].map(
      (match) => `${locate(file, match.index)}: "${match[0]}" is a path of one machine`,
    );
}
