/**
 * Where the keys of a two-level YAML file stand.
 *
 * Bun.YAML tells no lines and silently takes the last of two equal keys. This reads the lines of
 * block mappings only, which is how such files are written; keys in flow mappings ({a: 1}) have no line.
 */

export interface YamlOutline {
  /** Line, from 1, of a section, or of a name in it: the last one, as Bun.YAML takes it. Undefined where this can't tell. */
  lineOf(section: string, name?: string): number | undefined;
  readonly repeated: readonly { readonly key: string; readonly line: number; readonly firstLine: number }[];
}

/** No key of one line holds it: "app.httpPort" at the top level must differ from httpPort in app. */
const LEVEL_SEPARATOR = "\n";

const KEY_LINE = /^( *)("[^"]*"|'[^']*'|[^\s"'#{[&*!|>%@`-][^:]*?)\s*:(?:\s|$)/;

export function outlineYaml(text: string): YamlOutline {
  const lines = new Map<string, number>();
  const repeated: { key: string; line: number; firstLine: number }[] = [];
  let section: string | undefined;
  let nameIndent: number | undefined;

  for (const [index, content] of text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    const [, indent, quoted] = KEY_LINE.exec(content) ?? [];
    if (indent === undefined || quoted === undefined) continue;
    const name = /^["']/.test(quoted) ? quoted.slice(1, -1) : quoted;
    let key = name;
    if (indent.length === 0) {
      section = name;
      nameIndent = undefined;
    } else {
      // What is indented deeper than a section's first key belongs to a value: text over several lines, say.
      nameIndent ??= indent.length;
      if (section === undefined || indent.length !== nameIndent) continue;
      key = section + LEVEL_SEPARATOR + name;
    }
    const firstLine = lines.get(key);
    if (firstLine !== undefined)
      repeated.push({ key: key.replace(LEVEL_SEPARATOR, "."), line: index + 1, firstLine });
    lines.set(key, index + 1);
  }
  return {
    lineOf: (section, name) => lines.get(name === undefined ? section : section + LEVEL_SEPARATOR + name),
    repeated,
  };
}

/**
 * The line at which what can't be parsed begins: the one after the longest beginning that parses.
 *
 * @param parses tells whether a text is well-formed.
 */
export function firstBadLine(text: string, parses: (text: string) => boolean): number {
  const lines = text.split("\n");
  let good = lines.length - 1;
  while (good > 0 && !parses(lines.slice(0, good).join("\n"))) good--;
  // Blank lines and comments after the good part are not where the fault is.
  while (good < lines.length - 1 && /^\s*(?:#.*)?$/.test(lines[good] ?? "")) good++;
  return good + 1;
}
