import { describe, expect, test } from "bun:test";
import { renderAppYaml, renderSettingsTable } from "./documents.ts";
import { loadedConfig } from "./fixture.ts";
import { renderHelp } from "./help.ts";
import { defaultConfig } from "./load-config.ts";
import { settingList } from "./setting-list.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): Promise<string> => Bun.file(new URL(path, ROOT)).text();

describe("config/app.yaml", () => {
  test("is what the table of settings makes", async () => {
    expect(await read("config/app.yaml")).toBe(renderAppYaml());
  });

  test("gives every setting, each with its default", async () => {
    const file = await read("config/app.yaml");
    expect(loadedConfig({ file })).toEqual(defaultConfig());
    const document = Bun.YAML.parse(file) as Record<string, Record<string, unknown>>;
    const missing = settingList.filter(({ section, name }) => !Object.hasOwn(document[section] ?? {}, name));
    expect(missing.map(({ key }) => key)).toEqual([]);
  });
});

describe("README.md", () => {
  test("holds the table of settings, as the table makes it", async () => {
    expect(await read("README.md")).toContain(renderSettingsTable());
  });

  test("has a row of five cells for every setting", () => {
    const rows = renderSettingsTable()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows.map((row) => row.split(/(?<!\\)\|/).length)).toEqual(settingList.map(() => 7));
    expect(rows.map((row) => /`([^`]+)`/.exec(row)?.[1])).toEqual(settingList.map(({ key }) => key));
  });
});

describe("--help", () => {
  test("fits into 110 columns", () => {
    expect(
      renderHelp()
        .split("\n")
        .filter((line) => line.length > 110),
    ).toEqual([]);
  });

  test("tells flag, variable and default of every setting in aligned columns", () => {
    const lines = renderHelp().split("\n");
    const columns = settingList.map(({ flag, env }) => {
      const line =
        lines.find((candidate) => candidate.startsWith(`  ${flag} `) || candidate.startsWith(`  ${flag},`)) ??
        "";
      return line.split(/\s+/).includes(env) ? line.indexOf(` ${env} `) : -1;
    });
    expect(new Set(columns).size).toBe(1);
    expect(columns[0]).toBeGreaterThan(0);
  });
});
