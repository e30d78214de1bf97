/**
 * RpcInterface: all services of a node with what is shared between them, behind both doors. It knows the order
 * in which they come to an end; which ports they stand on is decided outside.
 */
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { Clock } from "../../base/clock.ts";
import type { AppPlatform, NodeId } from "../../base/ids.ts";
import { RPC_LOGIN_MS_MAX, RPC_LOGINS_MAX, STREAM_HEARTBEAT_MS } from "../../base/limits.ts";
import type { AdjustableLogger } from "../../base/logger.ts";
import type { Chat } from "../../core/chat.ts";
import type { Hub } from "../../core/hub.ts";
import type { NodeStateReporter } from "../../core/node-state.ts";
import type { ServerApi } from "../../core/server-api.ts";
import type { Signaller } from "../../core/signaller.ts";
import { ChatService } from "../../gen/prim/v1/chat_service_pb.ts";
import { OpsService } from "../../gen/prim/v1/ops_pb.ts";
import { PushService } from "../../gen/prim/v1/push_pb.ts";
import { AccServer } from "../../gen/protobuf/acc_server_pb.ts";
import { createAccServer, type HearPresence } from "./acc-server.ts";
import { createChatGate } from "./chat-gate.ts";
import { createChatService } from "./chat-service.ts";
import { drainingError } from "./errors.ts";
import { HealthBoard } from "./health-board.ts";
import { LoginBook } from "./login-book.ts";
import { createOpsService, type OpsServiceParts } from "./ops-service.ts";
import { createPushService } from "./push-service.ts";
import {
  createPeerHandlers,
  createRpcHandlers,
  type Gate,
  type RpcService,
  rpcService,
} from "./rpc-handlers.ts";
import type { StreamFanout } from "./stream-fanout.ts";
import { Subscriptions } from "./subscriptions.ts";
import { type ForwardCall, routeByToken } from "./token-routing.ts";

export interface RpcInterfaceParts {
  readonly chat: Chat;
  readonly api: ServerApi;
  /** For AccServer, whose calls may come from old nodes of the reference system: nothing of it is handed back to them. */
  readonly accApi: ServerApi;
  /** Undefined where there are no such nodes. */
  readonly hear?: HearPresence | undefined;
  readonly nodeId: NodeId;
  readonly hub: Hub;
  readonly reporter: NodeStateReporter;
  /** To everybody, whichever way they are connected. */
  readonly signaller: Signaller;
  /** To Subscribe streams. */
  readonly streams: StreamFanout;
  readonly logger: AdjustableLogger;
  readonly clock: Clock;
  /** What is served to other nodes, on the RPC port only; undefined if there are none. */
  readonly peers?:
    | { readonly service: RpcService; readonly gate: Gate; readonly forward: ForwardCall }
    | undefined;
  readonly ops: Pick<
    OpsServiceParts,
    "counts" | "storage" | "nodes" | "peersLinked" | "rpcAddress" | "requestStop"
  >;
}

export interface RpcInterfaceOptions {
  readonly platforms: readonly AppPlatform[];
  readonly backlogBytesMax: number;
  readonly connectionsMax: number;
  /** Calls of one login. */
  readonly callsPerSecond: number;
  /** Silence after which a session is ended. */
  readonly heartbeatSeconds: number;
}

export class RpcInterface {
  /** For both doors. */
  readonly handlers: readonly UniversalHandler[];
  /** For the port to which other nodes come: all of them, and what is for nodes only. None if there is only one node. */
  readonly peerHandlers: readonly UniversalHandler[];
  readonly #health: HealthBoard;
  readonly #draining = new AbortController();
  readonly #subscriptions: Subscriptions;
  #calls = 0;

  constructor(parts: RpcInterfaceParts, options: RpcInterfaceOptions) {
    const { chat, api, hub, reporter, signaller, logger, clock, nodeId } = parts;
    const logins = new LoginBook({ clock, nodeId, loginsMax: RPC_LOGINS_MAX, lifeMs: RPC_LOGIN_MS_MAX });
    this.#subscriptions = new Subscriptions(
      { chat, hub, clock, log: logger, logins, fanout: parts.streams },
      // Taking a heartbeat is a stream's sign of life, so it has to come in time for the sweep.
      { ...options, heartbeatMs: Math.min(STREAM_HEARTBEAT_MS, (options.heartbeatSeconds * 1_000) / 2) },
    );
    const { platforms, callsPerSecond } = options;
    const acc = {
      api: parts.accApi,
      signaller,
      hear: parts.hear,
      platforms,
      log: logger,
    };
    const services = [
      rpcService(ChatService, createChatService({ chat, api, logins, subscriptions: this.#subscriptions })),
      rpcService(PushService, createPushService({ api })),
      rpcService(OpsService, createOpsService({ reporter, logger, clock, ...parts.ops })),
      rpcService(AccServer, createAccServer(acc)),
    ];
    this.#health = new HealthBoard(services.map(({ desc }) => desc.typeName));
    const shared = {
      log: logger,
      clock,
      draining: this.#draining.signal,
      onCall: () => {
        this.#calls += 1;
      },
    };
    const gate = createChatGate({ logins, clock, callsPerSecond });
    const own = createRpcHandlers(services, { ...shared, health: this.#health, gate });
    const { peers } = parts;
    if (peers === undefined) {
      this.handlers = own;
      this.peerHandlers = [];
    } else {
      this.handlers = routeByToken(own, nodeId, peers.forward);
      this.peerHandlers = [...this.handlers, ...createPeerHandlers(peers.service, peers.gate, shared)];
    }
  }

  /** Calls taken since the start. */
  get calls(): number {
    return this.#calls;
  }

  /** Streams ended for being read too slowly, since the start. */
  get slowClosed(): number {
    return this.#subscriptions.slowClosed;
  }

  /** Says to who asks for health whether the node takes calls. */
  setServing(serving: boolean): void {
    this.#health.setAll(serving);
  }

  /** Ends all streams with DRAINING; unary calls go on. Repeating it is safe. */
  endStreams(): void {
    this.setServing(false);
    this.#draining.abort(drainingError());
  }
}
