/**
 * Page tokens: where the next page begins, in a form that callers give back and don't look into.
 */
import { z } from "zod";
import { PrimError } from "../../base/errors.ts";

/** Where the next page begins. */
export type Place = readonly (string | number)[];

/** @returns what decodePageToken() takes; empty for undefined, which says that there is no next page. */
export function encodePageToken(place: Place | undefined): string {
  return place === undefined ? "" : Buffer.from(JSON.stringify(place)).toString("base64url");
}

/**
 * @param shape of the place that the token must hold.
 * @returns undefined for an empty token: the first page.
 * @throws {PrimError} `invalid_argument` if it is none of ours.
 */
export function decodePageToken<T>(token: string, shape: z.ZodType<T>): T | undefined {
  if (token === "") return undefined;
  try {
    return shape.parse(JSON.parse(Buffer.from(token, "base64url").toString()));
  } catch (cause) {
    throw new PrimError("invalid_argument", "Cannot use the page token: it is none of this list", { cause });
  }
}

/** A place in a list of users. */
export const userPlace = z.tuple([z.string(), z.int()]);
/** A place in a list of sessions. */
export const sessionPlace = z.tuple([z.int()]);
