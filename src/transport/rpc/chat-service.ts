/**
 * ChatService: the chat for clients without a WebSocket, in terms of the core. The contract is
 * proto/prim/v1/chat_service.proto; who calls was found by the gate (chat-gate.ts).
 */
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { assert, PrimError } from "../../base/errors.ts";
import type { Epoch } from "../../base/ids.ts";
import { kindOf, parseChannelId } from "../../core/channel.ts";
import type { Chat, Target } from "../../core/chat.ts";
import type { ChannelPosition } from "../../core/message.ts";
import type { ServerApi } from "../../core/server-api.ts";
import { parseUserId } from "../../core/user.ts";
import type { ChatService, SetTypingRequest } from "../../gen/prim/v1/chat_service_pb.ts";
import type { ChannelPosition as PositionOnWire } from "../../gen/prim/v1/message_pb.ts";
import { joinedInit, toCommand } from "../../protocol/protobuf-codec.ts";
import { illegal } from "../../protocol/shapes.ts";
import { LOGIN, REMOTE_ADDRESS } from "./call-values.ts";
import { historyInit } from "./history-page.ts";
import type { Login, LoginBook } from "./login-book.ts";
import type { StreamConnection } from "./stream-connection.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { userPage } from "./user-page.ts";

export interface ChatServiceParts {
  readonly chat: Chat;
  readonly api: ServerApi;
  readonly logins: LoginBook;
  readonly subscriptions: Subscriptions;
}

export function createChatService(parts: ChatServiceParts): ServiceImpl<typeof ChatService> {
  const { chat, api, logins, subscriptions } = parts;
  return {
    async login(request) {
      const identity = await chat.identify(toCommand("login", { ...request, positions: [] }));
      const { token, expiresAt } = logins.open(identity);
      return { token, tokenExpiresAtMs: BigInt(expiresAt) };
    },

    async send(request, context) {
      const { to, content } = toCommand("send", request);
      const seq = request.clientMessageId;
      const receipt = await chat.send(loginOf(context).caller, { to, content, seq });
      const { id, channel, epoch, offset, sentAt } = receipt;
      return { id, channel, epoch, offset: BigInt(offset), sentAtMs: BigInt(sentAt) };
    },

    async join(request, context) {
      const { channel, from } = toCommand("join", request);
      const login = loginOf(context);
      return login.inTurn(async () => {
        const stream = streamOf(login);
        const joined = await chat.join(stream.session, channel, from);
        subscriptions.replay(stream, joined);
        return { channel: joined.channels.map(joinedInit)[0] };
      });
    },

    async leave({ channel }, context) {
      const room = parseChannelId(channel);
      const login = loginOf(context);
      return login.inTurn(async () => {
        const { session } = streamOf(login);
        try {
          chat.leave(session, room);
        } catch (error) {
          // Leaving twice is safe.
          if (!isStranger(error)) throw error;
        }
        return {};
      });
    },

    async history(request, context) {
      const { channel, range } = toCommand("history", request);
      return historyInit(channel, range, await chat.history(loginOf(context).caller, channel, range));
    },

    async listUsers(request, context) {
      const room = parseChannelId(request.channel);
      chat.checkMember(loginOf(context).caller, room);
      if (kindOf(room) !== "room") throw illegal(`"${room}" is no room`);
      return userPage(api, request, { room });
    },

    async markRead({ channel, offset }, context) {
      await chat.read(loginOf(context).caller, parseChannelId(channel), Number(offset));
      return {};
    },

    setTyping({ to }, context) {
      chat.typing(loginOf(context).caller, targetOf(to));
      return {};
    },

    subscribe({ positions }, context) {
      return subscriptions.open({
        login: loginOf(context),
        positions: positions.map(positionOf),
        remoteAddress: context.values.get(REMOTE_ADDRESS),
        signal: context.signal,
      });
    },
  };
}

function loginOf({ values }: HandlerContext): Login {
  const login = values.get(LOGIN);
  assert(login !== undefined, "the gate lets no call pass without a login");
  return login;
}

function streamOf({ stream }: Login): StreamConnection {
  if (stream !== undefined) return stream;
  throw new PrimError("failed_precondition", "Cannot change rooms: the login's stream is not open", {
    reason: "NOT_SUBSCRIBED",
  });
}

function isStranger(error: unknown): boolean {
  return error instanceof PrimError && error.reason === "NOT_A_MEMBER";
}

function positionOf({ channel, epoch, offset }: PositionOnWire): ChannelPosition {
  return { channel: parseChannelId(channel), epoch: epoch as Epoch, offset: Number(offset) };
}

function targetOf(to: SetTypingRequest["to"]): Target {
  if (to.case === "channel") return { channel: parseChannelId(to.value) };
  return { userId: parseUserId(to.value ?? "") };
}
