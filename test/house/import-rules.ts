/**
 * Who may import whom. A folder of src/ that isn't in the table can't exist.
 */
import { posix } from "node:path";
import { importsOf } from "./source-code.ts";
import { isCode, isTest, locate, type Rule, type SourceFile } from "./source-file.ts";

/** What the files of a folder may import besides each other. */
export const FLOOR_PLAN: Readonly<Record<string, readonly string[]>> = {
  base: [],
  gen: [],
  config: ["base"],
  core: ["base"],
  protocol: ["core", "gen", "base"],
  storage: ["core", "base"],
  auth: ["core", "base"],
  media: ["core", "base"],
  observe: ["core", "base"],
  transport: ["protocol", "core", "gen", "base"],
  cluster: ["protocol", "core", "gen", "base"],
  interop: ["core", "gen", "base"],
  workers: ["core", "base"],
  client: ["gen"],
};

/** Files directly in src/, each with the files beside it that it may import; folders are all open to them. */
const ROOT_FILES: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["app.ts"],
  "app.ts": ["app-cluster.ts", "app-interop.ts", "app-ports.ts", "app-store.ts"],
  "app-cluster.ts": [],
  "app-interop.ts": [],
  "app-ports.ts": [],
  "app-store.ts": [],
};

/** Folders whose subfolders don't know each other. */
const STRANGERS = ["transport", "storage"];

/** The only packages some folders may import; client runs in browsers too, so it has no `node:`. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  base: /^node:/,
  core: /^node:/,
  client: /^@(?:bufbuild|connectrpc)\//,
};

/** What the page's folders may import besides each other and src/client; only what is drawn knows React. */
const PAGE_FOLDERS: Readonly<
  Record<string, { readonly folders: readonly string[]; readonly packages: RegExp }>
> = {
  words: { folders: [], packages: /^$/ },
  chat: { folders: ["words"], packages: /^$/ },
  view: { folders: ["chat", "words"], packages: /^(?:react|virtua)$/ },
  "main.tsx": { folders: ["chat", "view", "words"], packages: /^react-dom\/client$/ },
};

const CODE_OR_ASSET = /\.(?:tsx?|json|ya?ml|toml|html|css|svg|txt|lua|sql|png|ico)$/;

/** Imports in src/ point down. Tests may import what they like. */
export const importsPointDown: Rule = (file) => {
  if (!isCode(file) || isTest(file) || !file.path.startsWith("src/")) return [];
  return importsOf(file.text).flatMap(({ specifier, index }) => {
    const fault = specifier.startsWith(".") ? localFault(file, specifier) : packageFault(file, specifier);
    return fault === undefined ? [] : [`${locate(file, index)}: ${fault}`];
  });
};

/** The page uses the SDK like anybody else, and nothing else of src/. */
export const pageStandsOnTheSdk: Rule = (file) => {
  if (!isCode(file) || isTest(file) || !file.path.startsWith("web/")) return [];
  const [, from = ""] = file.path.split("/");
  const plan = PAGE_FOLDERS[from];
  if (plan === undefined) return [`${file.path}: no place in the table of imports`];
  return importsOf(file.text).flatMap(({ specifier, index }) => {
    const target = posix.join(posix.dirname(file.path), specifier);
    const [top, to = ""] = target.split("/");
    const isAllowed = !specifier.startsWith(".")
      ? plan.packages.test(specifier)
      : target === "src/client/index.ts" || (top === "web" && (to === from || plan.folders.includes(to)));
    return isAllowed ? [] : [`${locate(file, index)}: "web/${from}" may not import "${specifier}"`];
  });
};

/** A relative import names the file it means. */
export const importsNameFiles: Rule = (file) => {
  if (!isCode(file)) return [];
  return importsOf(file.text)
    .filter(({ specifier }) => /^\.{1,2}(?:\/|$)/.test(specifier) && !CODE_OR_ASSET.test(specifier))
    .map(({ specifier, index }) => `${locate(file, index)}: "${specifier}" doesn't end in .ts or .tsx`);
};

function localFault(file: SourceFile, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier);
  const [, from = "", fromPart = ""] = file.path.split("/");
  const [top, to = "", toPart = ""] = target.split("/");
  const wrong = `"${from}" may not import "${target}"`;
  if (top !== "src")
    return from === "client" || /^(?:test|scripts|bench)$/.test(String(top)) ? wrong : undefined;
  if (from === to) {
    const inSubfolders = file.path.split("/").length > 3 && target.split("/").length > 3;
    return STRANGERS.includes(from) && inSubfolders && fromPart !== toPart ? wrong : undefined;
  }
  const besides = ROOT_FILES[from];
  if (besides !== undefined) return Object.hasOwn(FLOOR_PLAN, to) || besides.includes(to) ? undefined : wrong;
  const allowed = FLOOR_PLAN[from];
  if (allowed === undefined) return `"src/${from}" has no place in the table of imports`;
  return allowed.includes(to) ? undefined : wrong;
}

function packageFault(file: SourceFile, specifier: string): string | undefined {
  const folder = String(file.path.split("/")[1]);
  const allowed = PACKAGES[folder];
  return allowed === undefined || allowed.test(specifier)
    ? undefined
    : `"${folder}" may not import "${specifier}"`;
}
