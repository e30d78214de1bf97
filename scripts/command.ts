/**
 * Runs other programs for the scripts beside this file.
 *
 * Children that are Bun are started by the path of this very Bun, because under npx there may be no `bun`
 * on PATH; and tools from node_modules run on Bun, whatever their first line says.
 */
import { dirname } from "node:path";

/** Where package.json lies; every command runs there unless told otherwise. */
export const ROOT = dirname(import.meta.dir);

/** Set by every hosted CI and by `.ci/run`; here nothing that is missing may be skipped. */
export const inCi = !["", "0", "false"].includes(process.env["CI"] ?? "");

/** Longest a captured command may take. The slowest on record is installing Debian packages, about 60 s. */
const COMMAND_MS_MAX = 300_000;

export interface CommandResult {
  readonly exitCode: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

/** The arguments that run Bun itself: `bunCommand("install")`. */
export function bunCommand(...args: string[]): string[] {
  return [process.execPath, ...args];
}

/** The arguments that run a tool of node_modules on Bun: `toolCommand("buf", "lint")`. */
export function toolCommand(tool: string, ...args: string[]): string[] {
  return bunCommand("--bun", "run", "--silent", tool, ...args);
}

/** Runs a command to its end and keeps what it prints; a program that can't be started counts as exit code 127. */
export async function runCommand(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const { FORCE_COLOR: _, ...inherited } = process.env;
  try {
    const child = Bun.spawn([...command], {
      cwd: ROOT,
      env: { ...inherited, NO_COLOR: "1", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: COMMAND_MS_MAX,
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const exitCode = await child.exited;
    const ended = child.signalCode === null ? "" : `\n${command.join(" ")}: ended by ${child.signalCode}`;
    return { exitCode, output: `${stdout}${stderr}${ended}`.trim() };
  } catch (error) {
    return { exitCode: 127, output: `Cannot run "${command.join(" ")}": ${String(error)}` };
  }
}
