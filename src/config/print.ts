/** `config --print`: the effective configuration as YAML that could be a file, with where each value came from. */
import type { Effective } from "./given.ts";
import { sectionNames, settingList } from "./setting-list.ts";
import { toYaml, withoutSecret } from "./show-value.ts";

const COMMENT_COLUMN = 40;

export function renderEffective(effective: Effective): string {
  const sections = sectionNames.map((section) => {
    const lines = settingList
      .filter((setting) => setting.section === section)
      .map((setting) => {
        const given = effective.get(setting.key);
        const line = `  ${setting.name}: ${toYaml(withoutSecret(setting, given?.value))}`;
        return `${line.padEnd(COMMENT_COLUMN)} # ${given?.source}`;
      });
    return `${section}:\n${lines.join("\n")}\n`;
  });
  return sections.join("\n");
}
