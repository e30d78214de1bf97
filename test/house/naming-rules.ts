/**
 * Names of files and folders, and the folders of src/ as ARCHITECTURE.md lists them.
 */
import { FLOOR_PLAN } from "./import-rules.ts";
import { isOurs, type Rule } from "./source-file.ts";

const EMPTY_WORDS = /^(?:utils?|commons?|helpers?|libs?|managers?)$/;

const KEBAB_FOLDER = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** With as many endings as it likes: `session-hub.test.ts`. */
const KEBAB_FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*$/;

/** Files and folders of code are named in kebab-case; documents keep their capitals. */
export const namesAreKebabCase: Rule = ({ path }) => {
  if (!isOurs(path) || path.endsWith(".md")) return [];
  const folders = path.split("/");
  const file = folders.pop() ?? "";
  const good =
    folders.every((folder) => KEBAB_FOLDER.test(folder)) && (KEBAB_FILE.test(file) || file.startsWith("."));
  return good ? [] : [`${path}: not in kebab-case`];
};

/** A thing has a name in the domain: no folder or file is called after having none. */
export const namesSaySomething: Rule = ({ path }) => {
  if (!isOurs(path)) return [];
  return path
    .split(/[/.-]/)
    .filter((word) => EMPTY_WORDS.test(word))
    .map((word) => `${path}: "${word}" says nothing about what is in it`);
};

/** Every folder of src/ is in the table of imports and has a line in ARCHITECTURE.md, which is not ahead of the code. */
export function folderFaults(folders: readonly string[], architecture: string): string[] {
  const listed = new Map(
    [...architecture.matchAll(/^\| *`src\/([a-z0-9-]+)\/` *\|(.*)$/gm)].map(([, name, line]) => [
      String(name),
      String(line),
    ]),
  );
  const faults = folders.flatMap((folder) => {
    if (!Object.hasOwn(FLOOR_PLAN, folder))
      return [`src/${folder}: no place in the table of test/house/import-rules.ts`];
    const line = listed.get(folder);
    if (line === undefined) return [`src/${folder}: no line in ARCHITECTURE.md`];
    return line.includes("(planned)")
      ? [`src/${folder}: "(planned)" in ARCHITECTURE.md, but it is there`]
      : [];
  });
  for (const [name, line] of listed) {
    if (!folders.includes(name) && !line.includes("(planned)"))
      faults.push(`src/${name}: in ARCHITECTURE.md only`);
  }
  return faults;
}
