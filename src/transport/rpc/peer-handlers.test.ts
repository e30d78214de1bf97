import { expect, test } from "bun:test";
import { systemClock } from "../../base/clock.ts";
import type { NodeId } from "../../base/ids.ts";
import { silentLogger } from "../../base/logger.ts";
import type { InboundLinks } from "../../cluster/inbound-links.ts";
import { createNodeService, createPeerGate, type OwnAnswers } from "../../cluster/node-service.ts";
import { NodeService } from "../../gen/prim/v1/node_pb.ts";
import { HealthBoard } from "./health-board.ts";
import { createPeerHandlers, createRpcHandlers, rpcService } from "./rpc-handlers.ts";

test("createPeerHandlers() serves the peers' service beside the others, which know nothing of it", () => {
  const shared = { log: silentLogger, clock: systemClock, draining: new AbortController().signal };
  const service = createNodeService("node" as NodeId, {} as InboundLinks, {} as OwnAnswers);
  const handlers = createPeerHandlers(
    rpcService(NodeService, service),
    createPeerGate(() => "secret"),
    shared,
  );
  expect(handlers.map(({ requestPath }) => requestPath)).toEqual(
    NodeService.methods.map(({ name }) => `/prim.v1.NodeService/${name}`),
  );
  const open = createRpcHandlers([], { ...shared, health: new HealthBoard([]) });
  expect(open.some(({ requestPath }) => requestPath.includes("NodeService"))).toBe(false);
});
