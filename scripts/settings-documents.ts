/**
 * The documents that the table of settings renders: config/app.yaml, and the table in both READMEs.
 */
import { join } from "node:path";
import { renderAppYaml, renderSettingsTable, SETTINGS_BEGIN, SETTINGS_END } from "../src/config/documents.ts";

export async function writeSettingsDocuments(root: string): Promise<void> {
  await Bun.write(join(root, "config/app.yaml"), renderAppYaml());
  for (const name of ["README.md", "README.zh-CN.md"]) {
    const file = Bun.file(join(root, name));
    if (!(await file.exists())) continue;
    const text = await file.text();
    const begin = text.indexOf(SETTINGS_BEGIN);
    const end = text.indexOf(SETTINGS_END);
    if (begin < 0 || end < begin) throw new Error(`${name} has no place for the settings`);
    await Bun.write(
      file,
      text.slice(0, begin) + renderSettingsTable() + text.slice(end + SETTINGS_END.length),
    );
  }
}
