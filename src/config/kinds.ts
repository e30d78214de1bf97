/**
 * The kinds of values that a setting can have: what is allowed, said once to the machine (a zod
 * schema) and once to the operator (the sentence in a fault, in --help and in the README).
 *
 * A file gives typed values, the environment and flags give text; fromText() bridges that and nothing
 * else. White space is not trimmed: " 80" is a typing mistake worth hearing about.
 */
import { isIP, isIPv6 } from "node:net";
import { z } from "zod";
import type { AppPlatform } from "../base/ids.ts";
import { URL_BYTES_MAX, WORKERS_MAX } from "../base/limits.ts";
import { parseRedisUrl, REDIS_URL_FORMS } from "./redis-target.ts";

export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** Completes "must be ...". */
  readonly allowed: string;
  /** Text to what the schema checks; text that has no such form comes back as it is, and the schema refuses it. */
  fromText(text: string): unknown;
}

const PORT_MAX = 65_535;
/** Entries of a list setting: what an operator writes by hand, with room to spare. */
export const LIST_ENTRIES_MAX = 64;
/** A path: PATH_MAX of Linux, less the closing NUL. */
const PATH_CHARS_MAX = 4_095;
/** app_platform is a uint32 on the wire; 0 means "any platform" in questions. */
const APP_PLATFORM_MAX = 0xffff_ffff;

/** Decimal digits only: Number() would also take "", " 80", "0x50" and "1e3". Leading zeros read as octal to some. */
const WHOLE_NUMBER = /^(?:0|-?[1-9][0-9]*)$/;
const HOST = String.raw`(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])`;
const HOST_AND_PORT = new RegExp(`^${HOST}(?::[0-9]{1,5})?$`);
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;

/** @param remark what a special value means, for the sentence. */
export function wholeNumber(min: number, max: number, remark?: string): Kind<number> {
  const range = `a whole number from ${min} to ${max}`;
  return {
    schema: z.number().int().min(min).max(max),
    allowed: remark === undefined ? range : `${range} (${remark})`,
    fromText: numberFromText,
  };
}

export function port(): Kind<number> {
  return wholeNumber(0, PORT_MAX, "0 takes a free port");
}

/** A number of processes, or one for each core. */
export function workers(): Kind<number | "auto"> {
  return {
    schema: z.union([z.literal("auto"), z.number().int().min(1).max(WORKERS_MAX)]),
    allowed: `a whole number from 1 to ${WORKERS_MAX}, or auto`,
    fromText: numberFromText,
  };
}

export function choice<const Choice extends string>(...choices: readonly Choice[]): Kind<Choice> {
  return { schema: z.enum(choices), allowed: oneOf(choices), fromText: (text) => text };
}

export function yesOrNo(): Kind<boolean> {
  return {
    schema: z.boolean(),
    allowed: "true or false",
    fromText: (text) => (text === "true" ? true : text === "false" ? false : text),
  };
}

export function password(): Kind<string> {
  return text(
    z.string().max(URL_BYTES_MAX),
    `text of at most ${URL_BYTES_MAX} characters, in quotes if it looks like a number`,
  );
}

export function path(emptiness: "required" | "optional"): Kind<string> {
  const schema = z
    .string()
    .min(emptiness === "required" ? 1 : 0)
    .max(PATH_CHARS_MAX)
    .refine((value) => !CONTROL_CHARACTER.test(value));
  return text(
    schema,
    `a path of at most ${PATH_CHARS_MAX} characters${emptiness === "optional" ? ", or empty" : ""}`,
  );
}

/** What Bun.serve listens on. */
export function listenHost(): Kind<string> {
  const schema = z.string().refine((value) => isIPv6(value) || /^[A-Za-z0-9._-]{1,253}$/.test(value));
  return text(schema, "a host name or IP address without a port");
}

/** `host[:port]` as the reference system writes it, or empty. */
export function hostAndPort(): Kind<string> {
  const schema = z.string().refine((value) => value === "" || isHostAndPort(value));
  return text(schema, "host[:port], or empty");
}

/** A public address as the reference system writes it (`host[:port]`), or in full (`scheme`, or that with an s), or empty. */
export function publicAddress(scheme: "http" | "ws"): Kind<string> {
  const schema = z
    .string()
    .max(URL_BYTES_MAX)
    .refine((value) => value === "" || isHostAndPort(value) || isPublicUrl(value, [scheme, `${scheme}s`]));
  return text(schema, `host[:port] or ${scheme}[s]://host[:port][/path], or empty`);
}

