/**
 * NodeService: what this node answers to its peers, and who may ask. Another call is one more answer, a few lines
 * in node.proto, and a call of askAll() (peer-calls.ts).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, ChannelId, NodeId, SessionId, UserId } from "../base/ids.ts";
import type { KickCommand } from "../core/kick.ts";
import type { ListedUser, Roster } from "../core/roster.ts";
import type { LinkResponseSchema, NodeService } from "../gen/prim/v1/node_pb.ts";
import type { UserSchema } from "../gen/prim/v1/user_pb.ts";
import type { InboundLinks, LinkAnswer } from "./inbound-links.ts";

/** What this node answers of its own users. */
export interface OwnAnswers {
  readonly roster: Pick<Roster, "isOnline" | "list" | "listByPlatform">;
  /** Ends sessions on this node, and says how many. */
  readonly kick: (command: KickCommand) => number;
}

export function createNodeService(
  nodeId: NodeId,
  links: InboundLinks,
  { roster, kick }: OwnAnswers,
): ServiceImpl<typeof NodeService> {
  return {
    async *link(requests, { signal }) {
      for await (const answer of links.serve(requests, signal)) yield toResponse(nodeId, answer);
    },
    isOnline: ({ user }) => {
      const platform = user?.appPlatform || undefined;
      return { online: roster.isOnline(user?.userId as UserId, platform as AppPlatform | undefined) };
    },
    listUsers: (request) => {
      const { limit } = request;
      const appPlatform = (request.appPlatform || undefined) as AppPlatform | undefined;
      const room = (request.room || undefined) as ChannelId | undefined;
      const userId = (request.afterUserId || undefined) as UserId | undefined;
      if (request.byPlatform) {
        const after = userId && { userId, appPlatform: request.afterAppPlatform as AppPlatform };
        const { users, total, more } = roster.listByPlatform({ appPlatform, room, after, limit });
        return { users: users.map(userInit), total: BigInt(total), more };
      }
      const { users, total, next } = roster.list({ appPlatform, room, after: userId, limit });
      return { users: users.map((id) => ({ userId: id })), total: BigInt(total), more: next !== undefined };
    },
    kick: ({ user, sessionId, text }) => {
      const appPlatform = (user?.appPlatform || undefined) as AppPlatform | undefined;
      const only = (sessionId || undefined) as SessionId | undefined;
      return { sessions: kick({ userId: user?.userId as UserId, appPlatform, sessionId: only, text }) };
    },
  };
}

/**
 * The gate of NodeService: lets pass who shows the cluster's secret.
 *
 * @param secret undefined while it is not known yet.
 * @returns a gate that throws `unauthenticated`, or `unavailable` while nobody's secret can be compared.
 */
export function createPeerGate(secret: () => string | undefined) {
  return ({ requestHeader }: Pick<HandlerContext, "requestHeader">): void => {
    const expected = secret();
    if (expected === undefined)
      throw new PrimError("unavailable", "Cannot answer peers: the node is starting");
    const [, shown] = /^Bearer +(\S+)$/i.exec(requestHeader.get("authorization") ?? "") ?? [];
    // Of hashes, since the comparison wants equal lengths: how long it takes says nothing about the secret.
    if (shown === undefined || !timingSafeEqual(digest(shown), digest(expected))) {
      throw new PrimError("unauthenticated", "Cannot answer: the secret of the cluster is missing or wrong");
    }
  };
}

function toResponse(nodeId: NodeId, answer: LinkAnswer): MessageInitShape<typeof LinkResponseSchema> {
  return "version" in answer
    ? { frame: { case: "welcome", value: { nodeId, version: answer.version } } }
    : { frame: { case: "ack", value: { frames: answer.frames } } };
}

function userInit({
  userId,
  appPlatform,
  nickname,
  avatar,
}: ListedUser): MessageInitShape<typeof UserSchema> {
  return { userId, appPlatform, nickname: nickname ?? "", avatar: avatar ?? "" };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
