/**
 * Token routing: a login over RPC lives on one node, and its calls may come to any. A token names its node, and what shows
 * the token of another node is handed on to that one as it is, whichever protocol it speaks.
 */
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import type { LoginToken, NodeId } from "../../base/ids.ts";
import { newSecret } from "../../base/ids.ts";
import { ChatService } from "../../gen/prim/v1/chat_service_pb.ts";

/**
 * Hands a call on to another node.
 *
 * @returns undefined if that node does not live, or can't be reached.
 */
export type ForwardCall = (
  nodeId: NodeId,
  request: UniversalServerRequest,
) => Promise<UniversalServerResponse | undefined>;

const SEPARATOR = ".";
/** Of one connection, and not of a call (RFC 9110, section 7.6.1); the length and the host are told anew. */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "upgrade", "host", "content-length"];

/** A token that names its node, and that nobody guesses. */
export function newLoginToken(nodeId: NodeId): LoginToken {
  return `${nodeId}${SEPARATOR}${newSecret()}` as LoginToken;
}

/** @returns the token that a call shows; undefined if it shows none. */
export function tokenOf(header: Headers): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header.get("authorization") ?? "")?.[1];
}

/**
 * Wraps the handlers of ChatService, except Login; others are returned as they are.
 *
 * A call whose node can't be reached is handled here, where nobody knows its token: the client is told to log in, and
 * does so at a node that lives.
 */
export function routeByToken(
  handlers: readonly UniversalHandler[],
  self: NodeId,
  forward: ForwardCall,
): UniversalHandler[] {
  return handlers.map((handler) => {
    if (handler.service.typeName !== ChatService.typeName || handler.method.name === "Login") return handler;
    const route = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
      const [nodeId, secret] = tokenOf(request.header)?.split(SEPARATOR) ?? [];
      if (nodeId === undefined || secret === undefined || nodeId === self) return handler(request);
      const header = new Headers(request.header);
      for (const name of HOP_BY_HOP) header.delete(name);
      return (await forward(nodeId as NodeId, { ...request, header })) ?? handler(request);
    };
    return Object.assign(route, {
      protocolNames: handler.protocolNames,
      allowedMethods: handler.allowedMethods,
      supportedContentType: handler.supportedContentType,
      requestPath: handler.requestPath,
      service: handler.service,
      method: handler.method,
    });
  });
}
