/** The documents made from the table of settings: config/app.yaml and the README's table. Tests hold both to it. */
import { sectionNames, settingList } from "./setting-list.ts";
import { toYaml } from "./show-value.ts";

export const SETTINGS_BEGIN = "<!-- settings -->";
export const SETTINGS_END = "<!-- /settings -->";

const APP_YAML_INTRODUCTION = `# The configuration of prim: every setting with its default. prim starts without this file as well.
#
# Stronger than this file is the environment, strongest are flags; the names of both are in the README
# and in --help. What is in force, and why: bun start config --print
#
# Unknown keys are faults. A key without a value counts as not given.
`;

export function renderAppYaml(): string {
  const sections = sectionNames.map((section) => {
    const settings = settingList
      .filter((setting) => setting.section === section)
      .map(
        ({ doc, kind, name, default: value }) =>
          `  # ${doc}.\n  # Allowed: ${kind.allowed}.\n  ${name}: ${toYaml(value)}\n`,
      );
    return `\n${section}:\n${settings.join("\n")}`;
  });
  return APP_YAML_INTRODUCTION + sections.join("");
}

/** Markdown, with its markers, without a line break at the end. Columns are padded as the repository's formatter wants it. */
export function renderSettingsTable(): string {
  const rows = settingList.map(({ key, env, flag, flagAlias, default: value, doc, kind }) => [
    code(key),
    code(env),
    flagAlias === undefined ? code(flag) : `${code(flag)}, ${code(`--${flagAlias}`)}`,
    value === "" ? "" : code(toYaml(value)),
    `${doc}. Allowed: ${kind.allowed}`,
  ]);
  const table = [["key", "variable", "flag", "default", "what for"], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const [head, ...body] = table.map((row) =>
    tableLine(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  const rule = tableLine(widths.map((width) => "-".repeat(width)));
  return [SETTINGS_BEGIN, "", head, rule, ...body, "", SETTINGS_END].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
