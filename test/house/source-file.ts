/**
 * The files of this repository as the house rules see them, and a way to run a rule over them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/command.ts";

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** What is wrong with a file, one line per fault; a rule for some files gives [] for the others. */
export type Rule = (file: SourceFile) => string[];

/** Folders that hold our code; everything else is documents and settings. */
const CODE_FOLDERS = ["src", "test", "scripts", "bench", "web", "examples"];

const CODE_FILE = /\.(?:[mc]?[jt]sx?)$/;

/** Not ours, or not kept. Names at any depth, then paths. */
const SKIPPED_NAMES = new Set(["node_modules", ".git", ".DS_Store"]);
const SKIPPED_PATHS = new Set(["data", "log", "coverage", "bench/results", "examples/prim-client.js"]);

/** Every text file of the repository. */
export function readTree(root = ROOT): SourceFile[] {
  return listFiles(root, "")
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
    .filter((file) => !file.text.includes("\0"));
}

/** What all `rules` say about all `files`. */
export function faultsOf(files: readonly SourceFile[], ...rules: Rule[]): string[] {
  return files.flatMap((file) => rules.flatMap((rule) => rule(file)));
}

/** True for code that people write: TypeScript and the like in our folders, but not what is generated. */
export function isCode({ path }: SourceFile): boolean {
  return isOurs(path) && CODE_FILE.test(path);
}

/** True for any file in the folders that hold our code, except what is generated. */
export function isOurs(path: string): boolean {
  return CODE_FOLDERS.includes(topFolder(path)) && !path.startsWith("src/gen/");
}

export function isTest({ path }: SourceFile): boolean {
  return /\.test\.tsx?$/.test(path);
}

/** `src/core/user.ts` is in `src`; a file beside package.json is in ``. */
export function topFolder(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** `path:line`, for a fault that was found at `index`. */
export function locate({ path, text }: SourceFile, index: number): string {
  return `${path}:${text.slice(0, index).split("\n").length}`;
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (SKIPPED_NAMES.has(entry.name) || SKIPPED_PATHS.has(path) || path.endsWith(".log")) return [];
    if (entry.isDirectory()) return listFiles(root, path);
    return entry.isFile() ? [path] : [];
  });
}
