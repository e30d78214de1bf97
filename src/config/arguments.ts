/**
 * The command line: what to do, and the settings given as flags.
 *
 * Rules: the last of a repeated flag counts; flags may stand before or after the command. Words that
 * are not understood are shown only if they stand where a command would: anything else may be the
 * value of a misspelt --redis-password.
 */
import { parseArgs } from "node:util";
import type { Given, GivenValue } from "./given.ts";
import { nearest, suggestion } from "./nearest.ts";
import { type ListedSetting, settingList } from "./setting-list.ts";
import { showName } from "./show-value.ts";

export type Command = "run" | "help" | "version" | "print";

export interface Arguments extends Given {
  readonly command: Command;
  /** Of --config; may be empty text. */
  readonly configFile: string | undefined;
}

type Token = NonNullable<ReturnType<typeof parse>["tokens"]>[number];

const CONFIG_FLAG = "--config";
const SWITCHES: readonly string[] = ["--help", "-h", "--version", "-v", "--print"];
const COMMAND = "config";

const settingByFlag: ReadonlyMap<string, ListedSetting> = new Map(
  settingList.flatMap((setting) => {
    const alias = setting.flagAlias === undefined ? [] : [[`--${setting.flagAlias}`, setting] as const];
    return [[setting.flag, setting] as const, ...alias];
  }),
);

/** @param argv without the program's own name. */
export function readArguments(argv: readonly string[]): Arguments {
  const values = new Map<string, GivenValue>();
  const faults: string[] = [];
  const switches = new Set<string>();
  let configFile: string | undefined;
  let hasCommand = false;
  let refusedAt = Number.NaN;

  const refuse = (token: Token, line: string): void => {
    // "-abc" is three flags of one word: one fault is enough. What follows a refused flag is most likely its value.
    const isExplained =
      token.index === refusedAt || (token.kind === "positional" && token.index === refusedAt + 1);
    if (!isExplained) faults.push(line);
    refusedAt = token.index;
  };

  for (const token of parse(argv).tokens) {
    if (token.kind === "option-terminator") {
      refuse(token, "--: prim takes no words after it");
    } else if (token.kind === "positional") {
      if (token.value === COMMAND && !hasCommand) hasCommand = true;
      else refuse(token, positionalFault(token.index, token.value));
    } else if (SWITCHES.includes(token.rawName)) {
      if (token.value === undefined) switches.add(token.rawName);
      else refuse(token, `${token.rawName}: takes no value`);
    } else if (token.rawName !== CONFIG_FLAG && !settingByFlag.has(token.rawName)) {
      refuse(
        token,
        `${showFlag(token.rawName)}: unknown flag${suggestion(nearest(token.rawName, knownFlags()))}`,
      );
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith("--"))) {
      refuse(
        token,
        `${token.rawName}: needs a value (one that begins with dashes is given as ${token.rawName}=VALUE)`,
      );
    } else if (token.rawName === CONFIG_FLAG) {
      configFile = token.value;
    } else {
      const key = settingByFlag.get(token.rawName)?.key ?? "";
      values.set(key, { source: token.rawName, value: token.value });
    }
  }

  const wantsPrint = switches.has("--print");
  if (hasCommand && !wantsPrint) faults.push(`${COMMAND}: needs --print: prim ${COMMAND} --print`);
  if (wantsPrint && !hasCommand) faults.push(`--print: belongs to a command: prim ${COMMAND} --print`);
  let command: Command = wantsPrint ? "print" : "run";
  if (switches.has("--version") || switches.has("-v")) command = "version";
  if (switches.has("--help") || switches.has("-h")) command = "help";
  return { command, configFile, values, faults };
}

function parse(argv: readonly string[]) {
  const withValue = [CONFIG_FLAG, ...settingByFlag.keys()].map(
    (flag) => [flag.slice(2), { type: "string" }] as const,
  );
  return parseArgs({
    args: [...argv],
    // Faults are gathered from the tokens; strict would throw on the first.
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(withValue),
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "v" },
      print: { type: "boolean" },
    },
  });
}

function knownFlags(): string[] {
  return [CONFIG_FLAG, ...settingByFlag.keys(), ...SWITCHES.filter((name) => name.startsWith("--"))];
}

function positionalFault(index: number, word: string): string {
  if (index > 0) return `argument ${index + 1}: not expected; settings are given as --name VALUE`;
  const near = nearest(word, [COMMAND, "help", "version"]);
  const meant = near === COMMAND ? `prim ${COMMAND} --print` : near && `--${near}`;
  return `${showName(word)}: unknown command${suggestion(meant)}`;
}

/** A short flag as it is; long ones come from outside and may hold anything. */
function showFlag(rawName: string): string {
  return /^[\w-]{1,60}$/.test(rawName) ? rawName : showName(rawName);
}
