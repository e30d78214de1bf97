/**
 * The one form of an HTTP answer: `{"code", "msg", "data"}`, always with HTTP status 200, as the reference
 * system has it: its back ends read the code in the body.
 */
import type { Context } from "hono";
import { CODES, faultOf } from "../../protocol/codes.ts";

export function success(context: Context, data: object): Response {
  return context.json({ code: CODES.success, msg: "Success", data });
}

export function failure(context: Context, error: unknown): Response {
  const { code, text } = faultOf(error);
  return context.json({ code, msg: text, data: {} });
}