export function redisUrl(): Kind<string> {
  const schema = z
    .string()
    .max(URL_BYTES_MAX)
    .refine((value) => value === "" || parseRedisUrl(value) !== undefined);
  return text(schema, `${REDIS_URL_FORMS}, or empty`);
}

/** Braces would steer where a Redis Cluster keeps a key; the rest would read badly in patterns. */
export function keyPrefix(): Kind<string> {
  const schema = z.string().regex(/^[A-Za-z0-9:_.-]{0,64}$/);
  return text(schema, 'at most 64 letters, digits, ":", "_", "." or "-"');
}

export function platforms(): Kind<readonly AppPlatform[]> {
  const entry = z
    .number()
    .int()
    .min(1)
    .max(APP_PLATFORM_MAX)
    .transform((value) => value as AppPlatform);
  return {
    schema: z.array(entry).min(1).max(LIST_ENTRIES_MAX).refine(isWithoutRepeats),
    allowed: `1 to ${LIST_ENTRIES_MAX} different whole numbers from 1 to ${APP_PLATFORM_MAX}`,
    fromText: (value) => listFromText(value).map(numberFromText),
  };
}

/** Origins as browsers send them (RFC 6454, section 6.2), or "*". */
export function origins(): Kind<readonly string[]> {
  const entry = z.string().refine((value) => value === "*" || isOrigin(value));
  return {
    schema: z.array(entry).max(LIST_ENTRIES_MAX).refine(isWithoutRepeats),
    allowed: `at most ${LIST_ENTRIES_MAX} different origins (https://host[:port], no path), or "*" for any`,
    fromText: listFromText,
  };
}

/** IP addresses, and networks as address/prefix. Not the whole internet (a prefix of 0): that would be to believe anybody. */
export function networks(): Kind<readonly string[]> {
  const entry = z.string().refine(isNetwork);
  return {
    schema: z.array(entry).max(LIST_ENTRIES_MAX).refine(isWithoutRepeats),
    allowed: `at most ${LIST_ENTRIES_MAX} different IP addresses or networks such as 10.0.0.0/8 or fd00::/8`,
    fromText: listFromText,
  };
}

/** `a, b or c`. */
function oneOf(choices: readonly string[]): string {
  const last = choices.at(-1) ?? "";
  return choices.length < 2 ? last : `${choices.slice(0, -1).join(", ")} or ${last}`;
}

function text(schema: z.ZodType<string>, allowed: string): Kind<string> {
  return { schema, allowed, fromText: (value) => value };
}

function numberFromText(value: string): unknown {
  return WHOLE_NUMBER.test(value) ? Number(value) : value;
}

/** Comma separated; white space around a comma is how people write lists. Empty text is the empty list. */
function listFromText(value: string): string[] {
  return value === "" ? [] : value.split(",").map((entry) => entry.trim());
}

function isWithoutRepeats(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}

function isHostAndPort(value: string): boolean {
  if (!HOST_AND_PORT.test(value)) return false;
  const portText = /:([0-9]+)$/.exec(value)?.[1];
  return portText === undefined || (Number(portText) >= 1 && Number(portText) <= PORT_MAX);
}

function isNetwork(value: string): boolean {
  const [address = "", prefix, ...rest] = value.split("/");
  const family = isIP(address);
  if (family === 0 || address.includes("%") || rest.length > 0) return false;
  if (prefix === undefined) return true;
  const bits = WHOLE_NUMBER.test(prefix) ? Number(prefix) : 0;
  return bits >= 1 && bits <= (family === 4 ? 32 : 128);
}

/** No user, query or fragment: the page builds addresses from it. */
function isPublicUrl(value: string, schemes: readonly string[]): boolean {
  const url = URL.parse(value);
  if (url === null || !schemes.includes(url.protocol.slice(0, -1))) return false;
  return /^[a-z]+:\/\/[^\s/?#@"'<>\\]+(?:\/[^\s?#"'<>\\]*)?$/.test(value);
}

/** The browser's own form: lower case, no default port, no path. Another form would never match a request. */
function isOrigin(value: string): boolean {
  return URL.parse(value)?.origin === value && value !== "null";
}
