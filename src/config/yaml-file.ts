/**
 * The configuration file: YAML, sections of settings.
 *
 * Rules: an empty file and an empty section are fine; a key without a value counts as not given;
 * unknown and repeated keys are faults, and the value of an unknown key is never shown, since a
 * misspelt password is still a password.
 */
import type { Given, GivenValue } from "./given.ts";
import { nearest, suggestion } from "./nearest.ts";
import { type ListedSetting, sectionNames, settingList } from "./setting-list.ts";
import { showName } from "./show-value.ts";
import { firstBadLine, outlineYaml, type YamlOutline } from "./yaml-outline.ts";

/** The annotated file of the repository has about 5 KiB; beyond this it is some other file. */
export const CONFIG_FILE_CHARS_MAX = 64 * 1024;

/** @param file name of the file, for the faults. */
export function readYaml(file: string, text: string): Given {
  if (text.length > CONFIG_FILE_CHARS_MAX)
    return fault(`${file}: longer than ${CONFIG_FILE_CHARS_MAX} characters`);
  let document: unknown;
  try {
    document = Bun.YAML.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^YAML Parse error: /, "") : "unreadable";
    return fault(`${file}:${firstBadLine(text, isYaml)}: not YAML: ${reason}`);
  }
  if (document === null || document === undefined) return { values: new Map(), faults: [] };
  if (!isMapping(document)) {
    return fault(
      `${file}: holds ${typeName(document)}: must be a mapping of sections (${sectionNames.join(", ")})`,
    );
  }
  return readSections(file, document, outlineYaml(text));
}

function readSections(file: string, document: Record<string, unknown>, outline: YamlOutline): Given {
  const values = new Map<string, GivenValue>();
  const at = (section: string, name?: string): string => {
    const line = outline.lineOf(section, name);
    return line === undefined ? file : `${file}:${line}`;
  };
  const faults = outline.repeated.map(
    ({ key, line, firstLine }) =>
      `${file}:${line}: ${showKey(key)} is given twice, first in line ${firstLine}`,
  );
  for (const [section, content] of Object.entries(document)) {
    if (!sectionNames.includes(section)) {
      faults.push(`${at(section)}: unknown key ${showKey(section)}${suggestForTopLevel(section)}`);
      continue;
    }
    if (content === null) continue;
    if (!isMapping(content)) {
      faults.push(`${at(section)}: ${section} is ${typeName(content)}: must be a mapping of settings`);
      continue;
    }
    for (const [name, value] of Object.entries(content)) {
      const key = `${section}.${name}`;
      if (!settingList.some((setting) => setting.key === key)) {
        faults.push(
          `${at(section, name)}: unknown key ${showKey(key)}${suggestion(nearestSetting(key, name)?.key)}`,
        );
      } else if (value !== null) {
        values.set(key, { source: at(section, name), value });
      }
    }
  }
  return { values, faults };
}

/** Somebody at the top level may have meant a section, or a setting without its section or written with a dot. */
function suggestForTopLevel(name: string): string {
  const setting = settingList.find(({ key }) => key === name) ?? nearestSetting(name, name);
  const section = nearest(name, sectionNames);
  if (section !== undefined) return suggestion(section);
  return setting === undefined ? "" : suggestion(`${setting.name} inside the section ${setting.section}`);
}

/** Near by its whole key or, since settings get into the wrong section, by its name alone. */
function nearestSetting(key: string, name: string): ListedSetting | undefined {
  const byName = nearest(
    name,
    settingList.map((setting) => setting.name),
  );
  const byKey = nearest(
    key,
    settingList.map((setting) => setting.key),
  );
  return (
    settingList.find((setting) => setting.name === name) ??
    settingList.find((setting) => setting.key === byKey) ??
    settingList.find((setting) => setting.name === byName)
  );
}

/** Plain where it is a plain name. */
function showKey(key: string): string {
  return /^[\w.-]{1,40}$/.test(key) ? key : showName(key);
}

function isYaml(text: string): boolean {
  try {
    Bun.YAML.parse(text);
    return true;
  } catch {
    return false; // The answer itself: the caller asks only whether it parses.
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

function fault(line: string): Given {
  return { values: new Map(), faults: [line] };
}
