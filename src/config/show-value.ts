/**
 * How a value is shown to people: shortened, escaped, and never a secret.
 *
 * Faults and `config --print` end up in logs and bug reports. Everything that shows a value of a
 * setting goes through here.
 */
import type { Setting } from "./settings.ts";

export const MASK = "***";
const SHOWN_CHARS_MAX = 60;

/** A refused value in a fault. A secret is masked whole: what is malformed can't be trusted to hide its password where it should be. */
export function showRefused(setting: Pick<Setting<unknown>, "secret">, value: unknown): string {
  const text = describe(value);
  // An "@" is the mark of user:password@host, which somebody may well give to the wrong setting.
  return setting.secret !== undefined || text.includes("@") ? MASK : shorten(text);
}

/** A name that came from outside, quoted. */
export function showName(name: string): string {
  return shorten(JSON.stringify(name));
}

/** An accepted value without its secrets, of the same type; an empty secret stays empty, so that one sees it is not set. */
export function withoutSecret(setting: Pick<Setting<unknown>, "secret">, value: unknown): unknown {
  if (setting.secret === undefined || value === "" || typeof value !== "string") return value;
  return setting.secret === "whole" ? MASK : withoutUrlSecrets(value);
}

/** A value as YAML on one line. */
export function toYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toYaml).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  // Plain where it surely reads back as itself; JSON's quoted form is YAML as well.
  const isPlain = /^[A-Za-z./][A-Za-z0-9./_-]*$/.test(value) && Bun.YAML.parse(value) === value;
  return isPlain ? value : JSON.stringify(value);
}

/** The user goes too: a lone one is often the password. */
function withoutUrlSecrets(text: string): string {
  const url = URL.parse(text);
  if (url === null) return MASK;
  const user = url.username === "" && url.password === "" ? "" : `${MASK}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}

/** Mappings by their type only: aliases can make YAML circular, and a mapping in a wrong place may hold a secret. */
function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.slice(0, SHOWN_CHARS_MAX).map(describeEntry).join(", ")}]`;
  return describeEntry(value);
}

function describeEntry(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a mapping" : String(value);
}

function shorten(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX - 3)}...`;
}
