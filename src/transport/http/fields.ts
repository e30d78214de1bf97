/**
 * The fields of an HTTP request: a query, a form or a JSON body, in prim's spelling or the
 * reference system's (`appID`, `userID`, `msgID`).
 */
import type { Context } from "hono";
import { z } from "zod";
import type { AppPlatform, ChannelId, UserId } from "../../base/ids.ts";
import { SEQ_BYTES_MAX, USER_LIST_PAGE_MAX } from "../../base/limits.ts";
import { parseChannelId } from "../../core/channel.ts";
import { parseUserId } from "../../core/user.ts";
import { contentShape } from "../../protocol/content.ts";
import { boundedText, check, illegal } from "../../protocol/shapes.ts";

const MODERN_NAMES: Readonly<Record<string, string>> = {
  appID: "appPlatform",
  userID: "userId",
  msgID: "msgId",
};

export interface Fields {
  readonly values: Readonly<Record<string, unknown>>;
  /** True if the request used the reference system's names: it is answered in them. */
  readonly isReference: boolean;
}

/** A number in a form or query is text; empty counts as absent. */
const numeric = z.preprocess(
  (value) =>
    typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value === "" ? undefined : value,
  z.int().min(0).max(0xffff_ffff).optional(),
);
/** 0 and absent stand for "any platform". */
const platform = numeric.transform((value) => (value ? (value as AppPlatform) : undefined));

const optionalText = z.string().optional();

export const listShape = z.object({
  appPlatform: platform,
  room: optionalText,
  after: optionalText,
  limit: numeric,
});
export const onlineShape = z.object({ appPlatform: platform, userId: z.string().default("") });
export const mailShape = z.object({
  ...contentShape,
  appPlatform: platform,
  userId: z.string().default(""),
  from: optionalText,
  msgId: boundedText(SEQ_BYTES_MAX).default(""),
  message: optionalText,
});

export type MailFields = z.output<typeof mailShape>;

/** @throws {PrimError} `invalid_argument`. */
export function queryFields<Shape extends z.ZodType>(context: Context, shape: Shape) {
  const fields = modernNames(context.req.query());
  return { ...fields, values: check(shape, fields.values) };
}

/** @throws {PrimError} `invalid_argument` if the body is neither a form nor a JSON object of this shape. */
export async function bodyFields<Shape extends z.ZodType>(context: Context, shape: Shape) {
  const fields = modernNames(await body(context));
  return { ...fields, values: check(shape, fields.values) };
}

/** @throws {PrimError} `invalid_argument` if it is out of 1 to USER_LIST_PAGE_MAX. */
export function pageLimit(limit: number | undefined): number {
  if (limit === undefined) return USER_LIST_PAGE_MAX;
  if (limit >= 1 && limit <= USER_LIST_PAGE_MAX) return limit;
  throw illegal(`"limit" must be 1 to ${USER_LIST_PAGE_MAX}`);
}

/** Empty is absent: a form has no other way to say so. */
export function optionalUserId(text: string | undefined): UserId | undefined {
  return text ? parseUserId(text) : undefined;
}

export function optionalChannel(text: string | undefined): ChannelId | undefined {
  return text ? parseChannelId(text) : undefined;
}

async function body(context: Context): Promise<Record<string, unknown>> {
  const type = context.req.header("content-type") ?? "";
  if (/^application\/(.+\+)?json\b/i.test(type)) {
    const parsed: unknown = await context.req.json().catch(() => undefined);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
    throw illegal("the body is no JSON object");
  }
  if (/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) {
    return context.req.parseBody().catch(() => {
      throw illegal("the body is no form");
    });
  }
  throw illegal('the body must be a form or JSON, and "content-type" must say which');
}

function modernNames(given: Readonly<Record<string, unknown>>): Fields {
  const values: Record<string, unknown> = {};
  let isReference = false;
  for (const [name, value] of Object.entries(given)) {
    const modern = Object.hasOwn(MODERN_NAMES, name) ? MODERN_NAMES[name] : undefined;
    if (modern === undefined) {
      Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
    } else {
      isReference = true;
      values[modern] ??= value;
    }
  }
  return { values, isReference };
}
