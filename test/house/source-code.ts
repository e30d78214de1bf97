/**
 * Looks at TypeScript without its comments and literals, so that a rule about code isn't set off by words.
 *
 * A lexer of our own, because Bun's import scanner leaves out `import type`, and TypeScript 7 has no stable
 * parser to call. It must know where a literal ends, nothing more.
 */

export interface Import {
  readonly specifier: string;
  /** Where it stands in the text. */
  readonly index: number;
}

const WORD = /[\w$]/;

/** The code with every character of a comment, string, template text or pattern blanked; same length, same lines. */
export function codeOnly(text: string): string {
  const code = text.split("");
  const templates: number[] = []; // Per open `${`: how many braces are open inside it.
  let index = 0;
  let previous = ""; // The last code before here, for telling a pattern from a division.
  const blankTo = (end: number): void => {
    for (; index < end; index++) if (text[index] !== "\n") code[index] = " ";
  };
  while (index < text.length) {
    const char = text.charAt(index);
    const two = text.slice(index, index + 2);
    if (two === "//") {
      blankTo(endOr(text, text.indexOf("\n", index)));
    } else if (two === "/*") {
      blankTo(endOr(text, text.indexOf("*/", index + 2), 2));
    } else if (char === '"' || char === "'") {
      index++;
      blankTo(literalEnd(text, index, char));
      index++;
      previous = char;
    } else if (char === "`" || (char === "}" && templates.at(-1) === 0)) {
      if (char === "}") templates.pop();
      index++;
      blankTo(literalEnd(text, index, "`"));
      if (text[index] === "$") templates.push(0);
      previous = text[index] === "$" ? "{" : "`";
      index += text[index] === "$" ? 2 : 1;
    } else if (char === "/" && startsPattern(previous)) {
      index++;
      blankTo(literalEnd(text, index, "/"));
      index++;
      previous = "/";
    } else {
      const open = templates.pop();
      if (open !== undefined) templates.push(open + (char === "{" ? 1 : char === "}" ? -1 : 0));
      if (WORD.test(char) && WORD.test(text.charAt(index - 1))) previous += char;
      else if (char.trim() !== "") previous = char;
      index++;
    }
  }
  return code.join("");
}

/** Everything a file imports or re-exports: values and types, static and dynamic. */
export function importsOf(text: string): Import[] {
  const code = codeOnly(text);
  const pattern = /(?<![.\w$])(?:from\s*|import\s*\(?\s*|require\s*\(\s*)(["'`])/g;
  return [...code.matchAll(pattern)].map((match) => {
    const start = match.index + match[0].length;
    return { specifier: text.slice(start, code.indexOf(String(match[1]), start)), index: match.index };
  });
}

function endOr(text: string, found: number, past = 0): number {
  return found < 0 ? text.length : found + past;
}

/** A pattern can stand where a value can: at the start, after an operator, after a word that wants a value. */
function startsPattern(previous: string): boolean {
  if (/^[\w$]+$/.test(previous)) {
    return /^(?:return|typeof|case|in|of|delete|void|throw|else|do|await|yield)$/.test(previous);
  }
  return previous === "" || "(,=:[!&|?{};+-*%~^>".includes(previous);
}

/** Where a literal ends that began before `index`: at its quote, at a line's end, or at a template's `${`. */
function literalEnd(text: string, index: number, quote: string): number {
  let inClass = false; // Inside [...] a slash doesn't end a pattern.
  for (let at = index; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\") at++;
    else if (char === "\n" && quote !== "`") return at;
    else if (quote === "`" && char === "$" && text[at + 1] === "{") return at;
    else if (char === quote && !inClass) return at;
    else if (quote === "/" && char === "[") inClass = true;
    else if (char === "]") inClass = false;
  }
  return text.length;
}
