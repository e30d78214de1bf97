/**
 * AccServer: the reference system's contract, for back ends that were made for it (proto/protobuf/acc_server.proto).
 *
 * All answers have gRPC status OK; what is wrong stands in retCode, in the codes of the WebSocket.
 */
import type { ServiceImpl } from "@connectrpc/connect";
import { PrimError } from "../../base/errors.ts";
import type { AppPlatform, UserId } from "../../base/ids.ts";
import { REFERENCE_USER_LIST_MAX, SEQ_BYTES_MAX } from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import { inboxOf, platformRoom } from "../../core/channel.ts";
import type { PresencePush } from "../../core/pushes.ts";
import type { Mail, ServerApi } from "../../core/server-api.ts";
import type { Signaller } from "../../core/signaller.ts";
import { parseUserId, SYSTEM_USER } from "../../core/user.ts";
import type { AccServer, SendMsgAllReq, SendMsgReq } from "../../gen/protobuf/acc_server_pb.ts";
import { CODES, faultOf } from "../../protocol/codes.ts";
import { toContent } from "../../protocol/protobuf-codec.ts";
import { illegal } from "../../protocol/shapes.ts";

export interface AccServerParts {
  readonly api: ServerApi;
  readonly signaller: Signaller;
  /** Set where nodes of the reference system call too: what they say of who comes to a room and who goes. */
  readonly hear?: HearPresence | undefined;
  readonly platforms: readonly AppPlatform[];
  readonly log: Logger;
}

/**
 * Tells a room that somebody came or went, once however many nodes are told of it.
 *
 * @param seq the same for all of them.
 * @throws {PrimError} `unavailable`.
 */
export type HearPresence = (push: PresencePush, seq: string) => Promise<void>;

const OK = { retCode: CODES.success };

export function createAccServer({
  api,
  signaller,
  hear,
  platforms,
  log,
}: AccServerParts): ServiceImpl<typeof AccServer> {
  async function answered<T extends object>(call: () => Promise<T>) {
    try {
      return { ...OK, ...(await call()) };
    } catch (error) {
      if (!(error instanceof PrimError)) log.error("rpc call failed", { method: "AccServer", error });
      const { code, text } = faultOf(error);
      return { retCode: code, errMsg: text };
    }
  }

  /** @throws {PrimError} `permission_denied` for a platform that is not configured. */
  function platformOf(appID: number): AppPlatform {
    const appPlatform = appID as AppPlatform;
    if (platforms.includes(appPlatform)) return appPlatform;
    throw new PrimError(
      "permission_denied",
      `Cannot use appID ${appID}: allowed are ${platforms.join(", ")}`,
    );
  }

  return {
    queryUsersOnline: ({ appID, userID }) =>
      answered(async () => {
        const appPlatform = appID === 0 ? undefined : platformOf(appID);
        const { value: online } = await api.directory.isOnline(parseUserId(userID), appPlatform);
        return { online };
      }),

    // The recipient's own name is shown as the sender, as in the reference system: the request has no other.
    sendMsg: (request) =>
      answered(async () => {
        const appPlatform = platformOf(request.appID);
        const userId = parseUserId(request.userID);
        const kind = kindOf(request.cms);
        if (kind === "msg") {
          const { receipt } = await api.sendToUser(userId, { ...mailOf(request), from: userId, appPlatform });
          return { sendMsgID: receipt.id };
        }
        signaller.signal(inboxOf(userId), {
          kind,
          channel: platformRoom(appPlatform),
          from: userId,
          appPlatform,
        });
        return { sendMsgID: request.seq };
      }),

    sendMsgAll: (request) =>
      answered(async () => {
        const appPlatform = platformOf(request.appID);
        const from = request.userID === "" ? SYSTEM_USER : parseUserId(request.userID);
        const kind = kindOf(request.cms);
        const channel = platformRoom(appPlatform);
        if (kind === "msg") {
          const { receipt } = await api.sendToChannel(channel, { ...mailOf(request), from, appPlatform });
          return { sendMsgID: receipt.id };
        }
        const push = { kind, channel, from, appPlatform };
        if (hear === undefined) signaller.signal(channel, push);
        else await hear(push, request.seq);
        return { sendMsgID: request.seq };
      }),

    getUserList: ({ appID }) => answered(async () => ({ userID: usersOf(platformOf(appID)) as string[] })),
  };

  function usersOf(appPlatform: AppPlatform): UserId[] {
    return api.directory.firstUsersHere(appPlatform, REFERENCE_USER_LIST_MAX);
  }
}

function mailOf({ seq, type, msg }: SendMsgReq | SendMsgAllReq): Mail {
  if (Buffer.byteLength(seq) > SEQ_BYTES_MAX) throw illegal(`"seq" must be at most ${SEQ_BYTES_MAX} bytes`);
  // The reference system's nodes call a text so when they hand it on.
  return { content: toContent({ type: type === "msg" ? "text" : type, msg }), msgId: seq };
}

/** Comings and goings are pushed and not stored, whatever the text. */
function kindOf(cms: string): "msg" | "enter" | "exit" {
  if (cms === "" || cms === "msg") return "msg";
  if (cms === "enter" || cms === "exit") return cms;
  throw illegal('"cms" must be "msg", "enter" or "exit"');
}
