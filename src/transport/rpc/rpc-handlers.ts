/**
 * The one set of RPC handlers behind both doors (rpc-server.ts, fetch-door.ts): services with their interceptors
 * and bounds, and beside them health and reflection.
 */
import type { DescMethod, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  type HandlerContext,
  type Interceptor,
  type MethodImpl,
  type ServiceImpl,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { compressionGzip } from "@connectrpc/connect-node";
import type { Clock } from "../../base/clock.ts";
import { LINK_FRAME_BYTES_MAX, RPC_DEADLINE_MS_MAX, RPC_MESSAGE_BYTES_MAX } from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { callLogInterceptor } from "./call-log.ts";
import { errorInterceptor } from "./error-interceptor.ts";
import { toConnectError } from "./errors.ts";
import { createHealth } from "./health.ts";
import type { HealthBoard } from "./health-board.ts";
import { createReflection } from "./reflection.ts";
import { validationInterceptor } from "./validation.ts";

/** A service and what it does; made by rpcService(). */
export interface RpcService {
  readonly desc: DescService;
  /** Whether callers may be anybody, whatever the gate says. */
  readonly open: boolean;
  readonly implement: (method: DescMethod) => MethodImpl<DescMethod>;
}

/** What all handlers of a node share. */
export interface SharedHandlerOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /**
   * Ends every stream with `unavailable`, reason DRAINING, when aborted with drainingError(); unary calls go on.
   * It reaches implementations as the signal of their context: one that does not end on it does not end on a
   * cancelled call either.
   */
  readonly draining: AbortSignal;
  /** Called at the begin of each call, for those who count them. */
  readonly onCall?: (() => void) | undefined;
}

/**
 * Decides who may call, before a request is read. It may leave what it found out about the caller in
 * `context.values`.
 *
 * @throws {PrimError} `unauthenticated` or `permission_denied`.
 */
export type Gate = (context: HandlerContext) => void | Promise<void>;

export interface RpcHandlerOptions extends SharedHandlerOptions {
  readonly health: HealthBoard;
  /** Health and reflection are open to all. */
  readonly gate?: Gate | undefined;
}

/**
 * Binds an implementation to its service. Implementations throw PrimError, take their context's signal seriously,
 * and get requests that keep the rules of the proto files.
 */
export function rpcService<T extends DescService>(desc: T, impl: ServiceImpl<T>, open = false): RpcService {
  const calls = impl as Readonly<Record<string, MethodImpl<DescMethod>>>;
  return {
    desc,
    open,
    implement(method) {
      const call = calls[method.localName];
      if (call === undefined) throw new Error(`${desc.typeName} lacks an implementation of ${method.name}`);
      return call;
    },
  };
}

/** @throws {Error} if a service lacks a method, or a rule in a proto file can't be compiled. */
export function createRpcHandlers(
  services: readonly RpcService[],
  options: RpcHandlerOptions,
): readonly UniversalHandler[] {
  const all = [...services, rpcService(Health, createHealth(options.health), true)];
  const descs = [...all.map(({ desc }) => desc), ServerReflection, ServerReflectionAlpha];
  const reflection = createReflection(descs);
  all.push(rpcService(ServerReflection, reflection.v1, true));
  all.push(rpcService(ServerReflectionAlpha, reflection.v1alpha, true));

  const router = createConnectRouter({
    // gzip is what grpcurl, browsers and proxies speak; it is used only if a caller asks for it.
    acceptCompression: [compressionGzip],
    readMaxBytes: RPC_MESSAGE_BYTES_MAX,
    writeMaxBytes: RPC_MESSAGE_BYTES_MAX,
    maxTimeoutMs: RPC_DEADLINE_MS_MAX,
    interceptors: interceptors(descs, options),
  });
  for (const service of all) register(router, service, options.gate, options.draining);
  return router.handlers;
}

/**
 * Handlers of what the nodes of a cluster say to each other, for the RPC port only: they are named by nobody,
 * speak gRPC only, don't compress, and take the long frames of links.
 *
 * @throws {Error} as createRpcHandlers().
 */
export function createPeerHandlers(
  service: RpcService,
  gate: Gate,
  options: SharedHandlerOptions,
): readonly UniversalHandler[] {
  const router = createConnectRouter({
    acceptCompression: [],
    readMaxBytes: LINK_FRAME_BYTES_MAX,
    writeMaxBytes: LINK_FRAME_BYTES_MAX,
    maxTimeoutMs: RPC_DEADLINE_MS_MAX,
    interceptors: interceptors([service.desc], options),
  });
  register(router, service, gate, options.draining, { grpcWeb: false, connect: false });
  return router.handlers;
}

function interceptors(
  services: readonly DescService[],
  { log, clock, onCall = () => {} }: SharedHandlerOptions,
): Interceptor[] {
  return [callLogInterceptor(log, clock, onCall), errorInterceptor, validationInterceptor(services)];
}

function register(
  router: ConnectRouter,
  service: RpcService,
  gate: Gate | undefined,
  draining: AbortSignal,
  // A router forgets which protocols it was told to leave out when a method has options of its own (connect 2.2.0).
  protocols: Pick<ConnectRouterOptions, "grpcWeb" | "connect"> = {},
): void {
  const gateOption = gate === undefined || service.open ? {} : { requestGate: mapGateErrors(gate) };
  for (const method of service.desc.methods) {
    const drainOption = method.methodKind === "unary" ? {} : { shutdownSignal: draining };
    // The router tells the kinds of methods apart by `method`, which the types can't follow here.
    const unary = method as DescMethodUnary;
    router.rpc(unary, service.implement(method) as MethodImpl<DescMethodUnary>, {
      ...gateOption,
      ...drainOption,
      ...protocols,
    });
  }
}

function mapGateErrors(gate: Gate) {
  return async (context: HandlerContext): Promise<void> => {
    try {
      await gate(context);
    } catch (error) {
      throw toConnectError(error, context.signal);
    }
  };
}
