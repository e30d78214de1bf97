/**
 * Commands: the data of each action, checked. Whatever wire it came over, a request becomes
 * one of these here or is refused with a sentence that says what is wrong.
 */
import { z } from "zod";
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, ChannelId, Epoch } from "../base/ids.ts";
import {
  HISTORY_PAGE_DEFAULT,
  HISTORY_PAGE_MAX,
  NICKNAME_BYTES_MAX,
  POSITIONS_PER_LOGIN_MAX,
  SERVICE_TOKEN_BYTES_MAX,
  URL_BYTES_MAX,
} from "../base/limits.ts";
import { parseChannelId } from "../core/channel.ts";
import type { HistoryRange } from "../core/channel-log.ts";
import type { LoginCommand, Target } from "../core/chat.ts";
import type { ChannelPosition, Content, Position } from "../core/message.ts";
import { parseUserId } from "../core/user.ts";
import { contentOf, contentShape, textOf } from "./content.ts";
import { boundedText, check, illegal } from "./shapes.ts";

export type Command =
  | ({ readonly action: "login"; readonly wantsDetails: boolean } & LoginCommand)
  | { readonly action: "heartbeat" }
  | { readonly action: "ping" }
  | { readonly action: "logout" }
  | { readonly action: "send"; readonly to: Target; readonly content: Content }
  | { readonly action: "join"; readonly channel: ChannelId; readonly from: Position | undefined }
  | { readonly action: "leave"; readonly channel: ChannelId }
  | { readonly action: "history"; readonly channel: ChannelId; readonly range: HistoryRange }
  | { readonly action: "read"; readonly channel: ChannelId; readonly offset: number }
  | { readonly action: "typing"; readonly to: Target };

export type Action = Command["action"];

const offset = z.int().min(0);
const channelName = z.string();

const positionShape = z.object({ channel: channelName, epoch: z.string().max(64), offset });

const APP_PLATFORM_MAX = 0xffff_ffff;

const loginShape = z.object({
  userId: z.string().default(""),
  appPlatform: z.int().min(0).max(APP_PLATFORM_MAX).default(0),
  serviceToken: boundedText(SERVICE_TOKEN_BYTES_MAX).default(""),
  nickname: boundedText(NICKNAME_BYTES_MAX).optional(),
  avatar: boundedText(URL_BYTES_MAX).optional(),
  positions: z.array(positionShape).max(POSITIONS_PER_LOGIN_MAX).optional(),
});

const targetShape = { channel: channelName.optional(), userId: z.string().optional() };
const sendShape = z.object({ ...targetShape, ...contentShape });
const typingShape = z.object(targetShape);
const joinShape = z.object({
  channel: channelName,
  epoch: z.string().max(64).optional(),
  offset: offset.optional(),
});
const leaveShape = z.object({ channel: channelName });
const readShape = z.object({ channel: channelName, offset: offset.min(1) });
const historyShape = z.object({
  channel: channelName,
  after: offset.optional(),
  before: offset.optional(),
  limit: z.int().min(1).max(HISTORY_PAGE_MAX).default(HISTORY_PAGE_DEFAULT),
});

type Parser = (data: object) => Command;

const PARSERS: Readonly<Record<Action, Parser>> = {
  login(data) {
    const plain = plainLogin(data);
    if (plain !== undefined) return plain;
    const { userId, appPlatform, serviceToken, nickname, avatar, positions } = check(loginShape, data);
    return {
      action: "login",
      userId: parseUserId(userId),
      appPlatform: appPlatform as AppPlatform,
      serviceToken,
      profile:
        nickname || avatar ? { nickname: nickname || undefined, avatar: avatar || undefined } : undefined,
      positions: (positions ?? []).map(toChannelPosition),
      wantsDetails: positions !== undefined,
    };
  },
  heartbeat: () => ({ action: "heartbeat" }),
  ping: () => ({ action: "ping" }),
  logout: () => ({ action: "logout" }),
  send(data) {
    const plain = plainSend(data);
    if (plain !== undefined) return plain;
    const fields = check(sendShape, data);
    return { action: "send", to: toTarget(fields), content: contentOf(fields) };
  },
  join(data) {
    const { channel, epoch, offset } = check(joinShape, data);
    if ((epoch === undefined) !== (offset === undefined)) {
      throw illegal('"epoch" and "offset" go together');
    }
    const from = epoch === undefined || offset === undefined ? undefined : { epoch: epoch as Epoch, offset };
    return { action: "join", channel: parseChannelId(channel), from };
  },
  leave(data) {
    return { action: "leave", channel: parseChannelId(check(leaveShape, data).channel) };
  },
  history(data) {
    const { channel, after, before, limit } = check(historyShape, data);
    if (after !== undefined && before !== undefined) throw illegal('give "after" or "before", not both');
    const range: HistoryRange = after === undefined ? { before, limit } : { after, limit };
    return { action: "history", channel: parseChannelId(channel), range };
  },
  read(data) {
    const { channel, offset } = check(readShape, data);
    return { action: "read", channel: parseChannelId(channel), offset };
  },
  typing(data) {
    return { action: "typing", to: toTarget(check(typingShape, data)) };
  },
};

/**
 * Checks the data of an action.
 *
 * @throws {PrimError} `unimplemented` if there is no such action, `invalid_argument` if the data is not of its shape.
 */
export function parseCommand(action: string, data: object): Command {
  if (!Object.hasOwn(PARSERS, action)) {
    const known = Object.keys(PARSERS).join(", ");
    throw new PrimError("unimplemented", `Cannot do this: the actions are ${known}`);
  }
  return PARSERS[action as Action](data);
}

/**
 * A login that brings a name and a platform and nothing else. It needs no schema: what a schema leaves behind is a
 * quarter of the garbage of a login, and logins come in crowds.
 */
function plainLogin(data: { userId?: unknown; appPlatform?: unknown }): Command | undefined {
  const { userId, appPlatform } = data;
  if (typeof userId !== "string" || typeof appPlatform !== "number") return undefined;
  if (!Number.isInteger(appPlatform) || appPlatform < 0 || appPlatform > APP_PLATFORM_MAX) return undefined;
  for (const key in data) if (key !== "userId" && key !== "appPlatform") return undefined;
  return {
    action: "login",
    userId: parseUserId(userId),
    appPlatform: appPlatform as AppPlatform,
    serviceToken: "",
    profile: undefined,
    positions: NO_POSITIONS,
    wantsDetails: false,
  };
}

/** A text to a channel and nothing else, as most are: a schema is a tenth of what such a send costs. */
function plainSend(data: { channel?: unknown; msg?: unknown; type?: unknown }): Command | undefined {
  const { channel, msg, type = "text" } = data;
  if (typeof channel !== "string" || typeof msg !== "string" || type !== "text" || msg === "")
    return undefined;
  for (const key in data) if (key !== "channel" && key !== "msg" && key !== "type") return undefined;
  return { action: "send", to: { channel: parseChannelId(channel) }, content: textOf(msg) };
}

const NO_POSITIONS: readonly ChannelPosition[] = [];

function toChannelPosition({ channel, epoch, offset }: z.output<typeof positionShape>): ChannelPosition {
  return { channel: parseChannelId(channel), epoch: epoch as Epoch, offset };
}

function toTarget({
  channel,
  userId,
}: {
  channel?: string | undefined;
  userId?: string | undefined;
}): Target {
  if (channel !== undefined && userId === undefined) return { channel: parseChannelId(channel) };
  if (userId !== undefined && channel === undefined) return { userId: parseUserId(userId) };
  throw illegal('give "channel" or "userId", one of them');
}
