/**
 * PushService: what back ends ask, in terms of the core. The contract is proto/prim/v1/push.proto.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { PrimError } from "../../base/errors.ts";
import type { AppPlatform, SessionId } from "../../base/ids.ts";
import { SENDS_AT_ONCE_MAX } from "../../base/limits.ts";
import { kindOf, parseChannelId } from "../../core/channel.ts";
import type { Receipt } from "../../core/message.ts";
import type { Mail, ServerApi } from "../../core/server-api.ts";
import { parseUserId } from "../../core/user.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Content, PushService, ReceiptSchema, SendResultSchema } from "../../gen/prim/v1/push_pb.ts";
import { toContent } from "../../protocol/protobuf-codec.ts";
import { toConnectError } from "./errors.ts";
import { historyInit, rangeOf } from "./history-page.ts";
import { inParallel } from "./in-parallel.ts";
import { userPage } from "./user-page.ts";

export interface PushServiceParts {
  readonly api: ServerApi;
}

interface MailRequest {
  readonly content?: Content | undefined;
  readonly from: string;
  readonly msgId: string;
}

export function createPushService({ api }: PushServiceParts): ServiceImpl<typeof PushService> {
  async function sendTo(userId: string, mail: Mail): Promise<MessageInitShape<typeof SendResultSchema>> {
    try {
      const { receipt } = await api.sendToUser(parseUserId(userId), mail);
      return { userId, result: { case: "receipt", value: receiptInit(receipt) } };
    } catch (error) {
      const failure = toConnectError(error);
      const [info] = failure.findDetails(ErrorInfoSchema);
      const value = { code: failure.code, reason: info?.reason ?? "", message: failure.rawMessage };
      return { userId, result: { case: "failure", value } };
    }
  }

  return {
    async queryUsersOnline({ users }) {
      const silentNodes = new Set<string>();
      const answers = await inParallel(users, SENDS_AT_ONCE_MAX, async (user) => {
        const platform = platformOf(user.appPlatform);
        const { value, silent } = await api.directory.isOnline(parseUserId(user.userId), platform);
        for (const node of silent) silentNodes.add(node);
        return { user, online: value };
      });
      return { users: answers, silentNodes: [...silentNodes] };
    },

    async listUsers(request) {
      const room = request.channel === "" ? undefined : parseChannelId(request.channel);
      if (room !== undefined && kindOf(room) !== "room") {
        throw new PrimError("invalid_argument", `Cannot list the users of "${room}": it is no room`);
      }
      return userPage(api, request, { appPlatform: platformOf(request.appPlatform), room });
    },

    async sendToUser(request) {
      const userId = parseUserId(request.userId);
      const { value: online } = await api.directory.isOnline(userId, undefined);
      const { receipt, repeated } = await api.sendToUser(userId, mailOf(request));
      return { receipt: receiptInit(receipt), repeated, online };
    },

    async sendToUsers(request) {
      const mail = mailOf(request);
      return { results: await inParallel(request.userIds, SENDS_AT_ONCE_MAX, (id) => sendTo(id, mail)) };
    },

    async sendToRoom(request) {
      const { receipt, repeated } = await api.sendToChannel(parseChannelId(request.channel), mailOf(request));
      return { receipt: receiptInit(receipt), repeated };
    },

    async broadcast(request) {
      const { receipt, repeated } = await api.broadcast(mailOf(request));
      return { receipt: receiptInit(receipt), repeated };
    },

    async kick({ user, sessionId, reason }) {
      const userId = parseUserId(user?.userId ?? "");
      const appPlatform = platformOf(user?.appPlatform ?? 0);
      const only = sessionId === "" ? undefined : (sessionId as SessionId);
      const command = { userId, appPlatform, sessionId: only, text: reason };
      const { value: sessions, silent } = await api.directory.kick(command);
      if (sessions === 0 && silent.length === 0)
        throw new PrimError("not_found", "Cannot kick the user: they have no session there");
      return { sessions, silentNodes: [...silent] };
    },

    async history(request) {
      const channel = parseChannelId(request.channel);
      const range = rangeOf(request);
      return historyInit(channel, range, await api.history(channel, range));
    },
  };
}

function mailOf({ content, from, msgId }: MailRequest): Mail {
  if (content === undefined) throw new PrimError("invalid_argument", "Cannot send: there is no content");
  return {
    content: toContent(content),
    from: from === "" ? undefined : parseUserId(from),
    msgId,
  };
}

/** 0 stands for all platforms. */
function platformOf(appPlatform: number): AppPlatform | undefined {
  return appPlatform === 0 ? undefined : (appPlatform as AppPlatform);
}

function receiptInit(receipt: Receipt): MessageInitShape<typeof ReceiptSchema> {
  const { id, channel, epoch, offset, sentAt } = receipt;
  return { id, channel, epoch, offset: BigInt(offset), sentAtMs: BigInt(sentAt) };
}
