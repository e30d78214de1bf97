/**
 * NodeService: what this node answers to its peers, and who may ask. Another call is one more answer, a few lines
 * in node.proto, and a call of askAll() (peer-calls.ts).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { PrimError } from "../base/errors.ts";
import type { AppPlatform, NodeId, UserId } from "../base/ids.ts";
import type { Roster } from "../core/roster.ts";
import type { LinkResponseSchema, NodeService } from "../gen/prim/v1/node_pb.ts";
import type { InboundLinks, LinkAnswer } from "./inbound-links.ts";

export function createNodeService(
  nodeId: NodeId,
  links: InboundLinks,
  roster: Pick<Roster, "isOnline">,
): ServiceImpl<typeof NodeService> {
  return {
    async *link(requests, { signal }) {
      for await (const answer of links.serve(requests, signal)) yield toResponse(nodeId, answer);
    },
    isOnline: ({ user }) => {
      const platform = user?.appPlatform || undefined;
      return { online: roster.isOnline(user?.userId as UserId, platform as AppPlatform | undefined) };
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

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
