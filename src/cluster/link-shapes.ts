/**
 * What a peer may send has the shape that the core relies on. Only shapes are looked at: what a message says was
 * checked by the node that took it. Keys that this node doesn't know pass. A check takes some 20 ns.
 */
import { MESSAGE_TYPES } from "../core/message.ts";

type Shape = Readonly<Record<string, unknown>>;

const TYPES: ReadonlySet<unknown> = new Set(MESSAGE_TYPES);
const NOTICES: ReadonlySet<unknown> = new Set(["draining", "history_lost"]);

/** Whether it can be delivered as a Message. */
export function isMessage(value: unknown): boolean {
  if (!isShape(value)) return false;
  return (
    isText(value["id"]) &&
    isText(value["channel"]) &&
    isText(value["epoch"]) &&
    isCount(value["offset"]) &&
    value["offset"] > 0 &&
    isCount(value["sentAt"]) &&
    typeof value["seq"] === "string" &&
    isText(value["from"]) &&
    isCount(value["appPlatform"]) &&
    TYPES.has(value["type"]) &&
    typeof value["msg"] === "string" &&
    isTextOrAbsent(value["to"]) &&
    isTextOrAbsent(value["nickname"]) &&
    isTextOrAbsent(value["avatar"]) &&
    (value["media"] === undefined || isMedia(value["media"]))
  );
}

/** Whether it can be published as a Push; a message is none of them, since it is stored. */
export function isRelayedPush(value: unknown): boolean {
  if (!isShape(value)) return false;
  switch (value["kind"]) {
    case "enter":
    case "exit":
      return isFromUser(value) && isTextOrAbsent(value["nickname"]) && isTextOrAbsent(value["avatar"]);
    case "typing":
      return isFromUser(value);
    case "read":
      return (
        isFromUser(value) &&
        isTextOrAbsent(value["epoch"]) &&
        isCountOrAbsent(value["offset"]) &&
        isTextOrAbsent(value["id"])
      );
    case "members":
      return (
        isText(value["channel"]) &&
        isCount(value["count"]) &&
        Array.isArray(value["newest"]) &&
        value["newest"].every(isText)
      );
    case "notice":
      return NOTICES.has(value["notice"]) && isTextOrAbsent(value["channel"]);
    default:
      return false;
  }
}

function isMedia(value: unknown): boolean {
  if (!isShape(value)) return false;
  const { size } = value;
  return (
    isText(value["url"]) &&
    isTextOrAbsent(value["secret"]) &&
    (size === undefined || (isShape(size) && isCount(size["width"]) && isCount(size["height"]))) &&
    isCountOrAbsent(value["durationMs"]) &&
    isTextOrAbsent(value["name"]) &&
    isCountOrAbsent(value["bytes"]) &&
    isTextOrAbsent(value["mimeType"])
  );
}

function isFromUser(value: Shape): boolean {
  return isText(value["channel"]) && isText(value["from"]) && isCount(value["appPlatform"]);
}

function isShape(value: unknown): value is Shape {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isCountOrAbsent(value: unknown): boolean {
  return value === undefined || isCount(value);
}
