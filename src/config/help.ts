/** `--help`: usage, commands, and every setting with its default and environment name. */
import {
  CONFIG_FILE_DEFAULT,
  CONFIG_FILE_ENV,
  type ListedSetting,
  sectionNames,
  settingList,
} from "./setting-list.ts";

const COLUMNS_MAX = 110;
const DOC_INDENT = "      ";

export function renderHelp(): string {
  const groups = sectionNames.map((section) => {
    const settings = settingList.filter((setting) => setting.section === section);
    return `${section}\n${settings.map(renderSetting).join("\n")}`;
  });
  return `${USAGE}\n${groups.join("\n\n")}\n`;
}

const FLAG_WIDTH = Math.max(...settingList.map((setting) => flagsOf(setting).length));
const ENV_WIDTH = Math.max(...settingList.map((setting) => setting.env.length));

const USAGE = `prim: a self-hosted real-time messaging server

Usage
  prim [--name VALUE ...]         start the server
  prim config --print [...]       print the effective configuration, secrets masked
  prim --help, -h                 print this text
  prim --version, -v              print the version

Settings come from a YAML file, stronger the environment, strongest the flags below. An empty variable
counts as not set. Lists are comma separated. Below: flag, variable, default, and what it is for.

file
  ${"--config FILE".padEnd(FLAG_WIDTH)}  ${CONFIG_FILE_ENV.padEnd(ENV_WIDTH)}  ${CONFIG_FILE_DEFAULT} if there is one
${DOC_INDENT}YAML: sections (the groups below) of settings, such as httpPort in app.
`;

function renderSetting(setting: ListedSetting): string {
  const head = `  ${flagsOf(setting).padEnd(FLAG_WIDTH)}  ${setting.env.padEnd(ENV_WIDTH)}  ${defaultOf(setting)}`;
  return [head, ...wrap(`${setting.doc}. Allowed: ${setting.kind.allowed}.`)].join("\n");
}

function flagsOf(setting: ListedSetting): string {
  return setting.flagAlias === undefined ? setting.flag : `${setting.flag}, --${setting.flagAlias}`;
}

/** As one writes it after the flag. */
function defaultOf({ default: value }: ListedSetting): string {
  if (value === "") return "(empty)";
  return Array.isArray(value) ? value.join(",") : String(value);
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && DOC_INDENT.length + line.length + 1 + word.length > COLUMNS_MAX) {
      lines.push(DOC_INDENT + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, DOC_INDENT + line];
}
