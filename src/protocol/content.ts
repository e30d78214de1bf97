/**
 * The content of a message as it comes from a sender: text, or media with the fields of its type
 * (SEED.md 3.3: the file lies elsewhere, the message carries its address).
 */
import { z } from "zod";
import { FILE_NAME_BYTES_MAX, SECRET_BYTES_MAX, URL_BYTES_MAX } from "../base/limits.ts";
import { type Content, MESSAGE_TYPES, type Media } from "../core/message.ts";
import { boundedText, illegal } from "./shapes.ts";

const PIXELS_MAX = 65_535;
/** A day and a night: longer recordings are files. */
const DURATION_MS_MAX = 86_400_000;

const pixels = z.int().min(1).max(PIXELS_MAX);

/** The fields of a message's data, flat as the seed has them. */
export const contentShape = {
  type: z.enum(MESSAGE_TYPES).default("text"),
  msg: z.string().default(""),
  url: boundedText(URL_BYTES_MAX).optional(),
  secret: boundedText(SECRET_BYTES_MAX).optional(),
  size: z.object({ width: pixels, height: pixels }).optional(),
  durationMs: z.int().min(0).max(DURATION_MS_MAX).optional(),
  name: boundedText(FILE_NAME_BYTES_MAX).optional(),
  bytes: z.int().min(0).optional(),
  mimeType: boundedText(127).optional(),
};

const shape = z.object(contentShape);
export type ContentFields = z.output<typeof shape>;

/**
 * Makes content of checked fields.
 *
 * @throws {PrimError} `invalid_argument` if a field that the type needs is missing or no address.
 */
export function contentOf(fields: ContentFields): Content {
  const msg = wellFormed(fields.msg);
  switch (fields.type) {
    case "text":
    case "custom":
      if (msg.length === 0) throw illegal(`a message of type "${fields.type}" needs a "msg"`);
      return { type: fields.type, msg };
    case "img":
    case "audio":
    case "video":
    case "file":
      return { type: fields.type, msg, media: mediaOf(fields) };
  }
}

/** @param msg not empty. */
export function textOf(msg: string): Content {
  return { type: "text", msg: wellFormed(msg) };
}

/** Half a surrogate pair has no UTF-8; what is stored and pushed must be what is hashed and compared. */
function wellFormed(msg: string): string {
  return msg.toWellFormed();
}

function mediaOf({ type, url, secret, size, durationMs, name, bytes, mimeType }: ContentFields): Media {
  if (url === undefined || !isAddress(url)) {
    throw illegal(`a message of type "${type}" needs a "url": http, https or a path on this server`);
  }
  if (type === "file" && !name) throw illegal('a message of type "file" needs a "name"');
  const media: Record<string, unknown> = { url };
  if (secret) media["secret"] = secret;
  if (size) media["size"] = size;
  if (durationMs) media["durationMs"] = durationMs;
  if (name) media["name"] = name;
  if (bytes) media["bytes"] = bytes;
  if (mimeType) media["mimeType"] = mimeType;
  return media as unknown as Media;
}

/** http(s), or an absolute path that is not another host's ("//evil"). */
function isAddress(url: string): boolean {
  if (/[\s\u0000-\u001f\\]/.test(url)) return false;
  if (url.startsWith("/")) return !url.startsWith("//");
  const parsed = URL.parse(url);
  return parsed !== null && (parsed.protocol === "http:" || parsed.protocol === "https:");
}
